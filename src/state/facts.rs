//! Facts of nodes that rules may read, and nodes alike: those that agree on all facts that do not
//! differ from node to node by their nature, so that one answer does for all of them.
//!
//! A rule names the facts that it reads (`feasibility`), and sees no others. Nodes alike share an answer
//! exactly where all of the facts behind it are in the key of nodes alike, which [`Fact::class_part`]
//! decides, one fact at a time.

use crate::model::Node;

/// What begins the keys of attributes and meta entries that differ from node to node.
pub(crate) const UNIQUE: &str = "unique.";

/// Something that a rule may read of a node, or of what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Its status, its drain and its eligibility.
    Readiness,
    Datacenter,
    Pool,
    Class,
    /// Attributes, but for those whose keys begin with `unique.`.
    Attributes,
    /// Meta entries, but for those whose keys begin with `unique.`.
    Meta,
    Drivers,
    HostVolumes,
    NetworkModes,
    AddressAliases,
    /// Groups of devices: their names, their attributes, and how many instances are there and healthy.
    Devices,
    Id,
    Name,
    UniqueAttributes,
    UniqueMeta,
    /// The ids of the instances of devices.
    DeviceIds,
    /// The inventory's dynamic volumes, the same for every node.
    DynamicVolumes,
    /// Which allocations are on the node.
    Allocations,
}

/// Writes what a node has of a fact.
type ClassPart = fn(&Node, &mut ClassKey);

impl Fact {
    /// All facts.
    pub(crate) const ALL: [Fact; 18] = [
        Fact::Readiness,
        Fact::Datacenter,
        Fact::Pool,
        Fact::Class,
        Fact::Attributes,
        Fact::Meta,
        Fact::Drivers,
        Fact::HostVolumes,
        Fact::NetworkModes,
        Fact::AddressAliases,
        Fact::Devices,
        Fact::Id,
        Fact::Name,
        Fact::UniqueAttributes,
        Fact::UniqueMeta,
        Fact::DeviceIds,
        Fact::DynamicVolumes,
        Fact::Allocations,
    ];

    /// The fact that an attribute of a key belongs to.
    pub(crate) fn of_attribute(key: &str) -> Fact {
        if key.starts_with(UNIQUE) { Fact::UniqueAttributes } else { Fact::Attributes }
    }

    /// The fact that a meta entry of a key belongs to.
    pub(crate) fn of_meta(key: &str) -> Fact {
        if key.starts_with(UNIQUE) { Fact::UniqueMeta } else { Fact::Meta }
    }

    /// What writes it into the key of nodes alike; none for facts on which nodes alike need not agree.
    fn class_part(self) -> Option<ClassPart> {
        Some(match self {
            Fact::Readiness => |node, key| key.number(node.is_ready().into()),
            Fact::Datacenter => |node, key| key.text(&node.datacenter),
            Fact::Pool => |node, key| key.text(&node.node_pool),
            Fact::Class => |node, key| key.text(&node.node_class),
            Fact::Attributes => |node, key| write_shared(key, node.attributes.iter()),
            Fact::Meta => |node, key| write_shared(key, node.meta.iter()),
            Fact::Drivers => write_drivers,
            Fact::HostVolumes => write_volumes,
            Fact::NetworkModes => write_network_modes,
            Fact::AddressAliases => write_aliases,
            Fact::Devices => write_devices,
            Fact::DynamicVolumes => |_, _| {},
            Fact::Id
            | Fact::Name
            | Fact::UniqueAttributes
            | Fact::UniqueMeta
            | Fact::DeviceIds
            | Fact::Allocations => return None,
        })
    }
}

/// Some facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FactSet(u32);

impl FactSet {
    /// Every fact.
    pub(crate) const ALL: FactSet = FactSet::of(&Fact::ALL);

