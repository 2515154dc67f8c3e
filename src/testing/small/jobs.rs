//! Small jobs that ask for a little of everything.

use crate::model::{
    Affinity, Constraint, EphemeralDisk, Job, JobSpec, Lifecycle, MigrateStrategy, NetworkResource,
    Port, RequestedDevice, Resources, Spread, SpreadTarget, Task, TaskGroup, VolumeRequest,
};
use crate::placement::options::{PlaceOptions, Preemption, ScoreDetail, Search};
use crate::rank::binpack::Algorithm;

use crate::testing::bytes::Bytes;

/// The most jobs of a world.
pub const JOBS: usize = 4;

/// A job under the `at`th identity; `None` if what came out is not valid.
pub fn job(bytes: &mut Bytes<'_>, at: usize) -> Option<Job> {
    let mut spec = JobSpec {
        id: format!("j{at}"),
        namespace: bytes.pick(&["", "", "", "other"]).into(),
        job_type: bytes.pick(&["", "", "batch", "system", "sysbatch"]).into(),
        priority: Some(bytes.pick(&[50, 30, 40, 41, 60, 90])),
        all_at_once: bytes.one_in(6),
        node_pool: bytes.pick(&["", "", "", "", "all", "gpu"]).into(),
        datacenters: vec![bytes.pick(&["*", "*", "*", "dc*", "dc1", "*1"]).into()],
        ..JobSpec::default()
    };
    rules(bytes, &mut spec.constraints, &mut spec.affinities, &mut spec.spreads);
    for group in 0..1 + bytes.below(2) {
        spec.task_groups.push(self::group(bytes, group));
    }
    Job::new(spec).ok()
}

fn rules(
    bytes: &mut Bytes<'_>,
    constraints: &mut Vec<Constraint>,
    affinities: &mut Vec<Affinity>,
    spreads: &mut Vec<Spread>,
) {
    const TARGETS: [&str; 6] = [
        "${attr.a}",
        "${attr.b}",
        "${meta.rack}",
        "kernel.name",
        "${node.unique.id}",
        "${node.class}",
    ];
    const OPERANDS: [(&str, &str); 10] = [
        ("!=", "2"),
        ("=", "1"),
        ("<", "9"),
        (">=", "${attr.b}"),
        ("is_set", ""),
        ("version", ">= 1.0"),
        ("semver", "< 2"),
        ("set_contains_any", "x,1,r1"),
        ("regexp", "^[1lr]"),
        ("is_not_set", ""),
    ];
    match bytes.below(8) {
        5 => constraints.push(constraint("", "distinct_hosts", bytes.pick(&["", "false"]))),
        6 => {
            let target = bytes.pick(&["${meta.rack}", "${node.datacenter}", "${attr.a}"]);
            constraints.push(constraint(target, "distinct_property", bytes.pick(&["", "2"])));
        }
        7 => {
            let (operand, right) = bytes.pick(&OPERANDS);
            let mut rule = constraint(bytes.pick(&TARGETS), operand, right);
            if bytes.one_in(4) {
                (rule.hard, rule.weight) = (Some(false), Some(bytes.pick(&[0, 30, -60])));
            }
            constraints.push(rule);
        }
        _ => {}
    }
    if bytes.one_in(4) {
        let (operand, right) = bytes.pick(&OPERANDS);
        affinities.push(Affinity {
            l_target: bytes.pick(&TARGETS).into(),
            operand: operand.into(),
            r_target: right.into(),
            weight: Some(bytes.pick(&[50, 100, -20])),
            ..Affinity::default()
        });
    }
    if bytes.one_in(4) {
        spreads.push(spread(bytes));
    }
}

fn constraint(left: &str, operand: &str, right: &str) -> Constraint {
    Constraint {
        l_target: left.into(),
        operand: operand.into(),
        r_target: right.into(),
        ..Constraint::default()
    }
}

fn spread(bytes: &mut Bytes<'_>) -> Spread {
    const TARGETS: [&[(&str, i64)]; 5] = [
        &[],
        &[("dc1", 60), ("dc2", 20)],
        &[("r1", 70), ("r2", 30)],
        &[("1", 0), ("*", 10)],
        &[("r1", 99), ("r3", 1)],
    ];
    let target = |&(value, percent): &(&str, i64)| SpreadTarget {
        value: value.into(),
        percent,
        ..SpreadTarget::default()
    };
    Spread {
        attribute: bytes.pick(&["${node.datacenter}", "${meta.rack}", "${attr.a}"]).into(),
        weight: Some(bytes.pick(&[50, 100, 1])),
        spread_target: bytes.pick(&TARGETS).iter().map(target).collect(),
        ..Spread::default()
    }
}

