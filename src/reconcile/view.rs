//! What a reconciliation looks at: plain copies of what is known, cheap to fill from compact records.
//!
//! Names are numbers here: a group is one below [`Input::groups`], a version its place in
//! [`Input::versions`], an allocation, a node, a deployment or an evaluation a handle of the caller's.

use std::cmp::Ordering;

use super::changes::{RescheduleEvent, Stop};
use crate::model::{ClientStatus, DelayFunction, DesiredStatus, DisconnectReconcile, JobType};
pub(crate) use crate::state::conditions::NodeCondition;
use crate::state::small_list::SmallList;
use crate::time::{Span, Timestamp};

/// No handle: an allocation without a follow-up for instance.
pub(crate) const NONE: u32 = u32::MAX;

/// One job as it should be, with everything that there is of it.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    /// The instant of the evaluation.
    pub(crate) now: Timestamp,
    pub(crate) job_type: JobType,
    /// Whether the job is stopped, or is not there at all.
    pub(crate) is_stopped: bool,
    /// The present version of the job: its place in `versions`.
    pub(crate) current: u32,
    /// Every version that an allocation runs, and the present one.
    pub(crate) versions: &'a [VersionView],
    /// How many groups there are: first those of the job in its order, then those that only
    /// allocations have.
    pub(crate) groups: u32,
    /// All allocations of the job, those of a group beside each other, groups in order. In a group they
    /// are in the order of their names, and those of one name in that of their identities.
    pub(crate) allocations: &'a [AllocationView],
    /// The places of those that are not plain ([`is_plain`](super::classify::is_plain)), ascending: mostly few.
    pub(crate) notable: &'a [u32],
    /// The latest deployment of a service or system job.
    pub(crate) deployment: Option<&'a DeploymentView>,
    /// The evaluation itself, as the follow-up that an allocation may wait for.
    pub(crate) evaluation: u32,
    /// Of a system job: every node of its pool, and those that its allocations are on, in order.
    pub(crate) nodes: &'a [NodeStanding],
    /// Of a system job: its groups in the order of their names.
    pub(crate) groups_by_name: &'a [u32],
    /// How a job of the first API is changed; none for one of today's.
    pub(crate) first_api: Option<FirstApi>,
}

/// How a job of the first API is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FirstApi {
    /// How many may change at once; 0 is no limit.
    pub(crate) max_parallel: u32,
    /// The time between the steps; 0 is no limit on how many change at once.
    pub(crate) stagger: Span,
}

/// What a node is to a system job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeStanding {
    /// It is ready, and in the job's datacenters and pool.
    Eligible,
    /// It is in the job's pool, and takes no placements now.
    NotReady,
    /// Neither.
    Outside,
}

/// A version of the job.
#[derive(Clone, Debug, Default)]
pub(crate) struct VersionView {
    pub(crate) version: u64,
    /// The index at which this life of the job began.
    pub(crate) create_index: u64,
    /// The index at which the specification last changed: what has the present one's is up to date.
    pub(crate) job_modify_index: u64,
    /// Whether its name, which those of a system job's allocations begin with, is not the present one.
    pub(crate) is_named_otherwise: bool,
    /// The rules of each group; none where this version has no such group. Empty of a version that is not the
    /// present one and whose allocations are plain, of which nothing depends on it.
    pub(crate) groups: SmallList<Option<GroupRules>>,
}

/// What a version of the job says of a group's life.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GroupRules {
    pub(crate) count: u32,
    pub(crate) update: Option<UpdateRules>,
    pub(crate) reschedule: RescheduleRules,
    pub(crate) disconnect: DisconnectRules,
    /// The longest that one of its tasks may take to end.
    pub(crate) kill_timeout: Span,
}

/// How a group is brought up to date (docs/lifecycle.md, section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UpdateRules {
    /// How many may change at once; 0 is no limit and no deployment.
    pub(crate) max_parallel: u32,
    /// How many of the new version are tried first; of system jobs a percentage of nodes.
    pub(crate) canary: u32,
    pub(crate) auto_revert: bool,
    pub(crate) auto_promote: bool,
    pub(crate) progress_deadline: Span,
}

/// When failed allocations are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RescheduleRules {
    pub(crate) unlimited: bool,
    pub(crate) attempts: u32,
    pub(crate) interval: Span,
    pub(crate) delay: Span,
    pub(crate) function: DelayFunction,
    /// 0 is no limit.
    pub(crate) delay_max: Span,
}

impl Default for RescheduleRules {
    fn default() -> Self {
        RescheduleRules {
            unlimited: false,
            attempts: 0,
            interval: Span::ZERO,
            delay: Span::ZERO,
            function: DelayFunction::Constant,
            delay_max: Span::ZERO,
        }
    }
}

