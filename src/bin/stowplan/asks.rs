//! What an allocation of a group asks of a node, in words.

use indexmap::IndexMap;
use stowplan::model::{NetworkResource, Task, TaskGroup};

use crate::words::number;

/// MB of disk of a group that does not ask for any; it is not worth a word.
const DISK_MB_DEFAULT: i64 = 300;

/// Sums over the tasks that run at the same time.
#[derive(Default)]
struct Phases {
    prestart: i128,
    main: i128,
    poststop: i128,
}

impl Phases {
    fn of(group: &TaskGroup, amount: impl Fn(&Task) -> i64) -> Self {
        let mut phases = Phases::default();
        for task in &group.tasks {
            let amount = i128::from(amount(task));
            let lifecycle = task.lifecycle.as_ref();
            match lifecycle.map(|it| (it.hook.as_str(), it.sidecar)) {
                Some(("prestart", is_sidecar)) => {
                    phases.prestart += amount;
                    phases.main += if is_sidecar { amount } else { 0 };
                }
                Some(("poststop", _)) => phases.poststop += amount,
                _ => phases.main += amount,
            }
        }
        phases
    }

    /// What the phase that needs the most needs: that is what a node has to have.
    fn peak(&self) -> i128 {
        self.prestart.max(self.main).max(self.poststop)
    }
}

/// What an allocation of a group asks for, of what comes in numbers; empty if it is nothing.
///
/// The CPU of tasks with cores of their own is not known before the node is, and left out.
pub(crate) fn ask(group: &TaskGroup, is_disk_exhausted: bool) -> String {
    let mut parts = Vec::new();
    let mut add = |amount: i128, unit: &str| {
        if amount > 0 {
            parts.push(format!("{} {unit}", number(amount)));
        }
    };
    let cpu_mhz = |task: &Task| if task.cores() > 0 { 0 } else { task.cpu_mhz() };
    add(Phases::of(group, cpu_mhz).peak(), "MHz");
    let cores: i128 = group.tasks.iter().map(|task| i128::from(task.cores())).sum();
    add(cores, if cores == 1 { "core" } else { "cores" });
    let memory_mb = |task: &Task| task.memory_mb().saturating_add(task.secrets_mb());
    add(Phases::of(group, memory_mb).peak(), "MB");
    if is_disk_exhausted || group.disk_mb() != DISK_MB_DEFAULT {
        add(group.disk_mb().into(), "MB of disk");
    }
    // The bandwidth of the group's own network is not enforced.
    let mbits = group.tasks.iter().filter_map(Task::network).map(|it| i128::from(it.mbits()));
    add(mbits.sum(), "MBit/s");
    let mut devices: IndexMap<&str, i128> = IndexMap::new();
    for device in group.tasks.iter().flat_map(Task::devices) {
        *devices.entry(&device.name).or_default() += i128::from(device.count());
    }
    for (name, count) in devices {
        add(count, name);
    }
    parts.extend(ports(group));
    parts.join(", ")
}

/// The ports of the group and of its tasks: `1 static and 2 dynamic ports`.
fn ports(group: &TaskGroup) -> Option<String> {
    let networks =
        || group.network().into_iter().chain(group.tasks.iter().filter_map(Task::network));
    let sum = |ports: fn(&NetworkResource) -> usize| networks().map(ports).sum::<usize>() as u64;
    let fixed = sum(|network| network.reserved_ports.len());
    let dynamic = sum(|network| network.dynamic_ports.len());
    let kinds = [(fixed, "static"), (dynamic, "dynamic")];
    let kinds = kinds.into_iter().filter(|(ports, _)| *ports > 0);
    let kinds: Vec<String> =
        kinds.map(|(ports, kind)| format!("{} {kind}", number(ports))).collect();
    // The noun goes with the number before it.
    let plural = if fixed + dynamic == 1 || dynamic == 1 { "" } else { "s" };
    (!kinds.is_empty()).then(|| format!("{} port{plural}", kinds.join(" and ")))
}

#[cfg(test)]
mod tests {
    use stowplan::model::Job;

    use super::ask;

    fn ask_of(group: &str, is_disk_exhausted: bool) -> String {
        let job = Job::from_json(format!(r#"{{"ID": "j", "TaskGroups": [{group}]}}"#)).unwrap();
        ask(&job.task_groups[0], is_disk_exhausted)
    }

    fn task(name: &str, more: &str) -> String {
        format!(r#"{{"Name": "{name}", "Driver": "docker", {more}}}"#)
    }

    #[test]
    fn the_phase_that_needs_the_most_counts() {
        let tasks = [
            task(
                "before",
                r#""Lifecycle": {"Hook": "prestart"}, "Resources": {"CPU": 2000, "MemoryMB": 10}"#,
            ),
            task("main", r#""Resources": {"CPU": 500, "MemoryMB": 2000}"#),
            task(
                "after",
                r#""Lifecycle": {"Hook": "poststop"}, "Resources": {"CPU": 100, "MemoryMB": 20}"#,
            ),
        ];
        let group = format!(r#"{{"Name": "g", "Tasks": [{}]}}"#, tasks.join(","));
        assert_eq!(ask_of(&group, false), "2,000 MHz, 2,000 MB");
        assert_eq!(ask_of(&group, true), "2,000 MHz, 2,000 MB, 300 MB of disk");
    }

    #[test]
    fn all_that_comes_in_numbers_is_named() {
        let resources = r#""Resources": {"Cores": 1, "MemoryMB": 64,
            "Devices": [{"Name": "nvidia/gpu", "Count": 2}],
            "Networks": [{"MBits": 50, "DynamicPorts": [{"Label": "a"}]}]}"#;
        let group = format!(
            r#"{{"Name": "g", "Tasks": [{}], "EphemeralDisk": {{"SizeMB": 5000}},
                "Networks": [{{"ReservedPorts": [{{"Label": "b", "Value": 80}}],
                               "DynamicPorts": [{{"Label": "c"}}]}}]}}"#,
            task("t", resources)
        );
        let expected = "1 core, 64 MB, 5,000 MB of disk, 50 MBit/s, 2 nvidia/gpu, \
                        1 static and 2 dynamic ports";
        assert_eq!(ask_of(&group, false), expected);
    }
}
