//! What the plan of an evaluation has beside its placements.

use std::borrow::Cow;
use std::sync::Arc;

use super::attempt::Attempt;
use super::effects::{Effects, StopEffect, UpdateEffect};
use super::known::{JobNames, KnownAllocation, References};
use crate::model::{ClientStatus, Evaluation, JobSpec, JobType};
use crate::state::State;
use crate::state::slots::AllocationRef;

/// What the plan of an evaluation has beside placements, stops and updates.
#[derive(Clone, Debug)]
pub(crate) struct Evaluated {
    /// What it changes, the stops and updates aside.
    pub(crate) effects: Effects,
    /// What that names.
    pub(crate) references: References,
    pub(crate) attempt: Attempt,
    pub(crate) job: JobNames,
    /// The index at which the job's present life began.
    pub(crate) job_create_index: u64,
    /// The scheduler that the evaluation is for.
    pub(crate) job_type: JobType,
    /// The present version of the job, if it is registered.
    pub(crate) spec: Option<Arc<JobSpec>>,
    /// The evaluation as it was; none of one that the state did not have.
    pub(crate) evaluation: Option<Box<Evaluation>>,
}

/// An allocation that is to stop. Besides its identity the plan knows what it is: where plans are made on
/// forks, an identity that one of them gave out may be another allocation's by the time of the commit.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::PlacementRequest;
///
/// let options = PlaceOptions::default();
/// let placed = cluster.place(&job, &options);
/// let old = placed.allocations().next().ok_or("nothing was placed")?.id();
/// let request = PlacementRequest::new(&job, "front", 0).replaces(&old);
/// let plan = cluster.plan_requests(&[request], &options)?;
/// assert_eq!((plan.stops()[0].id(), plan.stops()[0].node_id()), (old.as_str(), "n1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStop {
    pub(crate) known: KnownAllocation,
    pub(crate) description: Cow<'static, str>,
    pub(crate) is_lost: bool,
    pub(crate) follow_up: Option<u32>,
}

/// An allocation that stays and is written anew: it moves to another version of its job, its node does not
/// answer, or it waits for an evaluation.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// // Requests alone update nothing.
/// let plan = cluster.plan_requests(&cluster.missing(&job), &PlaceOptions::default())?;
/// assert!(plan.updates().iter().all(|update| !update.is_in_place()) && plan.updates().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PlannedUpdate {
    pub(crate) known: KnownAllocation,
    pub(crate) effect: UpdateEffect,
}

impl PlannedStop {
    /// A stop for a placement, without a word about it.
    pub(super) fn of_replaced(known: KnownAllocation) -> PlannedStop {
        PlannedStop { known, description: "".into(), is_lost: false, follow_up: None }
    }

    pub(super) fn of(state: &State, effect: StopEffect) -> Option<PlannedStop> {
        let StopEffect { allocation, description, is_lost, follow_up } = effect;
        let known = KnownAllocation::new(state, state.resolve_allocation(allocation)?)?;
        Some(PlannedStop { known, description, is_lost, follow_up })
    }

    /// The same for the allocation as another state has it.
    pub(super) fn effect(self, allocation: AllocationRef) -> StopEffect {
        let PlannedStop { description, is_lost, follow_up, .. } = self;
        StopEffect { allocation, description, is_lost, follow_up }
    }

    /// The allocation's identity.
    pub fn id(&self) -> &str {
        &self.known.id
    }

    /// The identity of the node that it is on.
    pub fn node_id(&self) -> &str {
        &self.known.node_id
    }

    /// Why it stops, in the words of its document; empty if that is not said.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Tells whether it counts as lost from then on.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// The new evaluation that looks at it again, by its place in [`Plan::created`](crate::Plan::created).
    pub fn follow_up(&self) -> Option<usize> {
        self.follow_up.map(|at| at as usize)
    }
}

impl PlannedUpdate {
    pub(super) fn new(state: &State, effect: UpdateEffect) -> Option<PlannedUpdate> {
        let known = KnownAllocation::new(state, state.resolve_allocation(effect.allocation)?)?;
        Some(PlannedUpdate { known, effect })
    }

    /// The allocation's identity.
    pub fn id(&self) -> &str {
        &self.known.id
    }

    /// The identity of the node that it is on.
    pub fn node_id(&self) -> &str {
        &self.known.node_id
    }

    /// Tells whether it moves to another version of its job.
    pub fn is_in_place(&self) -> bool {
        self.effect.in_place.is_some()
    }

    /// The client status that it gets, if any.
    pub fn client_status(&self) -> Option<ClientStatus> {
        self.effect.client.as_ref().map(|(status, _)| *status)
    }

    /// The new evaluation that looks at it again, by its place in [`Plan::created`](crate::Plan::created).
    pub fn follow_up(&self) -> Option<usize> {
        self.effect.follow_up.map(|at| at as usize)
    }
}