/// What happens while a node does not answer (docs/lifecycle.md, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DisconnectRules {
    /// How long the allocation is waited for.
    pub(crate) lost_after: Option<Span>,
    /// How long after losing its servers a client stops the allocation by itself.
    pub(crate) stop_on_client_after: Option<Span>,
    pub(crate) replace: bool,
    pub(crate) choice: DisconnectReconcile,
}

impl Default for DisconnectRules {
    fn default() -> Self {
        DisconnectRules {
            lost_after: None,
            stop_on_client_after: None,
            replace: true,
            choice: DisconnectReconcile::BestScore,
        }
    }
}

/// An allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AllocationView {
    /// The caller's name for it.
    pub(crate) handle: u32,
    pub(crate) group: u32,
    /// The number in its name.
    pub(crate) name_index: u32,
    /// The version it runs: its place in [`Input::versions`].
    pub(crate) version: u32,
    /// The deployment it belongs to.
    pub(crate) deployment: u32,
    /// Of a system job's allocation: its node's place in [`Input::nodes`].
    pub(crate) node: u32,
    /// The evaluation that will look at it again.
    pub(crate) follow_up: u32,
    /// What replaced it.
    pub(crate) next: u32,
    pub(crate) desired: DesiredStatus,
    pub(crate) client: ClientStatus,
    pub(crate) condition: NodeCondition,
    /// The verdict on its health, while there is one.
    pub(crate) healthy: Option<bool>,
    pub(crate) flags: Flags,
}

/// What is seldom true of an allocation, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(pub(crate) u16);

impl Flags {
    /// It should move to another node.
    pub(crate) const MIGRATE: Flags = Flags(1);
    /// It should be replaced as failed.
    pub(crate) const RESCHEDULE: Flags = Flags(1 << 1);
    /// It should be replaced whatever the policy says.
    pub(crate) const FORCE_RESCHEDULE: Flags = Flags(1 << 2);
    /// Moving it means stopping it only.
    pub(crate) const MIGRATE_DISABLE_PLACEMENT: Flags = Flags(1 << 3);
    /// It was placed to try its version.
    pub(crate) const CANARY: Flags = Flags(1 << 4);
    /// It has task states, all of them ended and none failed.
    pub(crate) const RAN_SUCCESSFULLY: Flags = Flags(1 << 5);
    /// Its last rescheduling found no node.
    pub(crate) const RESCHEDULE_FAILED: Flags = Flags(1 << 6);
    /// The last recorded entry of its client status is `unknown`.
    pub(crate) const LAST_UNKNOWN: Flags = Flags(1 << 7);
    /// The evaluation of its follow-up waits still.
    pub(crate) const FOLLOW_UP_WAITS: Flags = Flags(1 << 8);

    /// Both together.
    pub(crate) const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether any of the others is set.
    pub(crate) const fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }
}

/// A deployment.
#[derive(Clone, Debug)]
pub(crate) struct DeploymentView {
    pub(crate) handle: u32,
    pub(crate) version: u64,
    pub(crate) create_index: u64,
    pub(crate) status: DeploymentState,
    /// By group; none where it has no part in the deployment.
    pub(crate) groups: Vec<Option<DeploymentGroupView>>,
}

/// How far a deployment is, as far as the difference matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeploymentState {
    /// Running, blocked or unblocking.
    Running,
    /// Paused, pending or initializing.
    Paused,
    Failed,
    Successful,
    Cancelled,
    /// Cancelled because its job was stopped or had a newer version for a while.
    Superseded,
}

impl DeploymentState {
    /// Whether it goes on.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, DeploymentState::Running | DeploymentState::Paused)
    }
}

/// A group's part in a deployment.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeploymentGroupView {
    pub(crate) promoted: bool,
    pub(crate) desired_canaries: u32,
    pub(crate) desired_total: u32,
    pub(crate) healthy: u32,
    /// Handles of the canaries that were ever placed and are still known, ascending.
    pub(crate) placed_canaries: Vec<u32>,
}

/// What few allocations have, and is asked for those only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History<'a> {
    /// When it was replaced before, oldest first.
    pub(crate) reschedules: &'a [RescheduleEvent],
    /// When it ended: the latest of its tasks' ends, or else when it last changed.
    pub(crate) ended: Timestamp,
    /// When its client status last became `unknown`.
    pub(crate) last_unknown: Option<Timestamp>,
    /// When its client status first became `lost`.
    pub(crate) first_lost: Option<Timestamp>,
}

