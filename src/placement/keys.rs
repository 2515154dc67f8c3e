//! Keys: what two groups must have in common to share a mask, affinities or a frontier, as bytes.
//!
//! Parts of a key carry their lengths, so that no two different lists of parts make the same key.

use crate::fit::ask::{Ask, PortsAsk};
use crate::model::{Affinity, Constraint, Job, Operand, RequestedDevice, TaskGroup};

/// A key that is being written; its memory is used again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyWriter(Vec<u8>);

impl KeyWriter {
    /// The key written so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes what decides which nodes may run a group by their facts; `index` is the number of the
    /// allocation to be placed, which the names of some volumes carry.
    pub(crate) fn mask(&mut self, job: &Job, group: &TaskGroup, index: u32) {
        self.0.clear();
        self.number(job.datacenters.len() as u64);
        for datacenter in &job.datacenters {
            self.text(datacenter);
        }
        self.text(&job.node_pool);
        self.hard(&job.constraints);
        self.hard(&group.constraints);
        self.number(group.tasks.len() as u64);
        for task in &group.tasks {
            self.text(&task.driver);
            self.hard(&task.constraints);
            self.number(task.devices().len() as u64);
            for device in task.devices() {
                self.device(device);
            }
            self.number(task.secrets.len() as u64);
            for secret in &task.secrets {
                self.text(&secret.provider);
            }
        }
        self.network(group);
        self.volumes(job, group, index);
    }

    /// Writes the affinities of a group, soft constraints among them; false if it has none.
    pub(crate) fn affinities(&mut self, job: &Job, group: &TaskGroup) -> bool {
        self.0.clear();
        let mut any = false;
        let mut write = |affinities: &[Affinity], constraints: &[Constraint]| {
            for it in affinities {
                any = true;
                self.triple(&it.l_target, &it.operand, &it.r_target);
                self.number(it.weight() as u64);
            }
            for it in constraints.iter().filter(|it| it.is_soft()) {
                any = true;
                self.triple(&it.l_target, &it.operand, &it.r_target);
                self.number(it.weight.unwrap_or(0) as u64);
            }
        };
        write(&job.affinities, &job.constraints);
        write(&group.affinities, &group.constraints);
        for task in &group.tasks {
            write(&task.affinities, &task.constraints);
        }
        any
    }

    /// Writes a frontier's key: what it is made of, by numbers, and the ask. `is_reserved` tells of a
    /// static port whether any node has it reserved; other static ports are no part of the key.
    pub(crate) fn frontier(
        &mut self,
        parts: &[u64],
        group: &TaskGroup,
        ask: &Ask,
        is_reserved: impl Fn(i64) -> bool,
    ) {
        self.0.clear();
        for &part in parts {
            self.number(part);
        }
        let amounts = ask.amounts;
        self.number(amounts.cpu_mhz as u64);
        self.number(amounts.memory_mb as u64);
        self.number(amounts.disk_mb as u64);
        if ask.is_plain() {
            return;
        }
        self.ports(ask.network.as_ref(), &is_reserved);
        for task in &ask.tasks {
            self.number(task.task.into());
            self.number(task.cores as u64);
            self.ports(task.network.as_ref(), &is_reserved);
            let devices = group.tasks.get(usize::from(task.task)).map(|task| task.devices());
            let devices = devices.unwrap_or_default();
            self.number(devices.len() as u64);
            for device in devices {
                self.device(device);
                self.number(device.affinities.len() as u64);
                for it in &device.affinities {
                    self.triple(&it.l_target, &it.operand, &it.r_target);
                    self.number(it.weight() as u64);
                }
            }
        }
    }

    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn triple(&mut self, left: &str, operand: &Operand, right: &str) {
        self.text(left);
        self.text(operand.as_str());
        self.text(right);
    }

    /// Constraints that filter by facts of nodes.
    fn hard(&mut self, constraints: &[Constraint]) {
        let by_facts = |it: &&Constraint| !it.is_soft() && !it.operand.is_distinct();
        let hard = || constraints.iter().filter(by_facts);
        self.number(hard().count() as u64);
        for it in hard() {
            self.triple(&it.l_target, &it.operand, &it.r_target);
        }
    }

    fn device(&mut self, device: &RequestedDevice) {
        self.text(&device.name);
        self.number(device.count().into());
        self.number(device.constraints.len() as u64);
        for it in &device.constraints {
            self.triple(&it.l_target, &it.operand, &it.r_target);
            self.number(it.is_soft().into());
            self.number(it.weight.unwrap_or(0) as u64);
        }
    }

    /// The mode and the named host networks of a group's network.
    fn network(&mut self, group: &TaskGroup) {
        let Some(network) = group.network() else { return self.number(0) };
        self.number(1);
        self.text(network.mode());
        let ports = network.dynamic_ports.iter().chain(network.reserved_ports.iter());
        for port in ports.filter(|port| !port.host_network.is_empty()) {
            self.text(&port.host_network);
            self.text(&port.label);
        }
    }

    fn volumes(&mut self, job: &Job, group: &TaskGroup, index: u32) {
        self.number(group.volumes.len() as u64);
        for volume in group.volumes.values() {
            self.text(&job.namespace);
            self.text(&volume.volume_type);
            self.text(&volume.source);
            self.text(&volume.access_mode);
            self.text(&volume.attachment_mode);
            self.number(volume.read_only.into());
            self.number(volume.sticky.into());
            self.number(if volume.per_alloc { u64::from(index) + 1 } else { 0 });
        }
    }

    fn ports(&mut self, network: Option<&PortsAsk>, is_reserved: &impl Fn(i64) -> bool) {
        let Some(network) = network else { return self.number(0) };
        self.number(1);
        self.number(network.mbits as u64);
        self.number(network.static_ports as u64);
        self.number(network.ports.len() as u64);
        for port in &network.ports {
            if is_reserved(port.value) {
                self.text(&port.label);
                self.number(port.value as u64);
            }
            self.text(port.host_network());
            self.number(port.ignore_collision.into());
        }
    }
}
