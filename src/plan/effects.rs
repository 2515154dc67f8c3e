//! What processing an evaluation changes beside placing and evicting (docs/lifecycle.md, section 5).
//!
//! Things that exist are named by slot and generation; of a plan that left its state the names beside
//! it tell what was meant. New things are named by position: an allocation by its place among the
//! plan's placements, an evaluation by its place in [`Effects::created`].

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::model::{
    AllocationMetrics, ClientStatus, DeploymentStatus, DesiredUpdates, EvaluationStatus, JobType,
    RescheduleTracker,
};
use crate::state::deployment::DeploymentRecord;
use crate::state::evaluation::EvaluationRecord;
use crate::state::group_version::GroupVersion;
use crate::state::queued::Queued;
use crate::state::slots::{AllocationRef, DeploymentRef, EvaluationRef, JobRef};

/// What an evaluation comes to, its placements and evictions aside. They are applied in the order of
/// the fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    /// The job, where there is one.
    pub(crate) job: JobRef,
    /// A new deployment that is not there yet. Its record says nothing of placed allocations yet.
    pub(crate) deployment: Option<Box<DeploymentRecord>>,
    /// What becomes of the latest deployment.
    pub(crate) deployment_update: Option<DeploymentUpdate>,
    pub(crate) stops: Vec<StopEffect>,
    /// Whether nothing was to be placed beside the stops, so that nobody takes the room of what stops.
    pub(crate) stops_alone: bool,
    /// Placements of which there is something to say, in their order.
    pub(crate) placed: Vec<PlacedEffect>,
    pub(crate) updates: Vec<UpdateEffect>,
    /// Records of failed placements, as the first API has them.
    pub(crate) failed: Vec<FailedRecord>,
    /// Evaluations to create, in the order in which they get their identities. That they come of this
    /// one is added when they are.
    pub(crate) created: Vec<EvaluationRecord>,
    /// Evaluations that wait for nothing any more and are cancelled.
    pub(crate) superseded: Vec<EvaluationRef>,
    /// The evaluation itself.
    pub(crate) evaluation: EvaluationEffect,
    /// The figures of a dry run, by group. Mostly nobody wants any.
    pub(crate) figures: Vec<(String, DesiredUpdates)>,
}

/// Which deployment something belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DeploymentChoice {
    #[default]
    None,
    Existing(DeploymentRef),
    /// That of [`Effects::deployment`].
    New,
}

/// What becomes of a deployment that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeploymentUpdate {
    pub(crate) deployment: DeploymentRef,
    pub(crate) status: DeploymentStatus,
    pub(crate) description: Cow<'static, str>,
}

/// An allocation stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StopEffect {
    pub(crate) allocation: AllocationRef,
    pub(crate) description: Cow<'static, str>,
    /// Whether its client status becomes `lost`.
    pub(crate) is_lost: bool,
    /// The new evaluation that looks at it again.
    pub(crate) follow_up: Option<u32>,
}

/// What is said of a new allocation beside where it is, what it holds, and what its batch says: its
/// evaluation and its deployment.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlacedEffect {
    /// Its place among the plan's placements, groups in order.
    pub(crate) at: u32,
    /// What it takes the place of.
    pub(crate) predecessor: Option<AllocationRef>,
    pub(crate) is_canary: bool,
    /// Which allocations it was the replacement of.
    pub(crate) reschedules: Option<RescheduleTracker>,
}

/// An allocation stays and is written anew.
#[derive(Clone, Debug)]
pub(crate) struct UpdateEffect {
    pub(crate) allocation: AllocationRef,
    /// What it runs from now on, where it moves to the present version, and the deployment that it
    /// belongs to then.
    pub(crate) in_place: Option<(Arc<GroupVersion>, DeploymentChoice)>,
    /// What its client status becomes, where it does.
    pub(crate) client: Option<(ClientStatus, Cow<'static, str>)>,
    /// A client status to be noted as an entry of its history.
    pub(crate) noted: Option<ClientStatus>,
    /// The new evaluation that looks at it again.
    pub(crate) follow_up: Option<u32>,
    /// Whether it is noted that no place was found to replace it.
    pub(crate) found_no_place: bool,
}

/// A record of a failed placement: a new one, or that of an earlier failure written anew.
#[derive(Clone, Debug)]
pub(crate) struct FailedRecord {
    /// That of an earlier failure of the group.
    pub(crate) before: Option<AllocationRef>,
    pub(crate) version: Arc<GroupVersion>,
    pub(crate) name_index: u32,
    pub(crate) metrics: AllocationMetrics,
}

/// What becomes of the evaluation itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvaluationEffect {
    /// Which it is; none of one that the state does not hold.
    pub(crate) evaluation: EvaluationRef,
    /// The scheduler that it is for.
    pub(crate) job_type: Option<JobType>,
    /// The index of the state that it was processed on.
    pub(crate) snapshot_index: u64,
    /// Its status then; none if it stays as it is.
    pub(crate) status: Option<EvaluationStatus>,
    pub(crate) description: String,
    /// Whether it goes back to wait for room.
    pub(crate) is_reblocked: bool,
    /// The new evaluation that follows it; none if that stays as it is.
    pub(crate) next: Option<u32>,
    /// The new evaluation that waits for room; none likewise.
    pub(crate) blocked: Option<u32>,
    pub(crate) deployment: DeploymentChoice,
    pub(crate) queued: Queued,
    /// None where everything found a place.
    pub(crate) shortage: Option<Box<Shortage>>,
}

/// What is said of groups of which not everything found a place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shortage {
    /// By group name: the first failure.
    pub(crate) failed_groups: IndexMap<String, AllocationMetrics>,
    /// Which classes of nodes may help, and whether that depends on what only one node has. The evaluation
    /// itself says it only if it is reblocked.
    pub(crate) class_eligibility: IndexMap<String, bool>,
    pub(crate) escaped_computed_class: bool,
}

impl EvaluationEffect {
    /// A copy of what is said of groups of which not everything found a place.
    pub(crate) fn shortage(&self) -> Shortage {
        self.shortage.as_deref().cloned().unwrap_or_default()
    }
}
