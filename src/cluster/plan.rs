//! Plans of a cluster: made on a fork or on the cluster itself, committed later.

use std::sync::Arc;

use super::Cluster;
use super::failed::FailedGroup;
use super::place::serve;
use super::placement::{PlacedAllocation, Placement};
use super::request::{PlacementRequest, RequestError};
use crate::model::{Plan as PlanDocument, PlanErrors, PlanResult};
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::Outcome;
use crate::plan::apply::Applied;
use crate::plan::attempt::Attempt;
use crate::plan::commit::commit;
use crate::plan::content::Plan;
use crate::plan::parts::Committed as Parts;
use crate::plan::rejection::NodeRejection;
use crate::state::State;
use crate::time::Timestamp;

/// The outcome of committing a plan, from [`Cluster::commit`].
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::Timestamp;
///
/// let plan = cluster.plan_requests(&cluster.missing(&job), &PlaceOptions::default())?;
/// let committed = cluster.commit(plan, Timestamp::EPOCH);
/// assert!(committed.is_complete());
/// assert_eq!(committed.allocations().count(), 2);
/// assert_eq!((committed.index(), committed.refresh_index()), (cluster.modify_index(), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Committed {
    placement: Placement,
    rejected: Vec<(String, NodeRejection)>,
    stopped: Vec<String>,
    updated: Vec<String>,
    created: Vec<String>,
    deployment: Option<String>,
    next_attempt: Option<Attempt>,
    index: u64,
}

impl Cluster {
    /// Plans what is requested and leaves the cluster as it was: the plan is all there is of it. It is
    /// what [`Cluster::place_requests`] would do, with the same options.
    ///
    /// # Errors
    ///
    /// As for [`Cluster::place_requests`].
    pub fn plan_requests(
        &mut self,
        requests: &[PlacementRequest],
        options: &PlaceOptions,
    ) -> Result<Plan, RequestError> {
        let (state, caches) = (Arc::make_mut(&mut self.state), Arc::make_mut(&mut self.caches));
        let index = state.modify_index;
        let mut transaction = state.begin(state.now);
        let outcome = serve(&mut transaction, caches, requests, options, &mut None)?;
        // Dropping the transaction takes everything back.
        Ok(Plan::new(&transaction, outcome, index, options))
    }

    /// Reads a plan that was submitted as a document, to be [committed](Cluster::commit). What it names by
    /// identity and is gone is left out, and what it says of nodes that are gone they will refuse.
    ///
    /// ```
    /// # use stowplan::model::{Job, Node};
    /// # use stowplan::{Cluster, PlaceOptions};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    /// #     .build()?;
    /// # let mut cluster = Cluster::new([node])?;
    /// use stowplan::Timestamp;
    ///
    /// let plan = cluster.plan_requests(&cluster.missing(&job), &PlaceOptions::default())?;
    /// let submitted = serde_json::to_string(&plan.to_document())?;
    /// let read = cluster.read_plan(&serde_json::from_str(&submitted)?)?;
    /// assert_eq!(cluster.commit(read, Timestamp::EPOCH).allocations().count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The document makes no sense: all that is wrong with it, each with its path.
    pub fn read_plan(&self, document: &PlanDocument) -> Result<Plan, PlanErrors> {
        Plan::of_document(&self.state, document)
    }

    /// Verifies a plan node by node against the cluster as it is now, and carries out what its nodes
    /// take (docs/lifecycle.md, section 5). What is new gets its identities in the order of the plan. Of
    /// a job that is placed whole or not at all nothing is done if any node refuses. All of it happens at
    /// an instant, until which time passes with it; one that is over stands for the present one.
    pub fn commit(&mut self, plan: Plan, now: Timestamp) -> Committed {
        let options = plan.options.clone();
        let state = self.state_mut();
        state.now = state.now.max(now);
        let mut transaction = state.begin(state.now);
        let committed = commit(&mut transaction, plan);
        let index = transaction.commit().index;
        Committed::of(&self.state, &options, committed, index)
    }
}

impl Plan {
    /// The groups of which not everything that was requested found a node, on the cluster that the plan
    /// was made on.
    pub fn failed(&self, cluster: &Cluster) -> Vec<FailedGroup> {
        let failed = self.failed.iter().cloned();
        failed.map(|failure| FailedGroup::new(&self.options, &cluster.state, failure)).collect()
    }
}

