//! Jobs of worlds: with everything that a job can ask for, so that most of them find their nodes.

use crate::model::{
    Affinity, Constraint, EphemeralDisk, JobSpec, Lifecycle, MigrateStrategy, NetworkResource,
    Operand, Port, RequestedDevice, Resources, Secret, Spread, SpreadTarget, Task, TaskGroup,
    VolumeRequest,
};

use super::random::Random;
use super::recipe::{Feature, Recipe};

/// One job of a recipe.
pub fn job(recipe: &Recipe, number: usize) -> JobSpec {
    let mut random = Random::new(recipe.seed, 100 + number as u64);
    let mut spec = JobSpec {
        id: format!("job-{number}"),
        namespace: random.pick(&["", "", "default", "ops"]).into(),
        job_type: job_type(&mut random, recipe).into(),
        priority: Some(random.pick(&[1, 20, 45, 50, 50, 70, 100])),
        all_at_once: recipe.has(Feature::AllAtOnce) && random.percent(30),
        ..JobSpec::default()
    };
    match random.below(10) {
        0 => spec.datacenters = vec!["dc1".into()],
        1 => spec.datacenters = vec!["dc1".into(), "dc2".into()],
        2 => spec.datacenters = vec!["dc*".into()],
        _ => {}
    }
    if recipe.has(Feature::NotReady) {
        spec.node_pool = random.pick(&["", "", "", "", "", "", "", "all", "all", "edge"]).into();
    }
    spec.constraints = constraints(&mut random, recipe, true);
    spec.affinities = affinities(&mut random, recipe);
    spec.spreads = spreads(&mut random, recipe);
    let groups = 1 + random.below(recipe.groups.max(1));
    spec.task_groups = (0..groups).map(|at| group(at, &mut random, recipe)).collect();
    spec
}

fn job_type(random: &mut Random, recipe: &Recipe) -> &'static str {
    match random.below(10) {
        0 | 1 if recipe.has(Feature::SystemJobs) => "system",
        2 if recipe.has(Feature::SystemJobs) => "sysbatch",
        3 | 4 => "batch",
        5 => "service",
        _ => "",
    }
}

fn constraint(left: &str, operand: &str, right: &str) -> Constraint {
    Constraint {
        l_target: left.into(),
        operand: Operand::from(operand),
        r_target: right.into(),
        ..Constraint::default()
    }
}

/// What a build without regular expressions is asked instead.
const REGEXP: &str = if cfg!(feature = "regexp") { "regexp" } else { "!=" };

/// Rules that many nodes satisfy.
const RULES: [(&str, &str, &str); 16] = [
    ("${attr.kernel.name}", "=", "linux"),
    ("kernel.name", "is", "linux"),
    ("${attr.kernel.name}", "!=", "windows"),
    ("${attr.cpu.arch}", "==", "amd64"),
    ("${attr.kernel.version}", "version", ">= 4.0"),
    ("${attr.kernel.version}", "semver", ">= 4.0.0"),
    ("${attr.kernel.version}", REGEXP, "^[56]\\."),
    ("${attr.cpu.numcores}", ">=", "4"),
    ("${attr.os.version}", "is_set", ""),
    ("${attr.nomad.version}", "is_not_set", ""),
    ("${meta.rack}", "not", "r4"),
    ("${meta.tags}", "set_contains_any", "ssd,hdd"),
    ("${meta.tier}", REGEXP, "o"),
    ("${node.class}", "!=", "gpu"),
    ("${node.datacenter}", "<", "dc3"),
    ("${attr.unique.hostname}", "!=", "host-0.example"),
];

fn constraints(random: &mut Random, recipe: &Recipe, may_be_distinct: bool) -> Vec<Constraint> {
    let mut constraints = Vec::new();
    if recipe.has(Feature::Constraints) {
        while random.percent(18) {
            let (left, operand, right) = random.pick(&RULES);
            constraints.push(constraint(left, operand, right));
        }
        if random.percent(10) {
            let (left, operand, right) = random.pick(&RULES);
            let mut soft = constraint(left, operand, right);
            (soft.hard, soft.weight) = (Some(false), Some(random.range(-100, 100)));
            constraints.push(soft);
        }
    }
    if recipe.has(Feature::Distinct) && may_be_distinct {
        if random.percent(12) {
            let on = random.pick(&["", "", "true", "false"]);
            constraints.push(constraint("", "distinct_hosts", on));
        }
        if random.percent(15) {
            let property = random.pick(&[
                "${meta.rack}",
                "${node.datacenter}",
                "${attr.cpu.arch}",
                "${node.unique.name}",
                "${meta.pair}",
            ]);
            let allowed = random.pick(&["", "1", "2", "3", "5"]);
            constraints.push(constraint(property, "distinct_property", allowed));
        }
    }
    random.shuffle(&mut constraints);
    constraints
}

