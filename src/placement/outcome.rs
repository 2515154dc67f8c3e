//! What placing a job gave: allocations, and for what could not be placed the reasons.

use std::sync::{Arc, OnceLock};

use super::options::PlaceOptions;
use crate::cluster::Cluster;
use crate::explain::verdicts::Explanation;
use crate::model::{
    AllocatedResources, Allocation, AllocationMetrics, Job, Node, Resources, Task, TaskGroup,
};
use crate::state::run::Run;
use crate::state::slots::AllocationSlot;
use crate::state::tally::Tally;
use crate::state::usage::Holdings;
use crate::state::view;
use crate::state::{NodeTable, ids};

/// What placing a job gave. What could not be placed is an answer, not an error: see
/// [`Placement::failed`].
#[derive(Clone, Debug)]
pub struct Placement {
    pub(crate) job: Job,
    pub(crate) identity_seed: u64,
    pub(crate) groups: Vec<GroupPlacement>,
    pub(crate) failed: Vec<FailedGroup>,
    pub(crate) explanations: Vec<Explanation>,
    pub(crate) scanned: usize,
}

/// What was placed of one group.
#[derive(Clone, Debug)]
pub(crate) struct GroupPlacement {
    pub(crate) run: Arc<Run>,
    pub(crate) allocations: Vec<NewSlot>,
    /// The nodes by slot, as they were.
    pub(crate) nodes: NodeTable,
    /// What each allocation holds beside amounts; empty where none holds anything.
    pub(crate) holdings: Vec<Arc<Holdings>>,
}

/// The slot of a new allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSlot {
    pub(crate) slot: AllocationSlot,
    pub(crate) generation: u32,
}

/// The slots of what was placed, in the order of placement.
pub(crate) fn slots(groups: &[GroupPlacement]) -> impl DoubleEndedIterator<Item = AllocationSlot> {
    groups.iter().flat_map(|group| group.allocations.iter().map(|new| new.slot))
}

impl Placement {
    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// What was placed, in the order of placement.
    pub fn allocations(&self) -> impl Iterator<Item = PlacedAllocation<'_>> {
        self.groups.iter().flat_map(move |group| {
            let places = 0..group.allocations.len();
            places.map(move |at| PlacedAllocation { identity_seed: self.identity_seed, group, at })
        })
    }

    /// The groups of which not everything could be placed.
    pub fn failed(&self) -> &[FailedGroup] {
        &self.failed
    }

    /// Whether everything could be placed.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
    }

    /// Every node's verdict for each group, and the nearest fixes, where
    /// [`PlaceOptions::explain`](crate::PlaceOptions::explain) asked for them.
    pub fn explanations(&self) -> &[Explanation] {
        &self.explanations
    }

    /// For how many selections every node had to be looked at, because nothing quicker answers them:
    /// system jobs, samples, evictions, and groups whose rules depend on more than is kept up to date.
    pub fn scanned(&self) -> usize {
        self.scanned
    }

    /// How many allocations were placed.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.allocations.len()).sum()
    }

    /// Whether nothing was placed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One allocation that was placed.
#[derive(Clone, Copy, Debug)]
pub struct PlacedAllocation<'a> {
    identity_seed: u64,
    group: &'a GroupPlacement,
    at: usize,
}

impl<'a> PlacedAllocation<'a> {
    /// Its identity.
    pub fn id(&self) -> String {
        let new = self.group.allocations[self.at];
        ids::encode(self.identity_seed, new.slot, new.generation)
    }

    /// Its name: `<job>.<group>[<index>]`.
    pub fn name(&self) -> String {
        self.group.run.name_of(self.at)
    }

    /// The node it was placed on.
    pub fn node(&self) -> &'a Node {
        let slot = self.group.run.placed[self.at].node;
        let record = self.group.nodes[slot.at()].as_ref();
        // Nothing is placed on a slot without a node.
        &record.unwrap_or_else(|| unreachable!()).node
    }

    /// The node's identity.
    pub fn node_id(&self) -> &'a str {
        &self.node().id
    }

    /// The node's name.
    pub fn node_name(&self) -> &'a str {
        &self.node().name
    }

    /// The group's name.
    pub fn task_group(&self) -> &'a str {
        &self.group.run.job.task_groups[self.group.run.group].name
    }

    /// The score the node was chosen by.
    pub fn score(&self) -> f64 {
        self.group.run.placed[self.at].score
    }

    /// How its placement went.
    pub fn metrics(&self) -> AllocationMetrics {
        self.group.run.metrics(self.at).unwrap_or_default()
    }

    /// The identities of the allocations it evicts, sorted.
    pub fn preempted(&self) -> &'a [String] {
        self.group.run.evicted_by(self.at)
    }

    /// What it has on its node.
    pub fn resources(&self) -> AllocatedResources {
        let none = Holdings::default();
        let holdings = self.group.holdings.get(self.at).map_or(&none, |holdings| holdings);
        view::allocated_resources(&self.group.run, Some(self.node()), holdings)
    }

    /// The allocation as the API has it, without its job.
    pub fn to_allocation(&self) -> Allocation {
        let none = Holdings::default();
        let holdings = self.group.holdings.get(self.at).map_or(&none, |holdings| holdings);
        view::document(&self.group.run, self.at, self.id(), Some(self.node()), holdings)
    }
}