fn group(bytes: &mut Bytes<'_>, at: usize) -> TaskGroup {
    let mut group = TaskGroup {
        name: format!("g{at}"),
        count: Some(bytes.pick(&[1, 2, 3, 5, 0])),
        ephemeral_disk: Some(EphemeralDisk {
            size_mb: Some(bytes.pick(&[10, 300, 600])),
            ..EphemeralDisk::default()
        }),
        migrate: bytes
            .one_in(4)
            .then(|| MigrateStrategy { max_parallel: Some(1), ..MigrateStrategy::default() }),
        ..TaskGroup::default()
    };
    rules(bytes, &mut group.constraints, &mut group.affinities, &mut group.spreads);
    if bytes.one_in(4) {
        group.networks.push(network(bytes, true));
    }
    if bytes.one_in(6) {
        let request = VolumeRequest {
            volume_type: "host".into(),
            source: "data".into(),
            read_only: bytes.one_in(3),
            per_alloc: bytes.one_in(3),
            access_mode: bytes.pick(&["", "single-node-single-writer"]).into(),
            ..VolumeRequest::default()
        };
        group.volumes.insert("data".into(), request);
    }
    for task in 0..1 + bytes.below(2) {
        group.tasks.push(self::task(bytes, task));
    }
    group
}

fn task(bytes: &mut Bytes<'_>, at: usize) -> Task {
    let mut resources = Resources {
        cpu: Some(bytes.pick(&[200, 100, 500, 0, 1000])),
        memory_mb: Some(bytes.pick(&[200, 100, 500, 0, 1000])),
        ..Resources::default()
    };
    match bytes.below(10) {
        5 => resources.cores = Some(1),
        6 => resources.cores = Some(2),
        7 => resources.networks.push(network(bytes, false)),
        8 => resources.devices.extend([device(bytes), device(bytes)]),
        9 => resources.devices.push(device(bytes)),
        _ => {}
    }
    if bytes.one_in(6) {
        resources.memory_max_mb = Some(bytes.pick(&[-1, 2000]));
    }
    let lifecycle = |hook: &str, sidecar: bool| {
        Some(Lifecycle { hook: hook.into(), sidecar, ..Lifecycle::default() })
    };
    Task {
        name: format!("t{at}"),
        driver: "docker".into(),
        resources: Some(resources),
        lifecycle: match bytes.below(10) {
            6 => lifecycle("prestart", false),
            7 => lifecycle("prestart", true),
            8 => lifecycle("poststop", false),
            9 => lifecycle("poststart", false),
            _ => None,
        },
        ..Task::default()
    }
}

fn network(bytes: &mut Bytes<'_>, of_group: bool) -> NetworkResource {
    let mut network = NetworkResource {
        mode: if of_group { bytes.pick(&["", "", "bridge", "none"]) } else { "" }.into(),
        mbits: Some(bytes.pick(&[0, 10, 60, 200])),
        ..NetworkResource::default()
    };
    for label in ["http", "rpc", "debug"] {
        let mut port = Port { label: label.into(), ..Port::default() };
        if of_group {
            port.host_network = bytes.pick(&["", "", "private", "${attr.a}"]).into();
            port.ignore_collision = bytes.one_in(6);
        }
        match bytes.below(4) {
            0 => {}
            1 => {
                port.value = bytes.pick(&[80, 81, 20_000, 20_001]);
                network.reserved_ports.0.push(port);
            }
            _ => network.dynamic_ports.0.push(port),
        }
    }
    network
}

fn device(bytes: &mut Bytes<'_>) -> RequestedDevice {
    let mut request = RequestedDevice {
        name: bytes.pick(&["gpu", "nvidia/gpu", "nvidia/gpu/1080ti", "fpga"]).into(),
        count: Some(bytes.pick(&[1, 1, 2, 3])),
        ..RequestedDevice::default()
    };
    match bytes.below(6) {
        4 => request.constraints.push(constraint("${device.attr.memory}", ">=", "10 GiB")),
        5 => request.constraints.push(constraint(
            "${device.ids}",
            "set_contains_any",
            bytes.pick(&["1080ti-0,2080ti-1", "1080ti-1"]),
        )),
        _ => {}
    }
    if bytes.one_in(4) {
        request.affinities.push(Affinity {
            l_target: "${device.model}".into(),
            operand: "=".into(),
            r_target: "2080ti".into(),
            weight: Some(bytes.pick(&[50, -50])),
            ..Affinity::default()
        });
    }
    request
}

/// How to place, and whether all nodes are looked at.
pub fn options(bytes: &mut Bytes<'_>) -> (PlaceOptions, bool) {
    let samples = bytes.one_in(8);
    let search = if samples { Search::Sample(1 + bytes.below(4)) } else { Search::Best };
    let options = PlaceOptions::default()
        .algorithm(bytes.pick(&[Algorithm::Binpack, Algorithm::Spread]))
        .preemption(bytes.pick(&[Preemption::none(), Preemption::all(), Preemption::default()]))
        .memory_oversubscription(bytes.one_in(4))
        .search(search)
        .score_detail(bytes.pick(&[ScoreDetail::All, ScoreDetail::Top(2), ScoreDetail::None]));
    (options, !samples)
}