fn affinities(random: &mut Random, recipe: &Recipe) -> Vec<Affinity> {
    let mut affinities = Vec::new();
    while recipe.has(Feature::Affinities) && random.percent(25) {
        let (left, operand, right) = random.pick(&RULES);
        let weight = random.pick(&[None, Some(-100), Some(-30), Some(10), Some(50), Some(100)]);
        affinities.push(Affinity {
            l_target: left.into(),
            operand: Operand::from(operand),
            r_target: right.into(),
            weight,
            ..Affinity::default()
        });
    }
    affinities
}

fn spreads(random: &mut Random, recipe: &Recipe) -> Vec<Spread> {
    let mut spreads = Vec::new();
    while recipe.has(Feature::Spreads) && random.percent(20) {
        let attribute = random.pick(&[
            "${node.datacenter}",
            "${meta.rack}",
            "${attr.cpu.arch}",
            "${meta.tier}",
            "${node.unique.name}",
            "${meta.pair}",
        ]);
        let target = |value: &str, percent| SpreadTarget {
            value: value.into(),
            percent,
            ..SpreadTarget::default()
        };
        let targets = match (attribute, random.below(3)) {
            ("${node.datacenter}", 0) => vec![target("dc1", 70), target("dc2", 30)],
            ("${node.datacenter}", 1) => vec![target("dc1", 50), target("*", 20)],
            ("${meta.rack}", 0) => vec![target("r0", 40), target("r1", 0), target("r2", 10)],
            ("${meta.pair}", 0) => vec![target("p0", 40), target("p3", 0), target("p2", 10)],
            ("${node.unique.name}", 0) => vec![target("client-1", 50)],
            _ => Vec::new(),
        };
        spreads.push(Spread {
            attribute: attribute.into(),
            weight: random.pick(&[None, Some(10), Some(100)]),
            spread_target: targets,
            ..Spread::default()
        });
    }
    spreads
}

fn group(at: usize, random: &mut Random, recipe: &Recipe) -> TaskGroup {
    let mut group = TaskGroup {
        name: format!("group-{at}"),
        count: random.pick(&[None, Some(1), Some(2), Some(3), Some(4), Some(6), Some(0)]),
        constraints: constraints(random, recipe, true),
        affinities: affinities(random, recipe),
        spreads: spreads(random, recipe),
        ..TaskGroup::default()
    };
    if random.percent(70) {
        let size_mb = Some(random.pick(&[10, 50, 300]));
        group.ephemeral_disk = Some(EphemeralDisk { size_mb, ..EphemeralDisk::default() });
    }
    if random.percent(20) {
        let max_parallel = Some(random.range(0, 3));
        group.migrate = Some(MigrateStrategy { max_parallel, ..MigrateStrategy::default() });
    }
    if recipe.has(Feature::Networks) && random.percent(45) {
        group.networks = vec![group_network(random)];
    }
    if recipe.has(Feature::Volumes) && random.percent(22) {
        volumes(&mut group, random);
    }
    group.tasks = (0..1 + random.below(3)).map(|at| task(at, random, recipe)).collect();
    group
}

fn port(label: String, value: i64) -> Port {
    Port { label, value, ..Port::default() }
}

fn group_network(random: &mut Random) -> NetworkResource {
    let mut network = NetworkResource {
        mode: random.pick(&["", "host", "host", "bridge", "none"]).into(),
        ..NetworkResource::default()
    };
    if random.percent(35) {
        let number = random.pick(&[80, 443, 8_000, 8_080, 9_000, 30_001]);
        network.reserved_ports.0.push(port("main".into(), number));
    }
    for at in 0..random.below(3) {
        let mut port = port(format!("dyn-{at}"), 0);
        port.to = random.pick(&[0, -1, 8_080]);
        port.host_network = random.pick(&["", "", "", "default", "public"]).into();
        network.dynamic_ports.0.push(port);
    }
    if random.percent(5) {
        let mut shared = port("shared".into(), 7_000);
        shared.ignore_collision = true;
        network.reserved_ports.0.push(shared);
    }
    network
}