    /// A set of some facts.
    pub(crate) const fn of(facts: &[Fact]) -> FactSet {
        let (mut set, mut at) = (FactSet(0), 0);
        while at < facts.len() {
            set = set.with(facts[at]);
            at += 1;
        }
        set
    }

    /// The set with a fact more.
    #[must_use]
    pub(crate) const fn with(self, fact: Fact) -> FactSet {
        FactSet(self.0 | 1 << fact as u32)
    }

    /// The facts of both sets.
    #[must_use]
    pub(crate) const fn union(self, other: FactSet) -> FactSet {
        FactSet(self.0 | other.0)
    }

    /// Whether a fact is in it.
    pub(crate) const fn contains(self, fact: Fact) -> bool {
        self.0 & 1 << fact as u32 != 0
    }

    /// Whether nodes alike agree on all of them.
    pub(crate) fn is_shared(self) -> bool {
        Fact::ALL.iter().all(|&fact| !self.contains(fact) || fact.class_part().is_some())
    }
}

/// A key that two nodes share exactly if they are alike. Saved states hold them, so that they are bytes which
/// stay as they are. Parts carry their lengths and lists their counts, so that no two different lists of parts
/// make the same key.
pub(crate) struct ClassKey(Vec<u8>);

impl ClassKey {
    /// The key as it is held.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }
}

/// The key of a node.
pub(crate) fn class_key(node: &Node) -> ClassKey {
    let mut key = ClassKey(Vec::with_capacity(1024));
    for write in Fact::ALL.iter().filter_map(|fact| fact.class_part()) {
        write(node, &mut key);
    }
    key
}

fn write_shared<'a>(key: &mut ClassKey, facts: impl Iterator<Item = (&'a String, &'a String)>) {
    let mut facts: Vec<_> = facts.filter(|(name, _)| !name.starts_with(UNIQUE)).collect();
    facts.sort_unstable();
    key.number(facts.len() as u64);
    for (name, value) in facts {
        key.text(name);
        key.text(value);
    }
}

fn write_drivers(node: &Node, key: &mut ClassKey) {
    let mut drivers: Vec<_> = node.drivers.iter().collect();
    drivers.sort_unstable_by_key(|(name, _)| *name);
    key.number(drivers.len() as u64);
    for (name, driver) in drivers {
        key.text(name);
        key.number(u64::from(driver.detected) * 2 + u64::from(driver.healthy));
    }
}

fn write_volumes(node: &Node, key: &mut ClassKey) {
    let mut volumes: Vec<_> = node.host_volumes.iter().collect();
    volumes.sort_unstable_by_key(|(name, _)| *name);
    key.number(volumes.len() as u64);
    for (name, volume) in volumes {
        key.text(name);
        key.text(&volume.id);
        key.number(volume.read_only.into());
    }
}

fn write_network_modes(node: &Node, key: &mut ClassKey) {
    key.number(node.networks().len() as u64);
    for network in node.networks() {
        key.text(&network.mode);
    }
}

fn write_aliases(node: &Node, key: &mut ClassKey) {
    key.number(node.addresses().len() as u64);
    for address in node.addresses() {
        key.text(&address.alias);
    }
}

