//! What a plan consists of.

use std::sync::Arc;

use super::effects::DeploymentChoice;
use super::evaluated::{Evaluated, PlannedStop, PlannedUpdate};
use super::known::KnownAllocation;
use crate::model::{AllocatedResources, Allocation, AllocationMetrics, Job, Node};
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::{GroupFailure, GroupPlacement, Outcome};
use crate::state::batch::Batch;
use crate::state::node::NodeTable;
use crate::state::slots::NodeRef;
use crate::state::usage::Holdings;
use crate::state::{State, view};

/// A proposal: placements, stops and evictions. It is owned, may wait and may go to another
/// thread. [`Cluster::commit`](crate::Cluster::commit) verifies it against the cluster as it is by then.
///
/// ```
/// use stowplan::model::{Job, Node};
/// use stowplan::{Cluster, PlaceOptions, Timestamp};
///
/// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// let mut cluster = Cluster::new([node])?;
/// let job = |id: &str| {
///     let group = |g: stowplan::model::GroupBuilder| {
///         g.task("nginx", "docker", |t| t.cpu_shares(600).memory_mb(64))
///     };
///     Job::builder(id).group("front", 1, group).build()
/// };
/// let (web, shop) = (job("web")?, job("shop")?);
///
/// // Two schedulers on forks of the same cluster both find room on the node.
/// let mut fork = cluster.fork();
/// let first = fork.plan_requests(&fork.missing(&web), &PlaceOptions::default())?;
/// let second = fork.plan_requests(&fork.missing(&shop), &PlaceOptions::default())?;
/// assert_eq!((first.len(), second.len()), (1, 1));
///
/// // Who comes second finds it taken.
/// assert!(cluster.commit(first, Timestamp::EPOCH).is_complete());
/// let committed = cluster.commit(second, Timestamp::EPOCH);
/// let (node, reason) = &committed.rejected()[0];
/// assert_eq!((node.as_str(), reason.to_string()), ("n1", "node has too little free: cpu".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) groups: Vec<PlannedGroup>,
    pub(crate) stops: Vec<PlannedStop>,
    pub(crate) updates: Vec<PlannedUpdate>,
    pub(crate) failed: Vec<GroupFailure>,
    pub(crate) options: PlaceOptions,
    /// The index of the state that it was made on.
    pub(crate) snapshot_index: u64,
    /// Whether any refusal refuses all of it. Requests are refused job by job.
    pub(crate) all_at_once: bool,
    /// What only the plan of an evaluation has.
    pub(crate) evaluated: Option<Box<Evaluated>>,
}

/// The placements of one group.
#[derive(Clone, Debug)]
pub(crate) struct PlannedGroup {
    pub(crate) job: Job,
    /// What they share, and what each of them shows.
    pub(crate) batch: Arc<Batch>,
    /// The deployment that they are part of.
    pub(crate) deployment: DeploymentChoice,
    /// The nodes by slot, as they were.
    nodes: NodeTable,
    pub(crate) placements: Vec<Planned>,
}

/// What a placement has beside what its batch says of it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) node: NodeRef,
    /// What it holds for itself, if anything.
    pub(crate) holdings: Option<Arc<Holdings>>,
    /// What it evicts.
    pub(crate) victims: Vec<KnownAllocation>,
}

/// One allocation that is to be placed.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// let plan = cluster.plan_requests(&cluster.missing(&job), &PlaceOptions::default())?;
/// let first = plan.placements().next().ok_or("nothing is planned")?;
/// assert_eq!((first.name(), first.node_id()), ("web.front[0]".into(), "n1"));
/// assert!(first.preempted().is_empty());
/// assert_eq!(cluster.allocation_count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PlannedAllocation<'a> {
    group: &'a PlannedGroup,
    at: usize,
}

impl Plan {
    /// The plan of an outcome, on the state that has it.
    pub(crate) fn new(state: &State, outcome: Outcome, index: u64, options: &PlaceOptions) -> Plan {
        let stops = outcome.stops.iter().filter_map(|&slot| KnownAllocation::new(state, slot));
        Plan {
            stops: stops.map(PlannedStop::of_replaced).collect(),
            updates: Vec::new(),
            groups: outcome.groups.iter().map(|group| PlannedGroup::new(state, group)).collect(),
            failed: outcome.failed,
            options: options.clone(),
            snapshot_index: index,
            all_at_once: false,
            evaluated: None,
        }
    }

    /// A plan of placements, made on a state of an index.
    pub(super) fn of_groups(groups: Vec<PlannedGroup>, index: u64) -> Plan {
        Plan {
            groups,
            stops: Vec::new(),
            updates: Vec::new(),
            failed: Vec::new(),
            options: PlaceOptions::default(),
            snapshot_index: index,
            all_at_once: false,
            evaluated: None,
        }
    }

