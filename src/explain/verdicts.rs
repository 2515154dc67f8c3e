//! Every node's verdict on a group: not a candidate (docs/placement.md, section 2.1), filtered (the
//! rest of section 2), exhausted (sections 3.3 to 7) or ranked (section 3), with all reasons.

use std::fmt;

use super::fixes::fix::Fix;
use super::fixes::search;
use crate::feasibility::base::NotCandidate;
use crate::feasibility::reason::FilterReason;
use crate::fit::exhausted::{Dimension, Exhausted};
use crate::fit::{cores, devices};
use crate::model::{Job, Node};
use crate::placement::group::GroupPlan;
use crate::placement::missing;
use crate::placement::options::PlaceOptions;
use crate::placement::scan::{NodeResult, Scan};
use crate::rank::preempt::Evicted;
use crate::state::State;
use crate::state::node::NodeRecord;
use crate::state::slots::NodeSlot;
use crate::state::usage::Amounts;

/// The verdicts of all nodes on a group's next allocation, and the nearest fixes.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// let placement = cluster.place(&job, &PlaceOptions::default());
/// let explanation = placement.failed()[0].explain(&cluster);
/// assert_eq!((explanation.job_id(), explanation.task_group()), ("web", "front"));
/// assert_eq!(explanation.nodes().len(), 1);
/// assert_eq!(explanation.fixes()[0].to_string(), "1 node (`n1`) with 200 MHz more CPU free");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explanation {
    job: String,
    group: String,
    nodes: Vec<NodeVerdict>,
    with_preemption: Option<Vec<NodeVerdict>>,
    fixes: Vec<Fix>,
}

/// One node's verdict on a group's next allocation.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::Verdict;
///
/// let placement = cluster.place(&job, &PlaceOptions::default());
/// let explanation = placement.failed()[0].explain(&cluster);
/// let of_node = &explanation.nodes()[0];
/// assert_eq!(of_node.node().id, "n1");
/// assert!(matches!(of_node.verdict(), Verdict::Exhausted(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct NodeVerdict {
    node: Node,
    verdict: Verdict,
}

/// The outcome of looking at a node for a group's next allocation.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// use stowplan::Verdict;
///
/// let explanation = cluster.explain_node(&job, "front", "n1", &PlaceOptions::default());
/// let explanation = explanation.ok_or("no such node")?;
/// match explanation.verdict() {
///     Verdict::Ranked { norm_score, preempts, .. } => {
///         assert!(*norm_score > 0.0 && preempts.is_empty());
///     }
///     other => panic!("the node would do, but is {other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The job does not look at it, for all of these reasons.
    NotCandidate(Vec<NotCandidate>),
    /// It may not run the group, for all of these reasons, in the order of the rules. The first one is
    /// what the metrics count it under.
    Filtered(Vec<FilterReason>),
    /// It has no room, for lack of all of these. The first one is what the metrics count it under.
    Exhausted(Vec<Shortage>),
    /// It would do.
    Ranked {
        /// The scores by name, those that count and those that are shown as 0.
        scores: Vec<(&'static str, f64)>,
        /// Their mean.
        norm_score: f64,
        /// Identities of what would have to be evicted, sorted.
        preempts: Vec<String>,
    },
}

/// Something a node has too little of.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::{Dimension, Verdict};
///
/// let placement = cluster.place(&job, &PlaceOptions::default());
/// let explanation = placement.failed()[0].explain(&cluster);
/// let Verdict::Exhausted(shortages) = explanation.nodes()[0].verdict() else {
///     panic!("the node has no room");
/// };
/// assert_eq!(shortages[0].dimension, Dimension::Cpu);
/// assert_eq!((shortages[0].asked, shortages[0].free), (Some(400), Some(200)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shortage {
    /// The dimension that there is too little of.
    pub dimension: Dimension,
    /// For what comes in amounts: how much was asked for. Devices are counted for the first request
    /// that finds too few, in the group of alike devices that has most of them free.
    pub asked: Option<i64>,
    /// How much is in use, reserved amounts aside.
    pub used: Option<i64>,
    /// How much is free. Devices that another request of the same group needs are not.
    pub free: Option<i64>,
}

impl Explanation {
    /// The job's identity.
    pub fn job_id(&self) -> &str {
        &self.job
    }

    /// The group's name.
    pub fn task_group(&self) -> &str {
        &self.group
    }

    /// Every node's verdict, in the order of the nodes' identities.
    pub fn nodes(&self) -> &[NodeVerdict] {
        &self.nodes
    }

    /// Every node's verdict with eviction on, where it may be used and no node would do without.
    pub fn with_preemption(&self) -> Option<&[NodeVerdict]> {
        self.with_preemption.as_deref()
    }

    /// The changes that would make room for what could not be placed, the smallest change first.
    pub fn fixes(&self) -> &[Fix] {
        &self.fixes
    }

    /// The explanation of a group where there is nothing to explain.
    pub(crate) fn nothing(job: &Job, group: &str) -> Explanation {
        Explanation {
            job: job.id.clone(),
            group: group.into(),
            nodes: Vec::new(),
            with_preemption: None,
            fixes: Vec::new(),
        }
    }

