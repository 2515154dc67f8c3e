//! What a reconciliation comes to.

use crate::model::{DeploymentStatus, DesiredUpdates, Trigger};
use crate::state::small_list::SmallList;
use crate::state::stop_reason::StopReason;
use crate::time::{Span, Timestamp};

/// Everything that has to change, in the order of the specification, groups in order. Allocations are
/// named by their place in the input.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Changes {
    /// What stops, whatever becomes of the placements.
    pub(crate) stops: Vec<Stop>,
    /// What stops for a new version of itself, if that finds room.
    pub(crate) destructive: Vec<Placement>,
    /// What is placed beside it, of each group canaries, reschedules, lost, fresh ones and migrations.
    pub(crate) placements: Vec<Placement>,
    /// What stays and is written anew.
    pub(crate) updates: Vec<Update>,
    /// Evaluations that look at the job again.
    pub(crate) follow_ups: Vec<FollowUp>,
    /// Evaluations, by handle, that wait for nothing any more.
    pub(crate) superseded: Vec<u32>,
    /// A new deployment, with a state for each group that takes part.
    pub(crate) deployment: Option<NewDeployment>,
    /// What becomes of the latest deployment.
    pub(crate) deployment_update: Option<DeploymentChange>,
    /// The figures of a dry run, by group.
    pub(crate) figures: SmallList<Figures>,
    /// Of a system job, by group: how many updates wait for canaries.
    pub(crate) held_back: Vec<u32>,
    /// Of a system job, by group: how many updates wait for canaries or for their turn. The figures have
    /// them as ignored.
    pub(crate) deferred: Vec<u32>,
}

/// An allocation stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) at: u32,
    pub(crate) reason: StopReason,
    /// Whether its client status becomes `lost`.
    pub(crate) is_lost: bool,
    /// The evaluation that looks at it again: a place in [`Changes::follow_ups`].
    pub(crate) follow_up: Option<u32>,
}

/// An allocation is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) group: u32,
    pub(crate) name_index: u32,
    pub(crate) kind: PlacementKind,
    /// What it replaces.
    pub(crate) previous: Option<u32>,
    pub(crate) is_canary: bool,
    /// Whether it runs what ran well last, as long as canaries wait to be promoted
    /// (docs/lifecycle.md, section 2, *Placement loop*).
    pub(crate) is_downgraded: bool,
    /// How it is recorded that a failed allocation was replaced.
    pub(crate) reschedule: Option<Rescheduling>,
    /// Where it goes: a system job's allocation has its node.
    pub(crate) node: Option<u32>,
}

/// Why an allocation is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PlacementKind {
    Destructive,
    Canary,
    Reschedule,
    Lost,
    Fresh,
    Migration,
}

/// One replacement of a failed allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RescheduleEvent {
    pub(crate) at: Timestamp,
    /// How long it was waited.
    pub(crate) delay: Span,
}

/// The record of replacing a failed allocation, for the tracker of the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rescheduling {
    /// Which events of the predecessor's tracker are kept, by their place.
    pub(crate) kept: Vec<usize>,
    /// The event that is appended.
    pub(crate) event: RescheduleEvent,
}

/// An allocation stays and is written anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) at: u32,
    /// It moves to the present version of the job.
    pub(crate) in_place: bool,
    /// Its node does not answer: it becomes `unknown`, with an entry of that.
    pub(crate) is_disconnecting: bool,
    /// Its node came back: it gets an entry of its present client status.
    pub(crate) is_reconnecting: bool,
    /// The evaluation that looks at it again: a place in [`Changes::follow_ups`].
    pub(crate) follow_up: Option<u32>,
}

/// An evaluation to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FollowUp {
    pub(crate) kind: FollowUpKind,
    pub(crate) wait_until: Timestamp,
}

/// What an evaluation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FollowUpKind {
    /// The first batch of delayed reschedules.
    Reschedule,
    /// A later batch of delayed reschedules.
    LaterReschedule,
    /// Clients that stop their allocations by themselves: the first batch of a group.
    ClientStop,
    /// A later batch of those.
    LaterClientStop,
    /// Nodes that do not answer are given up.
    DisconnectTimeout,
    /// The next step of a rolling update of the first API, which waits that long from now.
    RollingUpdate,
}