fn task_network(random: &mut Random) -> NetworkResource {
    let mut network = NetworkResource {
        mbits: random.pick(&[None, Some(10), Some(50)]),
        ..NetworkResource::default()
    };
    if random.percent(30) {
        network.reserved_ports.0.push(port("old".into(), random.pick(&[81, 9_001, 20_001])));
    }
    if random.percent(50) {
        network.dynamic_ports.0.push(port("rpc".into(), 0));
    }
    network
}

fn volumes(group: &mut TaskGroup, random: &mut Random) {
    let mut request = VolumeRequest {
        volume_type: "host".into(),
        source: random.pick(&["data", "data", "certs", "shared", "own"]).into(),
        ..VolumeRequest::default()
    };
    request.read_only = request.source == "certs" || random.percent(30);
    request.per_alloc = request.source == "own";
    if request.source == "shared" {
        request.read_only = false;
        let modes = ["", "single-node-writer", "single-node-single-writer"];
        request.access_mode = random.pick(&modes).into();
        request.sticky = random.percent(30);
    }
    group.volumes.insert("vol".into(), request);
}

fn task(at: usize, random: &mut Random, recipe: &Recipe) -> Task {
    let mut resources = Resources {
        cpu: random.pick(&[None, Some(50), Some(100), Some(250), Some(500)]),
        memory_mb: random.pick(&[None, Some(32), Some(64), Some(128), Some(300)]),
        ..Resources::default()
    };
    let memory_mb = resources.memory_mb.unwrap_or(300);
    resources.memory_max_mb =
        random.pick(&[None, None, Some(0), Some(-1), Some(memory_mb), Some(memory_mb * 3)]);
    if recipe.has(Feature::Cores) && random.percent(12) {
        (resources.cores, resources.cpu) = (Some(random.range(1, 2)), None);
    }
    if recipe.has(Feature::Networks) && random.percent(15) {
        resources.networks = vec![task_network(random)];
    }
    if recipe.has(Feature::Devices) {
        while resources.devices.len() < 2 && random.percent(14) {
            resources.devices.push(device(random));
        }
    }
    let mut task = Task {
        name: format!("task-{at}"),
        driver: random.pick(&["docker", "docker", "docker", "docker", "exec"]).into(),
        constraints: constraints(random, recipe, false),
        affinities: affinities(random, recipe),
        resources: Some(resources),
        ..Task::default()
    };
    if at > 0 && random.percent(40) {
        task.lifecycle = Some(Lifecycle {
            hook: random.pick(&["prestart", "poststart", "poststop"]).into(),
            sidecar: random.percent(40),
            ..Lifecycle::default()
        });
    }
    if recipe.has(Feature::Constraints) && random.percent(5) {
        task.secrets = vec![Secret { provider: "vault".into(), ..Secret::default() }];
    }
    task
}

fn device(random: &mut Random) -> RequestedDevice {
    let mut request = RequestedDevice {
        name: random.pick(&["gpu", "gpu", "nvidia/gpu", "nvidia/gpu/t4", "fpga", "/gpu"]).into(),
        count: random.pick(&[None, Some(1), Some(1), Some(2)]),
        ..RequestedDevice::default()
    };
    match random.below(8) {
        0 => request.constraints.push(constraint("${device.attr.memory}", ">=", "12 GiB")),
        1 => request.constraints.push(constraint("${device.model}", "!=", "1080ti")),
        2 => {
            let id = format!("dev-{}-{}-0", random.below(8), random.below(5));
            request.constraints.push(constraint("${device.ids}", "set_contains_any", &id));
        }
        3 | 4 => request.affinities.push(Affinity {
            l_target: "${device.attr.memory}".into(),
            operand: Operand::from(">"),
            r_target: "15 GiB".into(),
            weight: random.pick(&[None, Some(-50), Some(80)]),
            ..Affinity::default()
        }),
        _ => {}
    }
    request
}
