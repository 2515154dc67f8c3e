//! Placements as embedders see them: what placing a job gave.

use super::failed::FailedGroup;
use crate::explain::verdicts::Explanation;
use crate::model::{AllocatedResources, Allocation, AllocationMetrics, Job, Node};
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::{GroupPlacement, Outcome};
use crate::state::small_list::SmallList;
use crate::state::usage::Holdings;
use crate::state::{State, ids, view};

/// The result of placing a job. What could not be placed is an answer, not an error: see
/// [`Placement::failed`].
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
/// assert_eq!((placement.len(), placement.is_complete()), (2, false));
/// assert_eq!(placement.failed()[0].metrics().dimension_exhausted["cpu"], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Placement {
    identity_seed: u64,
    pub(super) groups: SmallList<GroupPlacement>,
    failed: Vec<FailedGroup>,
    pub(super) explanations: Vec<Explanation>,
    scanned: usize,
}

impl Placement {
    pub(crate) fn new(
        state: &State,
        options: &PlaceOptions,
        outcome: Outcome,
        explanations: Vec<Explanation>,
    ) -> Placement {
        let identity_seed = state.identity_seed;
        let failed = outcome.failed.into_iter();
        Placement {
            identity_seed,
            groups: outcome.groups,
            failed: failed.map(|it| FailedGroup::new(options, state, it)).collect(),
            explanations,
            scanned: outcome.scanned,
        }
    }

    /// The allocations that were placed, in the order of placement.
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

    /// Tells whether everything could be placed.
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

    /// Tells whether nothing was placed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One allocation that was placed.
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
/// let first = placement.allocations().next().ok_or("nothing was placed")?;
/// assert_eq!((first.name(), first.node_id()), ("web.front[0]".into(), "n1"));
/// assert_eq!(first.resources().tasks["nginx"].cpu.cpu_shares, 400);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
        ids::encode(self.identity_seed, new.slot.0, new.generation)
    }

    /// Its name: `<job>.<group>[<index>]`.
    pub fn name(&self) -> String {
        self.group.batch.name_of(self.at)
    }

    /// The node it was placed on.
    pub fn node(&self) -> &'a Node {
        let slot = self.group.batch.placed[self.at].node;
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

    /// The job, in the version that was placed.
    pub fn job(&self) -> &'a Job {
        &self.group.job
    }

    /// The group's name.
    pub fn task_group(&self) -> &'a str {
        self.group.batch.version.group_name()
    }

    /// The score the node was chosen by.
    pub fn score(&self) -> f64 {
        self.group.batch.placed[self.at].score
    }

    /// How its placement went.
    pub fn metrics(&self) -> AllocationMetrics {
        self.group.batch.metrics(self.at).unwrap_or_default()
    }

    /// The identities of the allocations it evicts, sorted.
    pub fn preempted(&self) -> &'a [String] {
        self.group.batch.evicted_by(self.at)
    }

    /// The resources that it has on its node.
    pub fn resources(&self) -> AllocatedResources {
        let none = Holdings::default();
        let holdings = self.group.holdings.get(self.at).map_or(&none, |holdings| holdings);
        view::allocated_resources(&self.group.batch.version, Some(self.node()), holdings)
    }

    /// The allocation as the API has it, without its job.
    pub fn to_allocation(&self) -> Allocation {
        let none = Holdings::default();
        let holdings = self.group.holdings.get(self.at).map_or(&none, |holdings| holdings);
        let batch = &self.group.batch;
        view::document(batch, &batch.version, self.at, self.id(), Some(self.node()), holdings)
    }
}