impl FollowUpKind {
    /// What it is triggered by (docs/lifecycle.md, section 1).
    pub(crate) fn trigger(self) -> Trigger {
        match self {
            FollowUpKind::Reschedule => Trigger::AllocReschedule,
            FollowUpKind::LaterReschedule
            | FollowUpKind::ClientStop
            | FollowUpKind::LaterClientStop => Trigger::AllocFailure,
            FollowUpKind::DisconnectTimeout => Trigger::MaxDisconnectTimeout,
            FollowUpKind::RollingUpdate => Trigger::RollingUpdate,
        }
    }

    /// The text in documents.
    pub(crate) fn description(self) -> &'static str {
        match self {
            FollowUpKind::Reschedule | FollowUpKind::ClientStop => {
                "created for delayed rescheduling"
            }
            FollowUpKind::LaterReschedule
            | FollowUpKind::LaterClientStop
            | FollowUpKind::RollingUpdate => "",
            FollowUpKind::DisconnectTimeout => "created for delayed disconnect timeout",
        }
    }
}

/// A new deployment of the present version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewDeployment {
    /// The groups that take part, ascending.
    pub(crate) groups: Vec<NewDeploymentGroup>,
}

/// A group's part in a new deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewDeploymentGroup {
    pub(crate) group: u32,
    pub(crate) auto_revert: bool,
    pub(crate) auto_promote: bool,
    pub(crate) progress_deadline: Span,
    pub(crate) desired_canaries: u32,
    pub(crate) desired_total: u32,
    /// Of a system job: the nodes that are counted in the total, ascending by their places. One that turns
    /// out not to take the group, as others of it took what nodes may not share, counts no longer.
    pub(crate) counted_nodes: Vec<u32>,
}

impl NewDeployment {
    /// The text in documents (docs/lifecycle.md, section 3.1).
    pub(crate) fn description(&self) -> &'static str {
        let mut canaries = self.groups.iter().filter(|it| it.desired_canaries > 0).peekable();
        if canaries.peek().is_none() {
            "Deployment is running"
        } else if canaries.all(|it| it.auto_promote) {
            "Deployment is running pending automatic promotion"
        } else {
            "Deployment is running but requires manual promotion"
        }
    }
}

/// What becomes of the latest deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeploymentChange {
    CancelledByStop,
    CancelledByVersion,
    Successful,
}

impl DeploymentChange {
    /// Whether a deployment with such a text was cancelled because of its job.
    pub(crate) fn has_superseded(description: &str) -> bool {
        let causes = [DeploymentChange::CancelledByStop, DeploymentChange::CancelledByVersion];
        causes.into_iter().any(|cause| cause.status().1 == description)
    }

    /// The status and the text in documents (docs/lifecycle.md, section 3.1).
    pub(crate) fn status(self) -> (DeploymentStatus, &'static str) {
        match self {
            DeploymentChange::CancelledByStop => {
                (DeploymentStatus::Cancelled, "Cancelled because job is stopped")
            }
            DeploymentChange::CancelledByVersion => {
                (DeploymentStatus::Cancelled, "Cancelled due to newer version of job")
            }
            DeploymentChange::Successful => {
                (DeploymentStatus::Successful, "Deployment completed successfully")
            }
        }
    }
}

/// The figures of a dry run for a group (docs/lifecycle.md, section 3, *Figures*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) ignore: u32,
    pub(crate) place: u32,
    pub(crate) migrate: u32,
    pub(crate) stop: u32,
    pub(crate) in_place_update: u32,
    pub(crate) destructive_update: u32,
    pub(crate) canary: u32,
    pub(crate) disconnect: u32,
    pub(crate) reconnect: u32,
    pub(crate) reschedule_now: u32,
    pub(crate) reschedule_later: u32,
}

impl From<Figures> for DesiredUpdates {
    fn from(figures: Figures) -> DesiredUpdates {
        DesiredUpdates {
            ignore: figures.ignore.into(),
            place: figures.place.into(),
            migrate: figures.migrate.into(),
            stop: figures.stop.into(),
            in_place_update: figures.in_place_update.into(),
            destructive_update: figures.destructive_update.into(),
            canary: figures.canary.into(),
            disconnect: figures.disconnect.into(),
            reconnect: figures.reconnect.into(),
            reschedule_now: figures.reschedule_now.into(),
            reschedule_later: figures.reschedule_later.into(),
            ..DesiredUpdates::default()
        }
    }
}
