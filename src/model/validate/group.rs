//! Groups and their tasks.

use super::constraint::{Checker, Place};
use super::{
    AMOUNT_MAX, CORES_MAX, COUNT_MAX, amount, block, keys, name, network, one_of, range, repeated,
};
use crate::model::device::RequestedDevice;
use crate::model::job_spec::{COUNT_DEFAULT, DISK_MB_MIN, Task, TaskGroup};
use crate::model::network::NetworkResource;
use crate::model::problem::{Path, Problems, excerpt};
use crate::model::resources::Resources;
use crate::model::volume::VolumeRequest;

/// When a task runs that does not run all the time.
const HOOKS: [&str; 3] = ["prestart", "poststart", "poststop"];

/// How cores and devices may have to lie.
const NUMA_AFFINITIES: [&str; 3] = ["none", "prefer", "require"];

/// The types of volumes.
const VOLUME_TYPES: [&str; 2] = ["host", "csi"];

/// How volumes are accessed; the last three kinds are for CSI volumes.
const ACCESS_MODES: [&str; 7] = [
    "single-node-reader-only",
    "single-node-writer",
    "single-node-single-writer",
    "single-node-multi-writer",
    "multi-node-reader-only",
    "multi-node-single-writer",
    "multi-node-multi-writer",
];

/// How volumes are attached.
const ATTACHMENT_MODES: [&str; 2] = ["file-system", "block-device"];

/// Checks a group with its tasks.
pub(super) fn group<'a>(checker: &mut Checker<'a>, at: &Path<'_>, group: &'a TaskGroup) {
    let problems = &mut checker.problems;
    keys(problems, at, group);
    name(problems, at.key("Name"), &group.name, "a group", "a name");
    let count = group.count.unwrap_or(COUNT_DEFAULT);
    range(problems, at.key("Count"), count, 0, COUNT_MAX, "");
    network::of_group(problems, at, &group.networks);
    let volumes = at.key("Volumes");
    for (alias, request) in &group.volumes {
        volume(problems, &volumes.key(alias), alias, request);
    }
    disk(problems, at, group);
    if let Some(migrate) = &group.migrate {
        let at = at.key("Migrate");
        keys(problems, &at, migrate);
        let max_parallel = migrate.max_parallel.unwrap_or(0);
        range(problems, at.key("MaxParallel"), max_parallel, 0, COUNT_MAX, "");
    }
    block(problems, at, "Update", group.update.as_ref());
    block(problems, at, "ReschedulePolicy", group.reschedule_policy.as_ref());
    block(problems, at, "RestartPolicy", group.restart_policy.as_ref());
    block(problems, at, "Disconnect", group.disconnect.as_deref());
    block(problems, at, "Scaling", group.scaling.as_deref());
    checker.constraints(at, &group.constraints, Place::Group);
    checker.affinities(at, &group.affinities, Place::Group);
    checker.spreads(at, &group.spreads);
    tasks(checker, at, group);
}

fn tasks<'a>(checker: &mut Checker<'a>, at: &Path<'_>, group: &'a TaskGroup) {
    let tasks = at.key("Tasks");
    // The server gives the proxy of a gateway as a task to the group, so that one may have none of
    // its own.
    if group.tasks.is_empty() && !group.has_gateway() {
        checker.problems.add(tasks, "a group needs at least one task");
    }
    for (i, one) in group.tasks.iter().enumerate() {
        task(checker, &tasks.index(i), one);
    }
    for (i, first) in repeated(group.tasks.iter().map(|task| &task.name)) {
        if let Some(task) = group.tasks.get(i) {
            let message =
                format!("the name `{}` is that of Tasks[{first}] too", excerpt(&task.name));
            checker.problems.add(tasks.index(i).key("Name"), message);
        }
    }
    together(&mut checker.problems, tasks, group);
}

/// Checks what a group's tasks ask for together: there is a limit for that as there is for one task.
fn together(problems: &mut Problems, at: Path<'_>, group: &TaskGroup) {
    let is_amount = |amount: &i64| (0..=AMOUNT_MAX).contains(amount);
    let mut sums = [0i64; 4];
    for task in &group.tasks {
        let (cpu_mhz, cores) = (task.cpu_mhz(), i64::from(task.cores()));
        let (memory_mb, max_mb) = (task.memory_mb(), task.memory_max_mb());
        let (secrets_mb, mbits) =
            (task.secrets_mb(), task.network().map_or(0, NetworkResource::mbits));
        let is_good = [cpu_mhz, memory_mb, secrets_mb, mbits].iter().all(is_amount)
            && (-1..=AMOUNT_MAX).contains(&max_mb)
            && cores <= CORES_MAX;
        // A group with an amount that is bad in itself has a problem already.
        if !is_good {
            return;
        }
        let asked = [cpu_mhz, cores, memory_mb.max(max_mb) + secrets_mb, mbits];
        sums.iter_mut().zip(asked).for_each(|(sum, asked)| *sum = sum.saturating_add(asked));
    }
    let limits = [
        (AMOUNT_MAX, "MHz"),
        (CORES_MAX, "cores"),
        (AMOUNT_MAX, "MB of memory"),
        (AMOUNT_MAX, "MBit/s"),
    ];
    for (sum, (most, unit)) in sums.into_iter().zip(limits) {
        if sum > most {
            problems.add(at, format!("expected at most {most} {unit} together, found `{sum}`"));
        }
    }
}

