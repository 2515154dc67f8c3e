//! What the documents of a cluster's allocations say is in use on a node, added up anew and by other
//! code than the engine's (docs/placement.md, sections 1.3, 1.4 and 4.1).

use std::collections::{BTreeMap, BTreeSet};

use stowplan::model::{AllocatedResources, Allocation, Node};

/// Who holds one of the things that only one may have, and whether they share it on purpose.
type Holders<K> = BTreeMap<K, Vec<(String, bool)>>;

/// What is in use on a node.
#[derive(Default)]
pub(crate) struct InUse {
    allocations: i64,
    cpu_mhz: i64,
    memory_mb: i64,
    disk_mb: i64,
    mbits: BTreeMap<String, i64>,
    ports: Holders<(String, i64)>,
    cores: Holders<i64>,
    devices: Holders<(String, String)>,
}

/// Whether an allocation takes room on its node: it has not ended there, and no placement of ours
/// evicted it.
pub(crate) fn occupies(allocation: &Allocation, evicted: &BTreeSet<String>) -> bool {
    !allocation.client().is_terminal() && !evicted.contains(&allocation.id)
}

impl InUse {
    pub(crate) fn of<'a>(allocations: impl Iterator<Item = &'a Allocation>) -> InUse {
        let mut in_use = InUse::default();
        for allocation in allocations {
            in_use.add(allocation);
        }
        in_use
    }

    fn add(&mut self, allocation: &Allocation) {
        self.allocations += 1;
        let Some(resources) = &allocation.allocated_resources else { return };
        let [cpu, memory] = totals(resources);
        self.cpu_mhz += cpu;
        self.memory_mb += memory;
        self.disk_mb += held(resources.shared.disk_mb);
        let id = &allocation.id;
        for (ip, value, shares, _) in ports(resources) {
            self.ports.entry((ip, value)).or_default().push((id.clone(), shares));
        }
        for task in resources.tasks.values() {
            for network in &task.networks {
                *self.mbits.entry(network.device.clone()).or_default() += held(network.mbits());
            }
            for core in &task.cpu.reserved_cores {
                self.cores.entry(*core).or_default().push((id.clone(), false));
            }
            for device in &task.devices {
                for instance in &device.device_ids {
                    let key = (device.name.clone(), instance.clone());
                    self.devices.entry(key).or_default().push((id.clone(), false));
                }
            }
        }
    }

    /// Whether a node that was just given the allocation has all that it gave.
    pub(crate) fn check(&self, node: &Node, new: &Allocation, context: &str) {
        let limit = node.node_max_allocs;
        assert!(
            limit == 0 || self.allocations <= limit,
            "{context}: {} allocations",
            self.allocations
        );
        let cpu = node.cpu_mhz() - node.reserved_cpu_mhz();
        let memory = node.memory_mb() - node.reserved_memory_mb();
        let disk = node.disk_mb() - node.reserved_disk_mb();
        assert!(self.cpu_mhz <= cpu, "{context}: {} of {cpu} MHz", self.cpu_mhz);
        assert!(self.memory_mb <= memory, "{context}: {} of {memory} MB", self.memory_mb);
        assert!(self.disk_mb <= disk, "{context}: {} of {disk} MB of disk", self.disk_mb);
        let resources = new.allocated_resources.as_ref().unwrap();
        self.check_ports(node, resources, context);
        for task in resources.tasks.values() {
            for core in &task.cpu.reserved_cores {
                assert!(
                    node.cores().iter().any(|it| i64::from(it.id) == *core),
                    "{context}: {core}"
                );
                assert_eq!(self.cores[core].len(), 1, "{context}: core {core}");
            }
            for device in &task.devices {
                let group = node.devices().iter().find(|it| it.name == device.name).unwrap();
                for id in &device.device_ids {
                    let healthy = group.instances.iter().any(|it| it.id == *id && it.healthy);
                    assert!(healthy, "{context}: device {id}");
                    let holders = &self.devices[&(device.name.clone(), id.clone())];
                    assert_eq!(holders.len(), 1, "{context}: device {id}");
                }
            }
        }
    }

    fn check_ports(&self, node: &Node, resources: &AllocatedResources, context: &str) {
        let (first, last) = node.dynamic_ports();
        for (ip, value, shares, is_dynamic) in ports(resources) {
            let in_range = (i64::from(first)..=i64::from(last)).contains(&value);
            assert!(!is_dynamic || in_range, "{context}: dynamic port {value}");
            let holders = &self.ports[&(ip.clone(), value)];
            let alone = holders.iter().filter(|(_, shares)| !shares).count();
            assert!(alone <= 1, "{context}: port {ip}:{value} of {holders:?}");
            assert!(shares || !is_reserved(node, &ip, value), "{context}: port {ip}:{value}");
        }
        for network in resources.tasks.values().flat_map(|task| &task.networks) {
            let has = node.networks().iter().find(|it| it.device == network.device).unwrap();
            let used = self.mbits[&network.device];
            assert!(used <= has.mbits(), "{context}: {used} of {} MBit/s", has.mbits());
        }
    }
}