    /// Looks for the nearest fixes in the state in which placing failed.
    pub(crate) fn add_fixes(
        &mut self,
        state: &State,
        plan: &GroupPlan<'_>,
        options: &PlaceOptions,
        evicted: &Evicted,
    ) {
        self.fixes = search::nearest(state, plan, options, evicted);
    }

    /// The fixes, to be changed.
    pub(crate) fn fixes_mut(&mut self) -> &mut Vec<Fix> {
        &mut self.fixes
    }
}

/// The node's identity and the verdict.
impl fmt::Debug for NodeVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeVerdict")
            .field("node", &self.node.id)
            .field("verdict", &self.verdict)
            .finish()
    }
}

impl NodeVerdict {
    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The verdict.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// Every node's verdict on a group's next allocation.
pub(crate) fn explain(
    state: &State,
    plan: &GroupPlan<'_>,
    options: &PlaceOptions,
    evicted: &Evicted,
) -> Explanation {
    let nodes = verdicts(state, plan, None);
    let none_ranked = !nodes.iter().any(|it| matches!(it.verdict, Verdict::Ranked { .. }));
    let may_evict = options.preemption.is_on_for(plan.job.job_type());
    Explanation {
        job: plan.job.id.clone(),
        group: plan.group.name.clone(),
        nodes,
        with_preemption: (none_ranked && may_evict).then(|| verdicts(state, plan, Some(evicted))),
        fixes: Vec::new(),
    }
}

fn verdicts(state: &State, plan: &GroupPlan<'_>, evicted: Option<&Evicted>) -> Vec<NodeVerdict> {
    let scan = Scan::new(state, plan, evicted);
    let done = missing::done_nodes(state, plan);
    let nodes = state.nodes();
    let mut verdicts: Vec<NodeVerdict> = nodes
        .map(|(slot, record)| NodeVerdict {
            node: record.node.clone(),
            verdict: match done.binary_search(&slot) {
                Ok(_) => Verdict::NotCandidate(vec![NotCandidate::Done]),
                Err(_) => verdict(state, plan, &scan, slot, record),
            },
        })
        .collect();
    verdicts.sort_by(|a, b| a.node.id.cmp(&b.node.id));
    verdicts
}

pub(super) fn verdict<'a>(
    state: &'a State,
    plan: &GroupPlan<'_>,
    scan: &Scan<'a>,
    slot: NodeSlot,
    node: &'a NodeRecord,
) -> Verdict {
    match scan.result(slot, node) {
        NodeResult::NotCandidate => Verdict::NotCandidate(plan.base.all_reasons(node)),
        NodeResult::Filtered(_) => Verdict::Filtered(scan.all_filters(slot, node)),
        NodeResult::Exhausted(first) => {
            Verdict::Exhausted(shortages(state, plan, slot, node, first))
        }
        NodeResult::Ranked(candidate) => {
            let ids = candidate.victims.iter().map(|&victim| state.allocation_id(victim));
            let mut preempts: Vec<String> = ids.collect();
            preempts.sort_unstable();
            Verdict::Ranked {
                scores: candidate.scores.named().collect(),
                norm_score: candidate.scores.mean(),
                preempts,
            }
        }
    }
}

/// What a node has too little of: what ran out first, then all amounts that are short.
fn shortages(
    state: &State,
    plan: &GroupPlan<'_>,
    slot: NodeSlot,
    node: &NodeRecord,
    first: Exhausted,
) -> Vec<Shortage> {
    let free = state.free(slot);
    let capacity = node.capacity;
    let ask = cores::amounts_with_cores(node, state.taken(slot, node), &plan.ask);
    let amount = |exhausted: Exhausted, of: fn(Amounts) -> i64| Shortage {
        dimension: exhausted.dimension(&plan.ask),
        asked: Some(of(ask)),
        used: Some(of(capacity) - of(free)),
        free: Some(of(free)),
    };
    let amounts = [
        amount(Exhausted::Cpu, |amounts| amounts.cpu_mhz),
        amount(Exhausted::Memory, |amounts| amounts.memory_mb),
        amount(Exhausted::Disk, |amounts| amounts.disk_mb),
    ];
    let of_devices = || {
        let counts = devices::shortage(node, state.taken(slot, node), &plan.ask)?;
        let count = |count: usize| i64::try_from(count).ok();
        Some((count(counts.asked)?, count(counts.used)?, count(counts.free)?))
    };
    let dimension = first.dimension(&plan.ask);
    let is_short = |shortage: &Shortage| shortage.asked > shortage.free;
    let known = amounts.iter().find(|shortage| shortage.dimension == dimension).cloned();
    let first = known.unwrap_or_else(|| {
        let counts = matches!(first, Exhausted::Devices(_)).then(of_devices).flatten();
        Shortage {
            dimension: dimension.clone(),
            asked: counts.map(|(asked, ..)| asked),
            used: counts.map(|(_, used, _)| used),
            free: counts.map(|(.., free)| free),
        }
    });
    let others = amounts.into_iter().filter(|it| it.dimension != dimension && is_short(it));
    std::iter::once(first).chain(others).collect()
}
