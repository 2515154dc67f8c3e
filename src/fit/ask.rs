//! What one allocation of a group asks of a node (docs/placement.md, sections 1.2, 1.3 and 3.3).

use crate::feasibility::device::{self, DeviceRequest};
use crate::model::{NetworkResource, Port, Task, TaskGroup};
use crate::state::key_writer::KeyWriter;
use crate::state::phases::{Phase, PhaseSums};
use crate::state::usage::Amounts;

/// Everything that one allocation of a group takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    /// In the phase that needs the most, without the CPU of tasks that have cores of their own: how
    /// much that is depends on the node's cores.
    pub(crate) amounts: Amounts,
    /// The ports of the group.
    pub(crate) network: Option<PortsAsk>,
    /// The tasks that ask for more than amounts, in order.
    pub(crate) tasks: Vec<TaskAsk>,
    /// The device requests of all tasks, in order.
    pub(crate) devices: Vec<DeviceRequest>,
}

/// What a task asks for besides amounts.
#[derive(Clone, Debug)]
pub(crate) struct TaskAsk {
    /// Its place in the group.
    pub(crate) task: u16,
    pub(crate) network: Option<PortsAsk>,
    /// Where its device requests are in the ask's list.
    pub(crate) devices: std::ops::Range<usize>,
    pub(crate) cores: usize,
}

/// The ports, and of a task the bandwidth, of a network.
#[derive(Clone, Debug)]
pub(crate) struct PortsAsk {
    /// Ports with numbers, then ports whose numbers are to be chosen.
    pub(crate) ports: Vec<Port>,
    /// How many of the ports have numbers.
    pub(crate) static_ports: usize,
    pub(crate) mbits: i64,
    /// Static ports that are free wherever anybody asks, in an ask that stands for others with other
    /// numbers.
    pub(crate) presumed_free: Vec<i64>,
    /// The host network that all ports are on, if their numbers differ and nothing about them depends
    /// on the node or on other ports.
    pub(crate) single_network: Option<Box<str>>,
}

impl PortsAsk {
    fn of(network: &NetworkResource) -> PortsAsk {
        let ports: Vec<Port> =
            network.reserved_ports.iter().chain(network.dynamic_ports.iter()).cloned().collect();
        PortsAsk {
            ports,
            static_ports: network.reserved_ports.len(),
            mbits: network.mbits(),
            presumed_free: Vec::new(),
            single_network: single_network(network),
        }
    }

    /// The ports with numbers.
    pub(crate) fn with_numbers(&self) -> &[Port] {
        self.ports.get(..self.static_ports).unwrap_or_default()
    }

    /// The ports whose numbers are to be chosen.
    pub(crate) fn to_choose(&self) -> &[Port] {
        self.ports.get(self.static_ports..).unwrap_or_default()
    }
}

/// The host network of all ports, unless something about them is out of the ordinary.
fn single_network(network: &NetworkResource) -> Option<Box<str>> {
    let statics = network.reserved_ports.as_slice();
    let is_ordinary = |port: &Port| !port.ignore_collision && !port.host_network().contains('$');
    let is_number = |(at, port): (usize, &Port)| {
        u16::try_from(port.value).is_ok() && statics[..at].iter().all(|it| it.value != port.value)
    };
    let mut ports = statics.iter().chain(network.dynamic_ports.iter());
    let name = ports.clone().next()?.host_network();
    let is_single = ports.all(|port| is_ordinary(port) && port.host_network() == name)
        && statics.iter().enumerate().all(is_number);
    is_single.then(|| name.into())
}

impl Ask {
    /// What one allocation of the group asks for.
    pub(crate) fn of(group: &TaskGroup) -> Ask {
        let mut ask = Ask::default();
        let mut sums = PhaseSums::default();
        for (at, task) in group.tasks.iter().enumerate() {
            let cores = task.cores() as usize;
            let cpu_mhz = if cores > 0 { 0 } else { task.cpu_mhz() };
            let memory_mb = task.memory_mb() + task.secrets_mb();
            sums.add(phase_of(task), cpu_mhz, memory_mb, cores > 0);
            let first = ask.devices.len();
            ask.devices.extend(task.devices().iter().map(DeviceRequest::new));
            let devices = first..ask.devices.len();
            let network = task.network().map(PortsAsk::of);
            if cores > 0 || !devices.is_empty() || network.is_some() {
                ask.tasks.push(TaskAsk { task: at as u16, network, devices, cores });
            }
        }
        ask.amounts = sums.total(group.disk_mb());
        ask.network = group.network().map(PortsAsk::of);
        ask
    }