impl Committed {
    /// What became of a plan that was committed in a transaction of an index.
    pub(crate) fn of(
        state: &State,
        options: &PlaceOptions,
        committed: Parts,
        index: u64,
    ) -> Committed {
        let rejected = committed.rejected.into_iter().map(|it| (it.node_id, it.why));
        let created = committed.created.iter().map(|slot| state.evaluation_id(*slot));
        Committed {
            created: created.collect(),
            deployment: committed.deployment.map(|slot| state.deployment_id(slot)),
            placement: Placement::new(state, options, committed.outcome, Vec::new()),
            rejected: rejected.collect(),
            stopped: committed.stopped,
            updated: committed.updated.iter().map(|slot| state.allocation_id(*slot)).collect(),
            next_attempt: committed.next_attempt,
            index,
        }
    }

    /// What was carried out at once, nobody having to take it.
    pub(crate) fn at_once(
        cluster: &Cluster,
        options: &PlaceOptions,
        (outcome, stopped): (Outcome, Vec<String>),
        applied: &Applied,
        index: u64,
    ) -> Committed {
        let state = &*cluster.state;
        Committed {
            created: applied.created.iter().map(|slot| state.evaluation_id(*slot)).collect(),
            deployment: applied.deployment.map(|slot| state.deployment_id(slot)),
            stopped,
            updated: applied.updated.iter().map(|slot| state.allocation_id(*slot)).collect(),
            placement: Placement::new(state, options, outcome, Vec::new()),
            rejected: Vec::new(),
            next_attempt: None,
            index,
        }
    }

    /// The allocations that were placed, in the order of the plan.
    pub fn allocations(&self) -> impl Iterator<Item = PlacedAllocation<'_>> {
        self.placement.allocations()
    }

    /// Identities of the nodes whose part of the plan was refused, and why.
    pub fn rejected(&self) -> &[(String, NodeRejection)] {
        &self.rejected
    }

    /// Identities of what was told to stop.
    pub fn stopped(&self) -> &[String] {
        &self.stopped
    }

    /// Identities of the evaluations that were created, in the order in which they were.
    pub fn created(&self) -> &[String] {
        &self.created
    }

    /// The identity of the new deployment, if there is one.
    pub fn deployment(&self) -> Option<&str> {
        self.deployment.as_deref()
    }

    /// The attempt that the evaluation is to be processed in again, on a cluster that has reached
    /// [the refresh index](Committed::refresh_index); none if everything was committed, if it was the
    /// last one, by which the evaluation has failed, or if the plan is of no evaluation.
    pub fn next_attempt(&self) -> Option<Attempt> {
        self.next_attempt
    }

    /// Tells whether every node took its part.
    pub fn is_complete(&self) -> bool {
        self.rejected.is_empty()
    }

    /// The modify index of the commit; where nothing was changed, that of the last change before.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The outcome as the API has it: what was committed, in the words of the cluster that it was committed
    /// to, and the nodes that refused.
    ///
    /// ```
    /// # use stowplan::model::{Job, Node};
    /// # use stowplan::{Cluster, PlaceOptions, Timestamp};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    /// #     .build()?;
    /// # let mut cluster = Cluster::new([node])?;
    /// let plan = cluster.plan_requests(&cluster.missing(&job), &PlaceOptions::default())?;
    /// let committed = cluster.commit(plan, Timestamp::EPOCH);
    /// let result = committed.to_document(&cluster);
    /// assert_eq!((result.node_allocation["n1"].len(), result.refresh_index), (2, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_document(&self, cluster: &Cluster) -> PlanResult {
        let mut result = PlanResult {
            deployment: self.deployment().and_then(|id| cluster.deployment(id)),
            rejected_nodes: self.rejected.iter().map(|(node, _)| node.clone()).collect(),
            refresh_index: self.refresh_index().unwrap_or(0),
            alloc_index: self.index,
            ..PlanResult::default()
        };
        let stopped = self.stopped.iter().filter_map(|id| cluster.allocation(id));
        for stopped in stopped {
            result.node_update.entry(stopped.node_id.clone()).or_default().push(stopped);
        }
        for placed in self.allocations() {
            let evicted = placed.preempted().iter().filter_map(|id| cluster.allocation(id));
            for evicted in evicted {
                result.node_preemptions.entry(evicted.node_id.clone()).or_default().push(evicted);
            }
        }
        let placed = self.allocations().map(|placed| placed.id());
        for id in placed.chain(self.updated.iter().cloned()) {
            if let Some(written) = cluster.allocation(&id) {
                result.node_allocation.entry(written.node_id.clone()).or_default().push(written);
            }
        }
        result
    }

    /// Identities of what stayed and was written anew.
    pub fn updated(&self) -> &[String] {
        &self.updated
    }

    /// Where a node refused: the index that the cluster a scheduler tries again on should have.
    pub fn refresh_index(&self) -> Option<u64> {
        (!self.is_complete()).then_some(self.index)
    }
}
