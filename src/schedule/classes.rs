//! Which kinds of nodes may help what found no place (docs/lifecycle.md, section 6; docs/placement.md,
//! section 2): those that may run it and had no room, and those that nobody has seen.

use indexmap::IndexMap;

use crate::feasibility::base::BaseSet;
use crate::feasibility::reason::FilterReason;
use crate::model::{Job, Node};
use crate::placement::caches::Caches;
use crate::placement::group::GroupPlan;
use crate::placement::options::PlaceOptions;
use crate::placement::scan::Scan;
use crate::state::State;
use crate::state::facts::Fact;
use crate::state::node::NodeRecord;
use crate::state::slots::NodeSlot;

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
        state: &State,
        caches: &mut Caches,
        job: &Job,
        groups: impl Iterator<Item = &'a str>,
        options: &PlaceOptions,
    ) -> Classes {
        let spec = job.spec();
        let find = |name: &str| spec.task_groups.iter().position(|group| group.name == name);
        let places: Vec<usize> = groups.filter_map(find).collect();
        let plan = |at: &usize| GroupPlan::new(state, job, *at, 0, options);
        let plans: Vec<GroupPlan<'_>> = places.iter().filter_map(plan).collect();
        if plans.iter().any(is_unique) {
            return Classes { eligibility: IndexMap::new(), is_escaped: true };
        }
        let scans: Vec<Scan<'_>> = plans.iter().map(|it| Scan::of_rules(state, it)).collect();
        let base = BaseSet::of(job);
        let mut eligibility: IndexMap<String, bool> = IndexMap::new();
        // Nodes alike are of one class, and the job looks at all of them or at none.
        for (slot, class) in &caches.kinds(state, computed_class).nodes {
            let Some(record) = state.node(*slot).filter(|it| base.contains(it)) else { continue };
            // One node of a class says what all of them are.
            if !eligibility.contains_key(&**class) {
                let may = scans.iter().any(|scan| may_suit(scan, *slot, record));
                eligibility.insert(class.to_string(), may);
            }
        }
        eligibility.sort_keys();
        Classes { eligibility, is_escaped: false }
    }
}

/// Whether no lasting fact of a node is against a group, whatever is on it and whatever devices and
/// networks it has: none of the facts that make its class.
fn may_suit(scan: &Scan<'_>, slot: NodeSlot, node: &NodeRecord) -> bool {
    scan.all_filters(slot, node).iter().all(|reason| {
        reason.is_distinct()
            || matches!(
                reason,
                FilterReason::MissingDevices
                | FilterReason::MissingNetwork
                | FilterReason::MissingHostNetwork { .. }
                // Who uses a volume, and how, changes.
                | FilterReason::MissingHostVolumes
                | FilterReason::MissingCsiVolumes(_)
            )
    })
}

/// Whether a group's rules read what only one node has.
fn is_unique(plan: &GroupPlan<'_>) -> bool {
    let facts = plan.chain().facts();
    let unique = [Fact::Id, Fact::Name, Fact::UniqueAttributes, Fact::UniqueMeta, Fact::DeviceIds];
    unique.into_iter().any(|fact| facts.contains(fact))
        || plan.group.volumes.values().any(|volume| volume.volume_type == "csi")
}
