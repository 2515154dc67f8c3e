//! Taking what only one allocation can have of its node, and giving it back.

use std::sync::Arc;

use super::node::NodeRecord;
use super::usage::{Holdings, Taken};

impl Taken {
    /// Adds what an allocation on the node holds. One that is leaving minds nobody.
    pub(crate) fn add(&mut self, holdings: &Holdings, node: &NodeRecord, is_leaving: bool) {
        for port in &holdings.ports {
            let minds = !is_leaving && !port.ignore_collision;
            let Ok(value) = u16::try_from(port.value) else {
                self.invalid_ports += u32::from(!is_leaving);
                continue;
            };
            let is_new = self.ports_on_mut(&port.ip).insert(value);
            if !is_new || !minds {
                self.port_holders.add((port.ip.clone(), value), is_new, minds);
            }
        }
        for (device, mbits) in &holdings.bandwidth {
            self.charge(device, *mbits);
        }
        for core in &holdings.cores {
            self.foreign_cores += u32::from(!is_leaving && is_foreign(node, core.id));
            let place = self.cores.binary_search(&core.id);
            if let Err(at) = place {
                self.cores.insert(at, core.id);
            }
            if place.is_ok() || is_leaving {
                self.core_holders.add(core.id, place.is_err(), !is_leaving);
            }
        }
        for device in &holdings.devices {
            let Some((group, instance)) = node.find_device(device) else { continue };
            let place = self.devices[group].binary_search(&instance);
            if let Err(at) = place {
                self.devices[group].insert(at, instance);
            }
            if place.is_ok() || is_leaving {
                let key = (group as u16, instance);
                self.device_holders.add(key, place.is_err(), !is_leaving);
            }
        }
    }

    /// Takes out what an allocation on the node held, which was leaving or not.
    pub(crate) fn subtract(&mut self, holdings: &Holdings, node: &NodeRecord, is_leaving: bool) {
        for port in &holdings.ports {
            let minds = !is_leaving && !port.ignore_collision;
            match u16::try_from(port.value) {
                Ok(value) => {
                    if self.port_holders.remove(&(port.ip.clone(), value), minds) {
                        self.ports_on_mut(&port.ip).remove(value);
                    }
                }
                Err(_) => self.invalid_ports -= u32::from(!is_leaving),
            }
        }
        for (device, mbits) in &holdings.bandwidth {
            self.charge(device, -mbits);
        }
        for core in &holdings.cores {
            self.foreign_cores -= u32::from(!is_leaving && is_foreign(node, core.id));
            if self.core_holders.remove(&core.id, !is_leaving)
                && let Ok(at) = self.cores.binary_search(&core.id)
            {
                self.cores.remove(at);
            }
        }
        for device in &holdings.devices {
            let Some((group, instance)) = node.find_device(device) else { continue };
            if self.device_holders.remove(&(group as u16, instance), !is_leaving)
                && let Ok(at) = self.devices[group].binary_search(&instance)
            {
                self.devices[group].remove(at);
            }
        }
    }

    fn charge(&mut self, device: &Arc<str>, mbits: i64) {
        match self.bandwidth.iter_mut().find(|(name, _)| name == device) {
            Some((_, used)) => *used += mbits,
            None => self.bandwidth.push((device.clone(), mbits)),
        }
    }
}

fn is_foreign(node: &NodeRecord, core: u16) -> bool {
    let cores = node.node.cores();
    !cores.is_empty() && !cores.iter().any(|it| it.id == core)
}