/// Amounts of an inventory are taken within what is valid.
fn held(amount: i64) -> i64 {
    amount.clamp(0, 1 << 40)
}

/// CPU and memory of the phase that needs the most.
fn totals(resources: &AllocatedResources) -> [i64; 2] {
    let mut of_cores = 0;
    let [mut before, mut main, mut after] = [[0; 2]; 3];
    for (name, task) in &resources.tasks {
        let has_cores = !task.cpu.reserved_cores.is_empty();
        let shares = held(task.cpu.cpu_shares);
        let cpu = if has_cores { 0 } else { shares };
        of_cores += shares - cpu;
        let lifecycle = resources.task_lifecycles.get(name).and_then(Option::as_ref);
        let (is_before, is_main, is_after) =
            match lifecycle.map(|it| (it.hook.as_str(), it.sidecar)) {
                Some(("prestart", sidecar)) => (true, sidecar, false),
                Some(("poststop", _)) => (false, false, true),
                _ => (false, true, false),
            };
        for (counts, sum) in
            [(is_before, &mut before), (is_main, &mut main), (is_after, &mut after)]
        {
            if counts {
                sum[0] += cpu;
                sum[1] += held(task.memory.memory_mb);
            }
        }
    }
    let most = |at: usize| before[at].max(main[at]).max(after[at]);
    [of_cores + most(0), most(1)]
}

/// Every port: its address, its number, whether it shares it on purpose, whether it was chosen.
fn ports(resources: &AllocatedResources) -> Vec<(String, i64, bool, bool)> {
    let shared = &resources.shared;
    let is_dynamic = |label: &str| {
        let networks = shared.networks.iter();
        networks.flat_map(|it| it.dynamic_ports.iter()).any(|port| port.label == label)
    };
    let mut ports: Vec<_> = shared
        .ports
        .iter()
        .map(|it| (it.host_ip.clone(), it.value, it.ignore_collision, is_dynamic(&it.label)))
        .collect();
    // Where the group lists its ports, an inventory's tasks repeat them; ours never do.
    for network in resources.tasks.values().flat_map(|task| &task.networks) {
        let reserved = network.reserved_ports.iter().map(|port| (port, false));
        let dynamic = network.dynamic_ports.iter().map(|port| (port, true));
        ports.extend(reserved.chain(dynamic).map(|(port, is_dynamic)| {
            (network.ip.clone(), port.value, port.ignore_collision, is_dynamic)
        }));
    }
    ports
}

fn is_reserved(node: &Node, ip: &str, value: i64) -> bool {
    let Ok(value) = u16::try_from(value) else { return true };
    let has =
        |ranges: &[std::ops::RangeInclusive<u16>]| ranges.iter().any(|it| it.contains(&value));
    let mut addresses = node.addresses().iter().filter(|address| address.ip == ip).peekable();
    let is_address = addresses.peek().is_some();
    addresses.any(|address| has(&address.reserved_ports))
        || (is_address && has(node.reserved_ports()))
}