fn disk(problems: &mut Problems, at: &Path<'_>, group: &TaskGroup) {
    if let Some(disk) = &group.ephemeral_disk {
        let at = at.key("EphemeralDisk");
        keys(problems, &at, disk);
        range(problems, at.key("SizeMB"), group.disk_mb(), DISK_MB_MIN, AMOUNT_MAX, " MB");
    }
    let tasks = at.key("Tasks");
    let mut sum_mb = 0i64;
    for (i, task) in group.tasks.iter().enumerate() {
        let disk_mb = task.resources.as_ref().and_then(|r| r.disk_mb).unwrap_or(0);
        let task = tasks.index(i);
        let resources = task.key("Resources");
        let at = resources.key("DiskMB");
        amount(problems, at, disk_mb, " MB");
        if disk_mb > 0 && group.ephemeral_disk.is_some() {
            problems.add(at, "the group has an `EphemeralDisk`, which is all the disk it gets");
        }
        sum_mb = sum_mb.saturating_add(disk_mb.clamp(0, AMOUNT_MAX));
    }
    if sum_mb > AMOUNT_MAX {
        let message =
            format!("expected at most {AMOUNT_MAX} MB of disk together, found `{sum_mb}`");
        problems.add(tasks, message);
    }
}

fn volume(problems: &mut Problems, at: &Path<'_>, alias: &str, request: &VolumeRequest) {
    keys(problems, at, request);
    name(problems, *at, alias, "a volume", "an alias as its key");
    one_of(problems, at.key("Type"), &request.volume_type, "volume type", &VOLUME_TYPES);
    name(
        problems,
        at.key("Source"),
        &request.source,
        "a volume",
        "a source, its name on the nodes",
    );
    let access = request.access_mode();
    one_of(problems, at.key("AccessMode"), access, "access mode", &ACCESS_MODES);
    let attachment = request.attachment_mode();
    one_of(problems, at.key("AttachmentMode"), attachment, "attachment mode", &ATTACHMENT_MODES);
}

fn task<'a>(checker: &mut Checker<'a>, at: &Path<'_>, task: &'a Task) {
    let problems = &mut checker.problems;
    keys(problems, at, task);
    name(problems, at.key("Name"), &task.name, "a task", "a name");
    name(problems, at.key("Driver"), &task.driver, "a task", "a driver");
    if let Some(lifecycle) = &task.lifecycle {
        let at = at.key("Lifecycle");
        keys(problems, &at, lifecycle);
        one_of(problems, at.key("Hook"), &lifecycle.hook, "hook", &HOOKS);
    }
    let secrets = at.key("Secrets");
    for (i, secret) in task.secrets.iter().enumerate() {
        let at = secrets.index(i);
        keys(problems, &at, secret);
        name(problems, at.key("Provider"), &secret.provider, "a secret", "a provider");
    }
    block(problems, at, "RestartPolicy", task.restart_policy.as_ref());
    block(problems, at, "LogConfig", task.log_config.as_ref());
    checker.constraints(at, &task.constraints, Place::Task);
    checker.affinities(at, &task.affinities, Place::Task);
    if let Some(asked) = &task.resources {
        resources(checker, &at.key("Resources"), asked);
    }
}

fn resources<'a>(checker: &mut Checker<'a>, at: &Path<'_>, asked: &'a Resources) {
    let problems = &mut checker.problems;
    keys(problems, at, asked);
    amount(problems, at.key("CPU"), asked.cpu_mhz(), " MHz");
    range(problems, at.key("Cores"), asked.cores.unwrap_or(0), 0, CORES_MAX, " cores");
    let memory_mb = asked.memory_mb();
    amount(problems, at.key("MemoryMB"), memory_mb, " MB");
    amount(problems, at.key("SecretsMB"), asked.secrets_mb(), " MB");
    let max_mb = asked.memory_max_mb();
    // 0 is what documents without a maximum have.
    if !matches!(max_mb, -1 | 0) && !(memory_mb..=AMOUNT_MAX).contains(&max_mb) {
        let message = format!(
            "expected -1 for no limit, or `MemoryMB` ({memory_mb}) to {AMOUNT_MAX} MB, \
             found `{max_mb}`"
        );
        problems.add(at.key("MemoryMaxMB"), message);
    }
    if let Some(numa) = &asked.numa {
        let at = at.key("NUMA");
        keys(problems, &at, numa);
        if !numa.affinity.is_empty() {
            one_of(problems, at.key("Affinity"), &numa.affinity, "affinity", &NUMA_AFFINITIES);
        }
    }
    network::of_task(problems, at, &asked.networks);
    let devices = at.key("Devices");
    for (i, request) in asked.devices.iter().enumerate() {
        device(checker, &devices.index(i), request);
    }
}

fn device<'a>(checker: &mut Checker<'a>, at: &Path<'_>, request: &'a RequestedDevice) {
    let problems = &mut checker.problems;
    keys(problems, at, request);
    let named = "a name: `gpu`, `nvidia/gpu` or `nvidia/gpu/1080ti` for instance";
    name(problems, at.key("Name"), &request.name, "a request for devices", named);
    if request.name.split('/').count() > 3 {
        let message = format!(
            "expected `type`, `vendor/type` or `vendor/type/name`, found `{}`",
            excerpt(&request.name)
        );
        problems.add(at.key("Name"), message);
    }
    range(problems, at.key("Count"), request.count.unwrap_or(1), 1, CORES_MAX, " devices");
    checker.constraints(at, &request.constraints, Place::Device);
    checker.affinities(at, &request.affinities, Place::Device);
}