/// What a reconciliation asks of its caller. Allocations are named by their place in
/// [`Input::allocations`].
pub(crate) trait Facts {
    /// Whether what runs a group of that version must be replaced to run the present one
    /// (docs/lifecycle.md, section 3, *Destructive changes*).
    fn tasks_updated(&mut self, version: u32, group: u32) -> bool;
    /// Whether the present version may run on the allocation's own node, and fits there in its stead and
    /// in that of what stops so far. `stops` only ever grows from one question to the next.
    fn updates_in_place(&mut self, at: usize, stops: &[Stop]) -> bool;
    /// What happened to it so far.
    fn history(&self, at: usize) -> History<'_>;
    /// When the leading task last started, or else the first of all tasks.
    fn running_since(&self, at: usize) -> Option<Timestamp>;
    /// The best score of its placement.
    fn top_score(&self, at: usize) -> f64;
    /// When it was created, as an index.
    fn created(&self, at: usize) -> u64;
    /// How the identities of two allocations compare.
    fn compare_ids(&self, a: usize, b: usize) -> Ordering;
    /// Whether a node of [`Input::nodes`] may run a group of the present version at all, room aside.
    fn is_feasible(&mut self, node: u32, group: u32) -> bool;
}

impl Input<'_> {
    /// The present version.
    pub(crate) fn job(&self) -> Option<&VersionView> {
        self.versions.get(self.current as usize)
    }

    /// The rules of a group in the present version.
    pub(crate) fn rules(&self, group: u32) -> Option<&GroupRules> {
        self.job()?.groups.get(group as usize)?.as_ref()
    }

    /// The rules that an allocation was placed under: those of its own version. Of a plain one of a service or batch
    /// job nobody asks that.
    pub(crate) fn own_rules(&self, allocation: &AllocationView) -> GroupRules {
        let version = self.versions.get(allocation.version as usize);
        debug_assert!(version.is_none_or(|it| it.groups.len() == self.groups as usize));
        version.and_then(|it| *it.groups.get(allocation.group as usize)?).unwrap_or_default()
    }

    /// Whether an allocation was placed for a job of the same name that was there before the present one, as
    /// the state tells it of those that are registered.
    pub(crate) fn is_of_earlier_life(&self, allocation: &AllocationView) -> bool {
        let own = self.versions.get(allocation.version as usize);
        self.job().zip(own).is_some_and(|(job, own)| own.create_index < job.create_index)
    }

    /// Whether an allocation runs an older version than the present one, or belongs to an earlier
    /// life of the job.
    pub(crate) fn is_older(&self, allocation: &AllocationView) -> bool {
        let (Some(job), Some(own)) = (self.job(), self.versions.get(allocation.version as usize))
        else {
            return true;
        };
        own.version < job.version || self.is_of_earlier_life(allocation)
    }

    /// Whether an allocation runs the present version in this life of the job.
    pub(crate) fn is_current(&self, allocation: &AllocationView) -> bool {
        let (Some(job), Some(own)) = (self.job(), self.versions.get(allocation.version as usize))
        else {
            return false;
        };
        own.version == job.version && !self.is_of_earlier_life(allocation)
    }

    /// Whether an allocation's specification is the present one.
    pub(crate) fn is_up_to_date(&self, allocation: &AllocationView) -> bool {
        if allocation.version == self.current {
            return true;
        }
        let own = self.versions.get(allocation.version as usize).map(|it| it.job_modify_index);
        own == self.job().map(|it| it.job_modify_index)
    }
}

impl AllocationView {
    /// One of which no more is known.
    #[inline]
    pub(crate) fn new(handle: u32, group: u32) -> AllocationView {
        AllocationView {
            handle,
            group,
            name_index: 0,
            version: NONE,
            deployment: NONE,
            node: NONE,
            follow_up: NONE,
            next: NONE,
            desired: DesiredStatus::Run,
            client: ClientStatus::Pending,
            condition: NodeCondition::Fine,
            healthy: None,
            flags: Flags::default(),
        }
    }

    /// Whether the scheduler has done with it.
    pub(crate) fn is_server_terminal(&self) -> bool {
        self.desired.is_terminal()
    }

    /// Whether the scheduler or the node has done with it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.desired.is_terminal() || self.client.is_terminal()
    }

    /// Whether its node came back from being out of sight, and it was not taken back yet.
    pub(crate) fn needs_reconnect(&self) -> bool {
        self.flags.has(Flags::LAST_UNKNOWN)
            && matches!(
                self.client,
                ClientStatus::Unknown | ClientStatus::Running | ClientStatus::Failed
            )
    }
}
