//! Which kinds of nodes may help what found no place (docs/lifecycle.md, section 6; docs/placement.md,
//! section 2): those that may run it and had no room, and those that nobody has seen.

use indexmap::IndexMap;

use crate::cluster::Cluster;
use crate::model::{Constraint, Job, Node, TaskGroup};
use crate::placement::options::PlaceOptions;

/// Where targets of what only one node has begin.
const UNIQUE: [&str; 4] = ["${unique.", "${node.unique.", "${attr.unique.", "${meta.unique."];

/// What of the nodes an evaluation that waits for room depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes {
    /// By class: whether one of its nodes may run any group that waits. Empty where that is `escaped`.
    pub(super) eligibility: IndexMap<String, bool>,
    /// Whether it depends on what only one node has.
    pub(super) is_escaped: bool,
}

/// The class of a node: a name for all that are alike in what decides whether they may run a job, what
/// only one of them has aside. Nodes that differ have different ones.
///
/// ```
/// use stowplan::model::Node;
/// use stowplan::schedule::computed_class;
///
/// let node = |id| Node::builder(id).class("large").attribute("unique.hostname", id);
/// let (first, second) = (node("n1").build()?, node("n2").build()?);
/// assert_eq!(computed_class(&first), computed_class(&second));
/// assert_ne!(computed_class(&first), computed_class(&node("n3").driver("docker").build()?));
/// # Ok::<(), stowplan::model::NodeErrors>(())
/// ```
pub fn computed_class(node: &Node) -> String {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    for text in [&node.datacenter, &node.node_pool, &node.node_class] {
        hash.add(text);
    }
    for (kind, facts) in [("attr", &node.attributes), ("meta", &node.meta)] {
        let mut facts: Vec<(&String, &String)> =
            facts.iter().filter(|(key, _)| !key.starts_with("unique.")).collect();
        facts.sort_unstable();
        for (key, value) in facts {
            [kind, key, value].into_iter().for_each(|text| hash.add(text));
        }
    }
    let mut drivers: Vec<_> = node.drivers.iter().collect();
    drivers.sort_unstable_by_key(|(name, _)| *name);
    for (name, driver) in drivers {
        hash.add(name);
        hash.add(if driver.detected && driver.healthy { "works" } else { "fails" });
    }
    let mut volumes: Vec<&String> = node.host_volumes.keys().collect();
    volumes.sort_unstable();
    volumes.into_iter().for_each(|name| hash.add(name));
    format!("v1:{:016x}", hash.0)
}

/// A hash of texts that is the same everywhere.
struct Hash(u64);

impl Hash {
    fn add(&mut self, text: &str) {
        // No text has this byte, so that the borders between texts count.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl Classes {
    /// The classes of the nodes that a job looks at, for groups of it that found no place.
    pub(super) fn of<'a>(
        cluster: &Cluster,
        job: &Job,
        groups: impl Iterator<Item = &'a str> + Clone,
        options: &PlaceOptions,
    ) -> Classes {
        let find = |name: &str| job.task_groups.iter().find(|group| group.name == name);
        let is_escaped = job.constraints.iter().any(is_unique)
            || groups.clone().filter_map(find).any(group_is_unique);
        if is_escaped {
            return Classes { eligibility: IndexMap::new(), is_escaped };
        }
        let mut eligibility: IndexMap<String, bool> = IndexMap::new();
        let mut nodes: Vec<&Node> = cluster.nodes().collect();
        nodes.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for node in nodes {
            if !cluster.is_candidate(job, &node.id) {
                continue;
            }
            // One node of a class says what all of them are.
            eligibility.entry(computed_class(node)).or_insert_with(|| {
                groups.clone().any(|group| cluster.may_suit(job, group, &node.id, options))
            });
        }
        eligibility.sort_keys();
        Classes { eligibility, is_escaped }
    }
}

fn group_is_unique(group: &TaskGroup) -> bool {
    let constraints = group.constraints.iter();
    constraints.chain(group.tasks.iter().flat_map(|task| &task.constraints)).any(is_unique)
        || group.volumes.values().any(|volume| volume.volume_type == "csi")
}

fn is_unique(constraint: &Constraint) -> bool {
    let sides = [&constraint.l_target, &constraint.r_target];
    sides.into_iter().any(|side| UNIQUE.iter().any(|start| side.starts_with(start)))
}
