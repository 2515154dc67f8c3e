//! Nodes alike: nodes that agree on every fact that rules read, so that one answer does for all.
//!
//! Facts that differ from node to node by their nature (identity, name, attributes and meta entries
//! that start with `unique.`) are left out; rules that read them ask every node.

use crate::model::Node;

/// What begins the keys of facts that differ from node to node.
const UNIQUE: &str = "unique.";

/// A text that two nodes share exactly if they are alike.
pub(crate) fn key(node: &Node) -> Vec<u8> {
    let mut key = Key(Vec::with_capacity(512));
    let spec = node.spec();
    key.number(node.is_ready().into());
    for text in [&spec.datacenter, &spec.node_pool, &spec.node_class] {
        key.text(text);
    }
    key.sorted(spec.attributes.iter().filter(|(name, _)| !name.starts_with(UNIQUE)));
    key.sorted(spec.meta.iter().filter(|(name, _)| !name.starts_with(UNIQUE)));
    let mut drivers: Vec<_> = spec.drivers.iter().collect();
    drivers.sort_unstable_by_key(|(name, _)| *name);
    key.number(drivers.len());
    for (name, driver) in drivers {
        key.text(name);
        key.number(usize::from(driver.detected) * 2 + usize::from(driver.healthy));
    }
    let mut volumes: Vec<_> = spec.host_volumes.iter().collect();
    volumes.sort_unstable_by_key(|(name, _)| *name);
    key.number(volumes.len());
    for (name, volume) in volumes {
        key.text(name);
        key.text(&volume.id);
        key.number(volume.read_only.into());
    }
    key.number(node.networks().len());
    for network in node.networks() {
        key.text(&network.mode);
    }
    key.number(node.addresses().len());
    for address in node.addresses() {
        key.text(&address.alias);
    }
    key.devices(node);
    key.0
}

/// A text made of parts of known length, so that no two lists of parts make the same text.
struct Key(Vec<u8>);

impl Key {
    fn number(&mut self, number: usize) {
        self.0.extend_from_slice(&(number as u32).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn sorted<'a>(&mut self, facts: impl Iterator<Item = (&'a String, &'a String)>) {
        let mut facts: Vec<(&String, &String)> = facts.collect();
        facts.sort_unstable();
        self.number(facts.len());
        for (name, value) in facts {
            self.text(name);
            self.text(value);
        }
    }

    /// Devices by group, with how many of each are healthy.
    fn devices(&mut self, node: &Node) {
        self.number(node.devices().len());
        for device in node.devices() {
            for text in [&device.vendor, &device.device_type, &device.name] {
                self.text(text);
            }
            let healthy = device.instances.iter().filter(|instance| instance.healthy);
            self.number(healthy.count());
            let mut attributes: Vec<_> = device.attributes.iter().collect();
            attributes.sort_unstable_by_key(|(name, _)| *name);
            self.number(attributes.len());
            for (name, attribute) in attributes {
                self.text(name);
                // The written form has the kind, the value and the unit.
                self.text(&serde_json::to_string(attribute).unwrap_or_default());
            }
        }
    }
}