/// A group of which not everything could be placed.
#[derive(Clone, Debug)]
pub struct FailedGroup {
    pub(crate) job: Job,
    pub(crate) group: usize,
    pub(crate) name_index: u32,
    pub(crate) unplaced: u32,
    pub(crate) tally: Arc<Tally>,
    pub(crate) time_ns: u64,
    /// Made when asked for.
    pub(crate) metrics: OnceLock<Box<AllocationMetrics>>,
    pub(crate) options: PlaceOptions,
    pub(crate) identity_seed: u64,
    pub(crate) modify_index: u64,
}

impl FailedGroup {
    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The group.
    pub fn task_group(&self) -> &TaskGroup {
        &self.job.spec().task_groups[self.group]
    }

    /// The group's name.
    pub fn name(&self) -> &str {
        &self.task_group().name
    }

    /// How many allocations of the group are missing.
    pub fn unplaced(&self) -> u32 {
        self.unplaced
    }

    /// The metrics of the first placement that failed. Those that were not attempted after it are
    /// counted in `coalesced_failures`.
    pub fn metrics(&self) -> &AllocationMetrics {
        self.metrics.get_or_init(|| {
            let mut metrics = self.tally.metrics(&self.job.node_pool);
            metrics.coalesced_failures = u64::from(self.unplaced.saturating_sub(1));
            metrics.allocation_time = self.time_ns;
            add_exhausted_resources(&mut metrics, self.task_group(), self.unplaced);
            Box::new(metrics)
        })
    }

    /// What every node of a cluster is to the group's next allocation as things are now, and the
    /// nearest fixes if none would do. Of a job that is placed whole or not at all, what could be placed
    /// of it is taken as placed.
    pub fn explain(&self, cluster: &Cluster) -> Explanation {
        cluster.explain_failed(&self.job, self.group, &self.options)
    }

    /// The failed allocation that stands for the group's failed placements, as the first API has it;
    /// none where [`PlaceOptions::record_failed_placements`](crate::PlaceOptions) is off.
    pub fn to_allocation(&self) -> Option<Allocation> {
        let group = self.task_group();
        let name = format!("{}.{}[{}]", self.job.id, group.name, self.name_index);
        let is_recorded = !self.options.without_failed_allocations;
        is_recorded.then(|| Allocation {
            id: ids::of_failure(self.identity_seed, self.modify_index, &self.job, group),
            namespace: self.job.namespace.clone(),
            name,
            job_id: self.job.id.clone(),
            job: Some(self.job.shared_spec()),
            task_group: group.name.clone(),
            resources: Some(task_sum(group)),
            metrics: Some(self.metrics().clone()),
            desired_status: "failed".into(),
            desired_description: "failed to find a node for placement".into(),
            client_status: "failed".into(),
            ..Allocation::default()
        })
    }
}

/// What the tasks of a group ask for in sum, as the first API puts it.
fn task_sum(group: &TaskGroup) -> Resources {
    let sum = |amount: fn(&Task) -> i64| group.tasks.iter().map(amount).sum();
    let disk_mb =
        |task: &Task| task.resources.as_ref().and_then(|resources| resources.disk_mb).unwrap_or(0);
    let networks = group.tasks.iter().filter_map(|task| task.network().cloned());
    Resources {
        cpu: Some(sum(|task| task.cpu_mhz())),
        memory_mb: Some(sum(|task| task.memory_mb())),
        disk_mb: Some(sum(disk_mb)),
        iops: Some(0),
        networks: networks.collect(),
        ..Resources::default()
    }
}

/// What the unplaced allocations ask for of what ran out (docs/placement.md, section 8).
fn add_exhausted_resources(metrics: &mut AllocationMetrics, group: &TaskGroup, missing: u32) {
    let ran_out = |dimension: &str| metrics.dimension_exhausted.contains_key(dimension);
    let (cpu, memory) = (ran_out("cpu"), ran_out("memory"));
    if !cpu && !memory {
        return;
    }
    let missing = i64::from(missing);
    let of_task = |task: &Task| Resources {
        cpu: cpu.then(|| task.cpu_mhz() * missing),
        memory_mb: memory.then(|| task.memory_mb() * missing),
        ..Resources::default()
    };
    metrics.resources_exhausted =
        group.tasks.iter().map(|task| (task.name.clone(), of_task(task))).collect();
}
