//! Accounts of what allocations hold, made from documents alone: an independent reading of the
//! sections 1.3, 4.1 and 5 of docs/placement.md.

use std::collections::BTreeMap;

use stowplan::model::{AllocatedResources, Allocation, Lifecycle, NetworkResource, Node};

/// What the allocations on one node hold together.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    pub cpu_mhz: i64,
    pub memory_mb: i64,
    pub disk_mb: i64,
    pub allocations: usize,
    /// Address, number, and whether a collision is no matter.
    pub ports: Vec<(String, i64, bool)>,
    pub cores: Vec<i64>,
    /// Vendor, type, model and identity.
    pub devices: Vec<[String; 4]>,
    pub mbits: BTreeMap<String, i64>,
}

/// What is held on every node.
pub type Accounts = BTreeMap<String, Usage>;

/// The accounts of some allocations. Those that have ended, were evicted or never were hold nothing.
pub fn accounts<'a>(allocations: impl IntoIterator<Item = &'a Allocation>) -> Accounts {
    let mut accounts = Accounts::new();
    for allocation in allocations {
        let is_evicted = allocation.desired_status == "evict";
        if !allocation.client().is_terminal() && !is_evicted && !allocation.node_id.is_empty() {
            accounts.entry(allocation.node_id.clone()).or_default().add(allocation);
        }
    }
    accounts
}

impl Usage {
    pub fn of(allocation: &Allocation) -> Usage {
        let mut usage = Usage::default();
        usage.add(allocation);
        usage
    }

    fn add(&mut self, allocation: &Allocation) {
        self.allocations += 1;
        match &allocation.allocated_resources {
            Some(resources) => self.add_modern(resources),
            None => self.add_legacy(allocation),
        }
    }

    fn add_legacy(&mut self, allocation: &Allocation) {
        let Some(sum) = &allocation.resources else { return };
        self.cpu_mhz += sum.cpu.unwrap_or(0);
        self.memory_mb += sum.memory_mb.unwrap_or(0);
        self.disk_mb += sum.disk_mb.unwrap_or(0);
        for task in allocation.task_resources.iter().flat_map(|tasks| tasks.values()) {
            task.networks.iter().take(1).for_each(|network| self.add_network(network, true));
        }
    }

    fn add_modern(&mut self, resources: &AllocatedResources) {
        let shared = &resources.shared;
        self.disk_mb += shared.disk_mb;
        for port in &shared.ports {
            self.ports.push((port.host_ip.clone(), port.value, port.ignore_collision));
        }
        for network in shared.networks.iter().filter(|_| shared.ports.is_empty()) {
            self.add_ports(network);
        }
        let is_listed = |ip: &str, port: i64| {
            shared.ports.iter().any(|listed| listed.host_ip == ip && listed.value == port)
        };
        // Before, while and after the main tasks run.
        let mut phases = [(0, 0); 3];
        for (name, task) in &resources.tasks {
            let lifecycle = resources.task_lifecycles.get(name).and_then(Option::as_ref);
            let mut cpu_mhz = task.cpu.cpu_shares;
            if !task.cpu.reserved_cores.is_empty() {
                self.cpu_mhz += std::mem::take(&mut cpu_mhz);
            }
            for (phase, runs) in phases.iter_mut().zip(runs_in(lifecycle)) {
                if runs {
                    phase.0 += cpu_mhz;
                    phase.1 += task.memory.memory_mb;
                }
            }
            self.cores.extend(&task.cpu.reserved_cores);
            for device in &task.devices {
                let of = |id: &String| {
                    let [vendor, device_type, name] =
                        [&device.vendor, &device.device_type, &device.name].map(String::clone);
                    [vendor, device_type, name, id.clone()]
                };
                self.devices.extend(device.device_ids.iter().map(of));
            }
            // The group may list the ports of its tasks too.
            for network in task.networks.iter().take(1) {
                let before = self.ports.len();
                self.add_network(network, true);
                let of_task = self.ports.split_off(before);
                self.ports
                    .extend(of_task.into_iter().filter(|(ip, port, _)| !is_listed(ip, *port)));
            }
        }
        self.cpu_mhz += phases.iter().map(|(cpu_mhz, _)| *cpu_mhz).max().unwrap_or(0);
        self.memory_mb += phases.iter().map(|(_, memory_mb)| *memory_mb).max().unwrap_or(0);
    }