    /// The allocations that are to be placed, in the order of the requests.
    pub fn placements(&self) -> impl Iterator<Item = PlannedAllocation<'_>> {
        self.groups.iter().flat_map(|group| {
            (0..group.placements.len()).map(move |at| PlannedAllocation { group, at })
        })
    }

    /// The allocations that are to stop.
    pub fn stops(&self) -> &[PlannedStop] {
        &self.stops
    }

    /// The allocations that stay and are written anew.
    pub fn updates(&self) -> &[PlannedUpdate] {
        &self.updates
    }

    /// Identities of what is to be evicted, by placement.
    pub fn evictions(&self) -> impl Iterator<Item = &str> {
        let batches = self.groups.iter().flat_map(|group| &group.batch.evicted);
        batches.flat_map(|(_, ids)| ids.iter().map(String::as_str))
    }

    /// The modify index of the cluster that it was made on.
    pub fn snapshot_index(&self) -> u64 {
        self.snapshot_index
    }

    /// How many allocations are to be placed.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.placements.len()).sum()
    }

    /// Tells whether nothing is to be placed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells whether committing it would change nothing but, of the plan of an evaluation, that.
    pub fn is_no_op(&self) -> bool {
        let changes_deployments = self.evaluated.as_ref().is_some_and(|evaluated| {
            let effects = &evaluated.effects;
            effects.deployment.is_some() || effects.deployment_update.is_some()
        });
        self.is_empty() && self.stops.is_empty() && self.updates.is_empty() && !changes_deployments
    }
}

impl PlannedGroup {
    fn new(state: &State, group: &GroupPlacement) -> PlannedGroup {
        let placements = group.batch.placed.iter().enumerate().map(|(at, placed)| Planned {
            node: state.node_ref(placed.node),
            holdings: group.holdings.get(at).filter(|holdings| !holdings.is_empty()).cloned(),
            victims: {
                let ids = group.batch.evicted_by(at).iter();
                let slots = ids.filter_map(|id| state.find_allocation(id));
                slots.filter_map(|slot| KnownAllocation::new(state, slot)).collect()
            },
        });
        PlannedGroup {
            placements: placements.collect(),
            job: group.job.clone(),
            batch: group.batch.clone(),
            deployment: DeploymentChoice::None,
            nodes: group.nodes.clone(),
        }
    }
}

impl PlannedGroup {
    /// The placements of a document.
    pub(super) fn of_document(
        state: &State,
        job: Job,
        batch: Arc<Batch>,
        deployment: DeploymentChoice,
        placements: Vec<Planned>,
    ) -> PlannedGroup {
        let nodes = state.node_table().clone();
        PlannedGroup { job, batch, deployment, nodes, placements }
    }

    /// The namespace and the identity of its job.
    pub(super) fn job_names(&self) -> (&str, &str) {
        (&self.job.namespace, &self.job.id)
    }
}

impl<'a> PlannedAllocation<'a> {
    /// Its name: `<job>.<group>[<index>]`.
    pub fn name(&self) -> String {
        self.group.batch.name_of(self.at)
    }

    /// The job, in the version that is to be placed.
    pub fn job(&self) -> &'a Job {
        &self.group.job
    }

    /// The group's name.
    pub fn task_group(&self) -> &'a str {
        self.group.batch.version.group_name()
    }

    /// The identity of the node that it is to go to.
    pub fn node_id(&self) -> &'a str {
        self.group.batch.node_of(self.at).map_or("", |node| &node.id)
    }

    /// The score the node was chosen by.
    pub fn score(&self) -> f64 {
        self.group.batch.placed.get(self.at).map_or(0.0, |placed| placed.score)
    }

    /// How the search for its node went.
    pub fn metrics(&self) -> AllocationMetrics {
        self.group.batch.metrics(self.at).unwrap_or_default()
    }

    /// The identities of the allocations that it evicts, sorted.
    pub fn preempted(&self) -> &'a [String] {
        self.group.batch.evicted_by(self.at)
    }

    /// The resources that it would have on its node.
    pub fn resources(&self) -> AllocatedResources {
        let none = Holdings::default();
        let planned = self.group.placements.get(self.at);
        let holdings = planned.and_then(|planned| planned.holdings.as_deref()).unwrap_or(&none);
        view::allocated_resources(&self.group.batch.version, self.node(), holdings)
    }

    /// The deployment that it is to be part of.
    pub(super) fn deployment(&self) -> DeploymentChoice {
        self.group.deployment
    }

    /// The allocation as the API has it, without its job.
    pub(super) fn document(&self, id: String) -> Allocation {
        let none = Holdings::default();
        let planned = self.group.placements.get(self.at);
        let holdings = planned.and_then(|planned| planned.holdings.as_deref()).unwrap_or(&none);
        let batch = &self.group.batch;
        let mut document =
            view::document(batch, &batch.version, self.at, id, self.node(), holdings);
        // It is not there yet.
        (document.create_index, document.modify_index, document.alloc_modify_index) = (0, 0, 0);
        (document.create_time, document.modify_time) = (0, 0);
        document
    }

    /// The node, as it was.
    fn node(&self) -> Option<&'a Node> {
        let slot = self.group.placements.get(self.at)?.node.slot;
        Some(&self.group.nodes.get(slot.at())?.as_ref()?.node)
    }
}
