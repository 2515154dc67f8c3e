//! The chain of rules of a group, in the order in which the first failure counts
//! (docs/placement.md, section 2.2).

use std::sync::Arc;

use super::constraint::ConstraintRule;
use super::device::DeviceRequest;
use super::driver;
use super::network::NetworkRule;
use super::secrets;
use super::supply;
use super::volume::{self, HostVolumeRule};
use crate::model::Job;
use crate::model::TaskGroup;
use crate::model::constraint::Constraint;
use crate::model::volume::DynamicVolume;
use crate::state::node::NodeRecord;

/// The text the metrics count nodes under that lack devices.
const MISSING_DEVICES: &str = "missing devices";

/// One rule of the chain.
#[derive(Clone, Debug)]
enum Rule {
    Constraint(ConstraintRule),
    Drivers(Vec<String>),
    Devices(Vec<DeviceRequest>),
    Network(NetworkRule),
    Secrets(Vec<String>),
    HostVolumes(Vec<HostVolumeRule>),
    CsiVolumes(Arc<str>),
}

/// What a group asks of a node's facts.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    rules: Vec<Rule>,
}

/// What rules may ask beside a node's facts.
pub(crate) struct Surroundings<'a> {
    pub(crate) volumes: &'a [DynamicVolume],
    /// Whether an allocation on the node has the volume of this name to write.
    pub(crate) has_writer: &'a dyn Fn(&str) -> bool,
}

impl Chain {
    /// The rules of a group; `index` is the number of the allocation to be placed, which the names of
    /// some volumes carry.
    pub(crate) fn of(job: &Job, group: &TaskGroup, index: u32) -> Chain {
        let mut rules = Vec::new();
        rules.extend(hard(&job.spec().constraints));
        let mut drivers: Vec<String> = group.tasks.iter().map(|it| it.driver.clone()).collect();
        drivers.sort();
        drivers.dedup();
        rules.push(Rule::Drivers(drivers));
        rules.extend(hard(&group.constraints));
        rules.extend(group.tasks.iter().flat_map(|task| hard(&task.constraints)));
        let resources = group.tasks.iter().filter_map(|task| task.resources.as_ref());
        let requests: Vec<DeviceRequest> =
            resources.flat_map(|it| &it.devices).map(DeviceRequest::new).collect();
        if !requests.is_empty() {
            rules.push(Rule::Devices(requests));
        }
        rules.extend(NetworkRule::of(group).map(Rule::Network));
        let secrets = group.tasks.iter().flat_map(|task| &task.secrets);
        let providers: Vec<String> = secrets.map(|secret| secret.provider.clone()).collect();
        if !providers.is_empty() {
            rules.push(Rule::Secrets(providers));
        }
        let volumes = HostVolumeRule::of(group, &job.spec().namespace, index);
        if !volumes.is_empty() {
            rules.push(Rule::HostVolumes(volumes));
        }
        rules.extend(volume::missing_csi_volumes(group, index).map(Rule::CsiVolumes));
        Chain { rules }
    }

    /// The first rule that a node breaks, by the text the metrics count it under.
    pub(crate) fn first_failure(
        &self,
        node: &NodeRecord,
        surroundings: &Surroundings<'_>,
    ) -> Option<Arc<str>> {
        self.rules.iter().find_map(|rule| rule.failures(node, surroundings).into_iter().next())
    }

    /// All rules that a node breaks, in the order of the chain.
    pub(crate) fn all_failures(
        &self,
        node: &NodeRecord,
        surroundings: &Surroundings<'_>,
    ) -> Vec<Arc<str>> {
        let mut failures: Vec<Arc<str>> = Vec::new();
        for failure in self.rules.iter().flat_map(|rule| rule.failures(node, surroundings)) {
            if !failures.contains(&failure) {
                failures.push(failure);
            }
        }
        failures
    }

    /// Whether it reads facts that differ from node to node by their nature.
    pub(crate) fn is_unique(&self) -> bool {
        self.rules.iter().any(|rule| match rule {
            Rule::Constraint(rule) => rule.is_unique(),
            Rule::Devices(requests) => requests.iter().any(DeviceRequest::reads_ids),
            Rule::Network(rule) => rule.is_unique(),
            // These read names, health and versions, all of which are in the key of nodes alike.
            Rule::Drivers(_) | Rule::Secrets(_) | Rule::HostVolumes(_) | Rule::CsiVolumes(_) => {
                false
            }
        })
    }

    /// Whether its answers depend on the allocations that are on a node.
    pub(crate) fn depends_on_allocations(&self) -> bool {
        self.rules.iter().any(|rule| match rule {
            Rule::HostVolumes(rules) => rules.iter().any(HostVolumeRule::depends_on_allocations),
            _ => false,
        })
    }
}

/// The rules among constraints that filter by facts of nodes.
fn hard(constraints: &[Constraint]) -> impl Iterator<Item = Rule> {
    let by_facts = |it: &&Constraint| !it.is_soft() && !it.operand.is_distinct();
    constraints.iter().filter(by_facts).map(|it| Rule::Constraint(ConstraintRule::of(it)))
}

impl Rule {
    /// The texts of what a node lacks; none if it passes.
    fn failures(&self, node: &NodeRecord, surroundings: &Surroundings<'_>) -> Vec<Arc<str>> {
        let fails_with = |passes: bool, key: &str| {
            if passes { Vec::new() } else { vec![Arc::from(key)] }
        };
        match self {
            Rule::Constraint(rule) if rule.holds(node) => Vec::new(),
            Rule::Constraint(rule) => vec![rule.key.clone()],
            Rule::Drivers(drivers) => {
                fails_with(drivers.iter().all(|it| driver::has_driver(node, it)), driver::KEY)
            }
            Rule::Devices(requests) => fails_with(has_devices(node, requests), MISSING_DEVICES),
            Rule::Network(rule) => rule.failures(node).collect(),
            Rule::Secrets(providers) => {
                let has_all = providers.iter().all(|it| secrets::has_provider(node, it));
                fails_with(has_all, secrets::KEY)
            }
            Rule::HostVolumes(rules) => {
                let holds = |rule: &HostVolumeRule| {
                    rule.holds(node, surroundings.volumes, surroundings.has_writer)
                };
                fails_with(rules.iter().all(holds), volume::KEY)
            }
            Rule::CsiVolumes(key) => vec![key.clone()],
        }
    }
}

/// Whether a node has enough healthy devices, in use or not.
fn has_devices(node: &NodeRecord, requests: &[DeviceRequest]) -> bool {
    supply::unmet(node, requests.iter(), |group| group.facts.healthy()).is_empty()
}