    fn add_network(&mut self, network: &NetworkResource, with_ports: bool) {
        *self.mbits.entry(network.device.clone()).or_insert(0) += network.mbits();
        if with_ports {
            self.add_ports(network);
        }
    }

    fn add_ports(&mut self, network: &NetworkResource) {
        for port in network.reserved_ports.iter().chain(network.dynamic_ports.iter()) {
            self.ports.push((network.ip.clone(), port.value, port.ignore_collision));
        }
    }

    /// Whether something is held that the node does not have, or twice. The first such thing.
    pub fn fault_on(&self, node: &Node) -> Option<String> {
        let capacity = [
            ("cpu", self.cpu_mhz, node.cpu_mhz() - node.reserved_cpu_mhz()),
            ("memory", self.memory_mb, node.memory_mb() - node.reserved_memory_mb()),
            ("disk", self.disk_mb, node.disk_mb() - node.reserved_disk_mb()),
        ];
        let over = capacity.into_iter().find(|(_, used, has)| used > has);
        let over = over.map(|(what, used, has)| format!("{used} of {has} {what} used"));
        over.or_else(|| self.port_fault())
            .or_else(|| self.core_fault(node))
            .or_else(|| self.device_fault(node))
            .or_else(|| self.bandwidth_fault(node))
            .or_else(|| {
                let limit = node.node_max_allocs;
                let is_over = limit != 0 && self.allocations as i64 > limit;
                is_over.then(|| format!("{} allocations where {limit} may be", self.allocations))
            })
    }

    fn port_fault(&self) -> Option<String> {
        let mut ports: Vec<(&String, i64)> = self
            .ports
            .iter()
            .filter(|(_, _, ignores)| !ignores)
            .map(|(ip, port, _)| (ip, *port))
            .collect();
        ports.sort_unstable();
        let twice = ports.windows(2).find(|pair| pair[0] == pair[1]);
        twice.map(|pair| format!("port {} on {} held twice", pair[0].1, pair[0].0))
    }

    fn core_fault(&self, node: &Node) -> Option<String> {
        let mut cores = self.cores.clone();
        cores.sort_unstable();
        let twice = cores.windows(2).find(|pair| pair[0] == pair[1]);
        let is_there = |id: &&i64| !node.cores().iter().any(|core| i64::from(core.id) == **id);
        let foreign = self.cores.iter().find(is_there);
        twice.map(|pair| format!("core {} held twice", pair[0])).or_else(|| {
            let knows_cores = !node.cores().is_empty();
            foreign.filter(|_| knows_cores).map(|id| format!("core {id} is not there"))
        })
    }

    fn device_fault(&self, node: &Node) -> Option<String> {
        let mut devices = self.devices.clone();
        devices.sort_unstable();
        if let Some(pair) = devices.windows(2).find(|pair| pair[0] == pair[1]) {
            return Some(format!("device {:?} held twice", pair[0]));
        }
        let is_there = |held: &[String; 4]| {
            node.devices().iter().any(|group| {
                [&group.vendor, &group.device_type, &group.name] == [&held[0], &held[1], &held[2]]
                    && group.instances.iter().any(|instance| instance.id == held[3])
            })
        };
        let foreign = devices.iter().find(|held| !is_there(held));
        foreign.map(|held| format!("device {held:?} is not there"))
    }

    fn bandwidth_fault(&self, node: &Node) -> Option<String> {
        let over = self.mbits.iter().find(|(device, used)| {
            let of_device = node.networks().iter().filter(|network| network.device == **device);
            **used > 0 && **used > of_device.map(|network| network.mbits()).max().unwrap_or(0)
        });
        over.map(|(device, used)| format!("{used} MBit/s on {device}"))
    }
}

/// In which of the three phases a task runs.
fn runs_in(lifecycle: Option<&Lifecycle>) -> [bool; 3] {
    match lifecycle.map(|it| (it.hook.as_str(), it.sidecar)) {
        Some(("prestart", sidecar)) => [true, sidecar, false],
        Some(("poststop", _)) => [false, false, true],
        _ => [false, true, false],
    }
}
