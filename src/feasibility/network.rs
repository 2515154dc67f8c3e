//! Networks: the mode and the host networks that a group asks for (docs/placement.md, section 2.6).

use super::finding::Finding;
use super::fix_action::FixAction;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::rule::{Rule, RuleKind, one};
use super::target::{facts_of, resolve};
use super::view::NodeView;
use crate::model::TaskGroup;
use crate::model::network::Port;
use crate::state::facts::{Fact, FactSet};
use crate::state::key_writer::KeyWriter;
use crate::syntax::target::Target;
use crate::syntax::version::{Dialect, Version, VersionConstraints};

/// Nodes of versions before this one run networks of mode `bridge` without saying so.
const BRIDGE_ANNOUNCED_SINCE: &str = "< 0.12.0";

/// The attribute that says which version a node runs.
const VERSION: &str = "nomad.version";

/// The rule on a group's network. A group without one asks for nothing, so that no node is filtered for
/// having none.
pub(crate) const NETWORK: RuleKind = RuleKind {
    write_key: |source, key| write_key(source.group, key),
    rules: |source| {
        source.group.network().map_or_else(Vec::new, |_| one(NetworkRule::of(source.group)))
    },
};

fn write_key(group: &TaskGroup, key: &mut KeyWriter) {
    let Some(network) = group.network() else { return key.number(0) };
    key.number(1);
    key.text(network.mode());
    key.list(ports(group), |key, port| {
        key.text(&port.host_network);
        key.text(&port.label);
    });
}

/// The ports of a group's network that name a host network: dynamic ones, then static ones.
fn ports(group: &TaskGroup) -> impl Iterator<Item = &Port> {
    let ports = group
        .network()
        .into_iter()
        .flat_map(|network| network.dynamic_ports.iter().chain(network.reserved_ports.iter()));
    ports.filter(|port| !port.host_network.is_empty())
}

/// What a group's network asks of a node.
#[derive(Debug)]
struct NetworkRule {
    mode: String,
    /// Ports that name a host network, none if the mode has none.
    ports: Vec<(Port, Target)>,
}

impl NetworkRule {
    fn of(group: &TaskGroup) -> NetworkRule {
        let mode = group.network().map_or("none", |network| network.mode());
        let with_target = |port: &Port| (port.clone(), Target::right(&port.host_network));
        let ports =
            if mode == "none" { Vec::new() } else { ports(group).map(with_target).collect() };
        NetworkRule { mode: mode.into(), ports }
    }

    /// Whether a node has networks of the mode.
    fn has_mode(&self, node: NodeView<'_>) -> bool {
        self.mode == "none"
            || node.network_modes().any(|mode| mode == self.mode)
            || (self.mode == "bridge" && is_before_bridges(node))
    }

    /// The ports whose host networks a node lacks, and why.
    fn missing<'a>(&'a self, node: NodeView<'a>) -> impl Iterator<Item = (&'a Port, FilterReason)> {
        let ports = self.ports.iter();
        ports.filter_map(move |(port, target)| {
            Some((port, missing_host_network(port, target, node)?))
        })
    }
}

impl Rule for NetworkRule {
    fn facts(&self) -> FactSet {
        let mut facts = FactSet::of(&[Fact::NetworkModes]);
        if self.mode == "bridge" {
            facts = facts.with(Fact::Attributes);
        }
        if !self.ports.is_empty() {
            facts = facts.with(Fact::AddressAliases);
        }
        self.ports.iter().fold(facts, |facts, (_, target)| facts.union(facts_of(target)))
    }

    fn filter(&self, node: NodeView<'_>, reasons: &mut Vec<FilterReason>) {
        if !self.has_mode(node) {
            reasons.push(FilterReason::MissingNetwork);
        }
        reasons.extend(self.missing(node).map(|(_, reason)| reason));
    }

    fn findings(&self, node: NodeView<'_>, findings: &mut Vec<Finding>) {
        let mut modes: Vec<String> = node.network_modes().map(|mode| format!("`{mode}`")).collect();
        modes.dedup();
        let found = match self.mode.as_str() {
            "none" => "any node will do".to_owned(),
            _ if modes.is_empty() => "no network".to_owned(),
            _ => modes.join(", "),
        };
        let asked = format!("`{}`", self.mode);
        findings.push(Finding::new("network mode", &asked, &found, self.has_mode(node)));
        for (port, target) in &self.ports {
            let missing = missing_host_network(port, target, node);
            let asked = format!("`{}` for port `{}`", port.host_network, port.label);
            let found = match &missing {
                None => "there",
                Some(FilterReason::InvalidHostNetwork { .. }) => "not set",
                Some(_) => "no address",
            };
            findings.push(Finding::new("host network", &asked, found, missing.is_none()));
        }
    }

    fn remedy(&self, node: NodeView<'_>, remedies: &mut Remedies) {
        if !self.has_mode(node) {
            let drop = FixAction::DropNetwork { task: None, mode: self.mode.clone() };
            let add = FixAction::AddNetwork { nodes: Vec::new(), mode: self.mode.clone() };
            return remedies.add_with_other(add, drop);
        }
        for (port, _) in self.missing(node) {
            let (label, port) = (port.label.clone(), port.value);
            remedies.add(FixAction::DropPort { task: None, label, port });
        }
    }
}

fn is_before_bridges(node: NodeView<'_>) -> bool {
    let Some(version) = node.attribute(VERSION) else { return false };
    let Ok(version) = Version::parse_in(version, Dialect::Semver) else { return false };
    VersionConstraints::parse(BRIDGE_ANNOUNCED_SINCE, Dialect::Semver)
        .is_ok_and(|constraints| constraints.accepts(&version))
}

fn missing_host_network(port: &Port, target: &Target, node: NodeView<'_>) -> Option<FilterReason> {
    let Some(alias) = resolve(target, node) else {
        let host_network = port.host_network.clone();
        return Some(FilterReason::InvalidHostNetwork { host_network, port: port.label.clone() });
    };
    (!node.has_address(alias)).then(|| FilterReason::MissingHostNetwork {
        host_network: alias.into(),
        port: port.label.clone(),
    })
}
