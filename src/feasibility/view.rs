//! A node as a rule sees it: with the facts that the rule names, and no others.
//!
//! What a rule reads decides which nodes may share its answer, so a rule that reads more than it names
//! would give wrong answers. With debug assertions on, as in all tests, it panics instead.

use crate::model::volume::{DynamicVolume, HostVolume};
use crate::model::{DriverInfo, NodeSpec};
use crate::state::device::DeviceFacts;
use crate::state::facts::{Fact, FactSet};
use crate::state::node::NodeRecord;
use crate::syntax::quantity::Quantity;
use crate::syntax::target::DeviceTarget;

/// Facts beside a node that rules may read.
pub(crate) struct Surroundings<'a> {
    pub(crate) volumes: &'a [DynamicVolume],
    /// Whether an allocation on the node has the volume of this name to write.
    pub(crate) has_writer: &'a dyn Fn(&str) -> bool,
}

/// A node with the facts that may be read of it.
#[derive(Clone, Copy)]
pub(crate) struct NodeView<'a> {
    node: &'a NodeRecord,
    surroundings: &'a Surroundings<'a>,
    named: FactSet,
}

impl<'a> NodeView<'a> {
    /// A node for who reads the named facts of it and of what is around it.
    pub(crate) fn new(
        node: &'a NodeRecord,
        surroundings: &'a Surroundings<'a>,
        named: FactSet,
    ) -> NodeView<'a> {
        NodeView { node, surroundings, named }
    }

    /// A node by itself, for who reads the named facts of it.
    pub(crate) fn alone(node: &'a NodeRecord, named: FactSet) -> NodeView<'a> {
        const NOTHING: Surroundings<'static> =
            Surroundings { volumes: &[], has_writer: &|_| false };
        NodeView { node, surroundings: &NOTHING, named }
    }

    /// Its document, for one of its facts.
    fn spec(self, fact: Fact) -> &'a NodeSpec {
        self.note(fact);
        self.node.node.spec()
    }

    fn note(self, fact: Fact) {
        debug_assert!(self.named.contains(fact), "{fact:?} is read and not named");
    }

    pub(crate) fn is_ready(self) -> bool {
        self.note(Fact::Readiness);
        self.node.node.is_ready()
    }

    pub(crate) fn status(self) -> &'a str {
        &self.spec(Fact::Readiness).status
    }

    pub(crate) fn is_draining(self) -> bool {
        self.spec(Fact::Readiness).is_draining()
    }

    pub(crate) fn is_eligible(self) -> bool {
        self.spec(Fact::Readiness).scheduling_eligibility == "eligible"
    }

    pub(crate) fn id(self) -> &'a str {
        &self.spec(Fact::Id).id
    }

    pub(crate) fn name(self) -> &'a str {
        &self.spec(Fact::Name).name
    }

    pub(crate) fn datacenter(self) -> &'a str {
        &self.spec(Fact::Datacenter).datacenter
    }

    pub(crate) fn node_pool(self) -> &'a str {
        &self.spec(Fact::Pool).node_pool
    }

    pub(crate) fn node_class(self) -> &'a str {
        &self.spec(Fact::Class).node_class
    }

    pub(crate) fn attribute(self, key: &str) -> Option<&'a str> {
        self.spec(Fact::of_attribute(key)).attributes.get(key).map(String::as_str)
    }

    pub(crate) fn meta(self, key: &str) -> Option<&'a str> {
        self.spec(Fact::of_meta(key)).meta.get(key).map(String::as_str)
    }

    /// What it says of a driver.
    pub(crate) fn driver(self, name: &str) -> Option<&'a DriverInfo> {
        self.spec(Fact::Drivers).drivers.get(name)
    }

    pub(crate) fn host_volume(self, name: &str) -> Option<&'a HostVolume> {
        self.spec(Fact::HostVolumes).host_volumes.get(name)
    }

    /// The modes of its networks.
    pub(crate) fn network_modes(self) -> impl Iterator<Item = &'a str> {
        self.note(Fact::NetworkModes);
        self.node.node.networks().iter().map(|network| network.mode())
    }

    /// Whether it has an address of an alias.
    pub(crate) fn has_address(self, alias: &str) -> bool {
        self.note(Fact::AddressAliases);
        self.node.addresses.iter().any(|address| &*address.alias == alias)
    }

    /// Its groups of alike devices.
    pub(crate) fn devices(self) -> impl Iterator<Item = DeviceView<'a>> {
        self.note(Fact::Devices);
        let named = self.named;
        self.node.devices.iter().map(move |group| DeviceView { device: &group.facts, named })
    }

    /// A dynamic volume of the inventory.
    pub(crate) fn dynamic_volume(self, id: &str) -> Option<&'a DynamicVolume> {
        self.note(Fact::DynamicVolumes);
        self.surroundings.volumes.iter().find(|volume| volume.id == id)
    }

    /// Whether an allocation on it has a volume to write.
    pub(crate) fn has_writer(self, volume: &str) -> bool {
        self.note(Fact::Allocations);
        (self.surroundings.has_writer)(volume)
    }
}

/// A group of alike devices with the facts that may be read of it.
#[derive(Clone, Copy)]
pub(crate) struct DeviceView<'a> {
    device: &'a DeviceFacts,
    named: FactSet,
}

impl<'a> DeviceView<'a> {
    /// A group of which everything may be read.
    pub(crate) fn whole(device: &'a DeviceFacts) -> DeviceView<'a> {
        DeviceView { device, named: FactSet::ALL }
    }

    /// The facts that all instances have in common.
    pub(crate) fn facts(self) -> &'a DeviceFacts {
        self.device
    }

    /// What a target names on these devices.
    pub(crate) fn find(self, target: &DeviceTarget) -> Option<&'a Quantity> {
        debug_assert!(
            *target != DeviceTarget::Ids || self.named.contains(Fact::DeviceIds),
            "the ids of devices are read and not named"
        );
        self.device.find(target)
    }
}
