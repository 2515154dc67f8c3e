//! Networks: the mode and the host networks that a group asks for (docs/placement.md, section 2.6).

use std::sync::Arc;

use super::target::resolve;
use crate::model::TaskGroup;
use crate::model::network::Port;
use crate::state::node::NodeRecord;
use crate::syntax::target::Target;
use crate::syntax::version::{Dialect, Version, VersionConstraints};

/// The text the metrics count filtered nodes under when the mode is missing.
const MISSING_NETWORK: &str = "missing network";

/// Nodes of versions before this one run networks of mode `bridge` without saying so.
const BRIDGE_ANNOUNCED_SINCE: &str = "< 0.12.0";

/// What a group's network asks of a node.
#[derive(Clone, Debug)]
pub(crate) struct NetworkRule {
    mode: String,
    /// Ports that name a host network: dynamic ones, then static ones.
    ports: Vec<(Port, Target)>,
}

impl NetworkRule {
    /// The rule of a group, if it asks for a network. A group without one asks for nothing, so that no
    /// node is filtered for having none.
    pub(crate) fn of(group: &TaskGroup) -> Option<NetworkRule> {
        let network = group.networks.first()?;
        let ports = network.dynamic_ports.iter().chain(network.reserved_ports.iter());
        let names_network = |port: &&Port| !port.host_network.is_empty();
        let with_target = |port: &Port| (port.clone(), Target::right(&port.host_network));
        Some(NetworkRule {
            mode: mode_or_host(&network.mode).to_owned(),
            ports: ports.filter(names_network).map(with_target).collect(),
        })
    }

    /// Everything on a node that does not do, in the order of the checks.
    pub(crate) fn failures<'a>(
        &'a self,
        node: &'a NodeRecord,
    ) -> impl Iterator<Item = Arc<str>> + 'a {
        let without_mode = !self.has_mode(node);
        let missing = without_mode.then(|| MISSING_NETWORK.into());
        missing.into_iter().chain(self.missing_host_networks(node).map(|(_, text)| text))
    }

    /// The ports whose host networks a node lacks.
    pub(crate) fn ports_without_network<'a>(
        &'a self,
        node: &'a NodeRecord,
    ) -> impl Iterator<Item = &'a Port> {
        self.missing_host_networks(node).map(|(port, _)| port)
    }

    /// Whether it reads facts that differ from node to node by their nature.
    pub(crate) fn is_unique(&self) -> bool {
        self.ports.iter().any(|(_, target)| target.is_unique())
    }

    fn missing_host_networks<'a>(
        &'a self,
        node: &'a NodeRecord,
    ) -> impl Iterator<Item = (&'a Port, Arc<str>)> {
        let ports = if self.mode == "none" { &[] } else { &*self.ports };
        ports
            .iter()
            .filter_map(|(port, target)| Some((port, missing_host_network(port, target, node)?)))
    }

    /// Whether a node has networks of the mode.
    pub(crate) fn has_mode(&self, node: &NodeRecord) -> bool {
        let networks = node.node.networks();
        self.mode == "none"
            || networks.iter().any(|network| mode_or_host(&network.mode) == self.mode)
            || (self.mode == "bridge" && is_before_bridges(node))
    }
}

fn mode_or_host(mode: &str) -> &str {
    if mode.is_empty() { "host" } else { mode }
}

fn is_before_bridges(node: &NodeRecord) -> bool {
    let Some(version) = node.node.spec().attributes.get("nomad.version") else { return false };
    let Ok(version) = Version::parse_in(version, Dialect::Semver) else { return false };
    VersionConstraints::parse(BRIDGE_ANNOUNCED_SINCE, Dialect::Semver)
        .is_ok_and(|constraints| constraints.accepts(&version))
}

fn missing_host_network(port: &Port, target: &Target, node: &NodeRecord) -> Option<Arc<str>> {
    let label = &port.label;
    let Some(alias) = resolve(target, node) else {
        let raw = &port.host_network;
        return Some(
            format!("invalid host network \"{raw}\" template for port \"{label}\"").into(),
        );
    };
    let is_there = node.addresses.iter().any(|address| &*address.alias == alias);
    (!is_there).then(|| format!("missing host network \"{alias}\" for port \"{label}\"").into())
}