    /// Writes what groups must have in common for a node to have as much room for each of them.
    /// `is_reserved` tells of a static port whether any node has it reserved; other static ports are no
    /// part of the key.
    pub(crate) fn write_key(
        &self,
        group: &TaskGroup,
        is_reserved: impl Fn(i64) -> bool,
        key: &mut KeyWriter,
    ) {
        key.number(self.amounts.cpu_mhz as u64);
        key.number(self.amounts.memory_mb as u64);
        key.number(self.amounts.disk_mb as u64);
        if self.is_plain() {
            return;
        }
        write_ports_key(self.network.as_ref(), &is_reserved, key);
        for task in &self.tasks {
            key.number(task.task.into());
            key.number(task.cores as u64);
            write_ports_key(task.network.as_ref(), &is_reserved, key);
            let requests = group.tasks.get(usize::from(task.task)).map(|task| task.devices());
            let requests = requests.unwrap_or_default();
            key.list(requests.iter(), |key, request| {
                device::write_key(request, key);
                device::write_affinities_key(request, key);
            });
        }
    }

    /// Whether amounts are all it asks for.
    pub(crate) fn is_plain(&self) -> bool {
        self.network.is_none() && self.tasks.is_empty()
    }

    /// Whether it asks for no more than amounts, devices and the ports of one host network: what it
    /// comes to is then the same amounts on every node, and is found out without assigning anything.
    pub(crate) fn is_simple(&self) -> bool {
        let has_simple_ports = self.network.as_ref().is_none_or(|it| it.single_network.is_some());
        has_simple_ports && self.tasks.iter().all(|task| task.network.is_none() && task.cores == 0)
    }

    /// A port by the numbers that errors carry.
    pub(crate) fn port(&self, network: u16, port: u16) -> Option<&Port> {
        let network = match usize::from(network).checked_sub(1) {
            None => self.network.as_ref()?,
            Some(at) => self.task_networks().nth(at)?,
        };
        network.ports.get(usize::from(port))
    }

    /// The static ports of all networks.
    pub(crate) fn static_ports(&self) -> impl Iterator<Item = i64> {
        let networks = self.network.iter().chain(self.task_networks());
        networks.flat_map(|network| network.with_numbers()).map(|port| port.value)
    }

    /// The same ask with some static ports free wherever it is tried.
    pub(crate) fn presuming_free(&self, is_presumed: impl Fn(i64) -> bool) -> Ask {
        let mut ask = self.clone();
        let of_tasks = ask.tasks.iter_mut().filter_map(|task| task.network.as_mut());
        for network in ask.network.iter_mut().chain(of_tasks) {
            let numbers = network.with_numbers().iter().map(|port| port.value);
            network.presumed_free = numbers.filter(|&port| is_presumed(port)).collect();
        }
        ask
    }

    /// The networks of tasks, in order.
    pub(crate) fn task_networks(&self) -> impl Iterator<Item = &PortsAsk> {
        self.tasks.iter().filter_map(|task| task.network.as_ref())
    }
}

fn write_ports_key(
    network: Option<&PortsAsk>,
    is_reserved: &impl Fn(i64) -> bool,
    key: &mut KeyWriter,
) {
    let Some(network) = network else { return key.number(0) };
    key.number(1);
    key.number(network.mbits as u64);
    key.number(network.static_ports as u64);
    key.list(network.ports.iter(), |key, port| {
        if is_reserved(port.value) {
            key.text(&port.label);
            key.number(port.value as u64);
        }
        key.text(port.host_network());
        key.number(port.ignore_collision.into());
    });
}

fn phase_of(task: &Task) -> Phase {
    task.lifecycle.as_ref().map_or(Phase::Main, |it| Phase::of(&it.hook, it.sidecar))
}