fn write_devices(node: &Node, key: &mut ClassKey) {
    key.number(node.devices().len() as u64);
    for device in node.devices() {
        for text in [&device.vendor, &device.device_type, &device.name] {
            key.text(text);
        }
        let healthy = device.instances.iter().filter(|instance| instance.healthy);
        key.number(healthy.count() as u64);
        key.number(device.instances.len() as u64);
        let mut attributes: Vec<_> = device.attributes.iter().collect();
        attributes.sort_unstable_by_key(|(name, _)| *name);
        key.number(attributes.len() as u64);
        for (name, attribute) in attributes {
            key.text(name);
            // The written form has the kind, the value and the unit.
            key.text(&serde_json::to_string(attribute).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NodeSpec;

    /// A node with some more fields, and with some in its resources.
    fn node(fields: &str, resources: &str) -> Node {
        let json = format!(
            r#"{{"ID": "n1", "Name": "a", "Datacenter": "dc1", {fields}
                "NodeResources": {{{resources}}}}}"#
        );
        Node::from_json(&json).unwrap()
    }

    fn with_device(id: &str, healthy: bool) -> Node {
        let instances = format!(r#"[{{"ID": "{id}", "Healthy": {healthy}}}]"#);
        let device = r#""Vendor": "v", "Type": "gpu", "Name": "m", "Instances""#;
        node("", &format!(r#""Devices": [{{{device}: {instances}}}]"#))
    }

    fn with_alias(alias: &str) -> Node {
        let addresses = format!(r#"[{{"Alias": "{alias}", "Address": "10.0.0.1"}}]"#);
        let network = r#""Mode": "host", "Device": "eth0", "Addresses""#;
        node("", &format!(r#""NodeNetworks": [{{{network}: {addresses}}}]"#))
    }

    /// Two nodes that differ in one fact only, or in none if it is not the node's own.
    fn pair(fact: Fact) -> [Node; 2] {
        let but_for = |fields: &str| [node("", ""), node(fields, "")];
        let changed =
            |change: fn(&mut NodeSpec)| [node("", ""), node("", "").changed(change).unwrap()];
        match fact {
            Fact::Readiness => but_for(r#""Status": "down","#),
            Fact::Datacenter => changed(|spec| spec.datacenter = "dc2".into()),
            Fact::Pool => but_for(r#""NodePool": "other","#),
            Fact::Class => but_for(r#""NodeClass": "big","#),
            Fact::Attributes => but_for(r#""Attributes": {"a": "b"},"#),
            Fact::UniqueAttributes => but_for(r#""Attributes": {"unique.a": "b"},"#),
            Fact::Meta => but_for(r#""Meta": {"a": "b"},"#),
            Fact::UniqueMeta => but_for(r#""Meta": {"unique.a": "b"},"#),
            Fact::Drivers => but_for(r#""Drivers": {"docker": {"Detected": true}},"#),
            Fact::HostVolumes => but_for(r#""HostVolumes": {"v": {"Path": "/v"}},"#),
            Fact::NetworkModes => [node("", ""), node("", r#""Networks": [{"Mode": "bridge"}]"#)],
            Fact::AddressAliases => ["a", "b"].map(with_alias),
            Fact::Devices => [true, false].map(|healthy| with_device("i", healthy)),
            Fact::DeviceIds => ["i", "j"].map(|id| with_device(id, true)),
            Fact::Id => changed(|spec| spec.id = "n2".into()),
            Fact::Name => changed(|spec| spec.name = "b".into()),
            Fact::DynamicVolumes | Fact::Allocations => but_for(""),
        }
    }

    #[test]
    fn nodes_alike_agree_on_every_fact_that_they_share() {
        for fact in Fact::ALL {
            let [a, b] = pair(fact).map(|node| class_key(&node).bytes().to_vec());
            let is_of_the_node = !matches!(fact, Fact::DynamicVolumes | Fact::Allocations);
            let is_shared = FactSet::of(&[fact]).is_shared();
            assert_eq!(a != b, is_of_the_node && is_shared, "{fact:?}");
        }
        assert!(FactSet::default().is_shared());
        assert!(!FactSet::ALL.is_shared());
        assert!(!FactSet::of(&[Fact::Class, Fact::Id]).is_shared());
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        for (at, fact) in Fact::ALL.into_iter().enumerate() {
            assert_eq!(fact as usize, at);
            let set = FactSet::of(&[fact]);
            let held: Vec<Fact> = Fact::ALL.into_iter().filter(|it| set.contains(*it)).collect();
            assert_eq!(held, [fact]);
            assert!(FactSet::of(&[Fact::Id]).union(set).contains(fact));
        }
    }
}
