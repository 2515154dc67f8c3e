//! What an allocation's life leaves in its document: its tasks' states, its health, what it is told
//! to do, what it replaced and when it was unknown (docs/lifecycle.md, sections 3 and 8).

use indexmap::IndexMap;

use super::document::{document, is_default};
use super::status::ClientStatus;
use crate::time::{Span, Timestamp};

document! {
    /// What one task of an allocation does.
    pub struct TaskState {
        /// `pending`, `running` or `dead`.
        "State" => pub state: String,
        /// Whether it failed.
        "Failed" => pub failed: bool,
        /// How often it was restarted.
        "Restarts" => pub restarts: u64,
        /// What happened to it, oldest first.
        "Events" => pub events: Vec<TaskEvent>,
    }
    instants {
        /// When it was last restarted.
        "LastRestart" => pub last_restart,
        /// When it was started.
        "StartedAt" => pub started_at,
        /// When it ended.
        "FinishedAt" => pub finished_at,
    }
}

document! {
    /// Something that happened to a task.
    pub struct TaskEvent {
        /// What, `Started` for instance.
        "Type" => pub event_type: String,
        /// When, in nanoseconds since 1970.
        "Time" => pub time: i64,
        /// What, for people.
        "DisplayMessage" => pub display_message: String,
        /// More about it.
        "Details" => pub details: IndexMap<String, String>,
        /// The code that the task ended with.
        "ExitCode" => pub exit_code: i64,
    }
}

document! {
    /// An allocation's part in its deployment.
    pub struct AllocationDeploymentStatus {
        /// Whether it is well; absent, it is not known yet.
        "Healthy" => pub healthy: Option<bool>,
        /// Whether it is a canary that was not promoted.
        "Canary" => pub canary: bool,
        /// The index at which this last changed.
        "ModifyIndex" => pub modify_index: u64,
    }
    instants {
        /// When it was found well or not.
        "Timestamp" => pub timestamp,
    }
}

document! {
    /// The network of its own that an allocation has on its node, as its client says.
    pub struct NetworkStatus {
        /// The device, as tasks see it.
        "InterfaceName" => pub interface_name: String,
        /// The address.
        "Address" => pub address: String,
    }
}

document! {
    /// What an allocation was told to do.
    pub struct DesiredTransition {
        /// It is to leave its node.
        "Migrate" => pub migrate: Option<bool>,
        /// It is to be replaced, since it is unhealthy.
        "Reschedule" => pub reschedule: Option<bool>,
        /// It is to be replaced whatever its policy says.
        "ForceReschedule" => pub force_reschedule: Option<bool>,
        /// Its tasks are to be stopped without their delay.
        #[serde(skip_serializing_if = "Option::is_none")]
        "NoShutdownDelay" => pub no_shutdown_delay: Option<bool>,
        /// It is to leave its node and not to be replaced.
        #[serde(skip_serializing_if = "Option::is_none")]
        "MigrateDisablePlacement" => pub migrate_disable_placement: Option<bool>,
    }
}

document! {
    /// Which allocations an allocation was the replacement of.
    pub struct RescheduleTracker {
        /// The replacements, oldest first.
        "Events" => pub events: Vec<RescheduleEvent>,
        /// What became of the last try to replace it: `ok` or `no placement`.
        #[serde(skip_serializing_if = "is_default")]
        "LastReschedule" => pub last_reschedule: String,
    }
}

document! {
    /// One replacement of a failed allocation.
    pub struct RescheduleEvent {
        /// When, in nanoseconds since 1970.
        "RescheduleTime" => pub reschedule_time: i64,
        /// The allocation that was replaced.
        "PrevAllocID" => pub prev_alloc_id: String,
        /// The node that it was on.
        "PrevNodeID" => pub prev_node_id: String,
        /// How long it waited for its replacement.
        "Delay" => pub delay: Span,
    }
}

document! {
    /// A change of an allocation's client status that the server made or noted.
    pub struct AllocationState {
        /// What changed: 0 is the client status.
        "Field" => pub field: i64,
        /// What it became.
        "Value" => pub value: String,
    }
    instants {
        /// When.
        "Time" => pub time,
    }
}

impl TaskState {
    /// Whether it has ended and did not fail.
    pub fn is_successful(&self) -> bool {
        self.state == "dead" && !self.failed
    }
}

impl DesiredTransition {
    /// Whether the allocation is to leave its node.
    pub fn migrates(&self) -> bool {
        self.migrate == Some(true)
    }

    /// Whether the allocation is to be replaced, since it is unhealthy.
    pub fn reschedules(&self) -> bool {
        self.reschedule == Some(true)
    }

    /// Whether the allocation is to be replaced whatever its policy says.
    pub fn force_reschedules(&self) -> bool {
        self.force_reschedule == Some(true)
    }

    /// Whether the allocation is not to be replaced when it leaves its node.
    pub fn disables_placement(&self) -> bool {
        self.migrate_disable_placement == Some(true)
    }
}

impl AllocationDeploymentStatus {
    /// Whether the allocation was found well.
    pub fn is_healthy(&self) -> bool {
        self.healthy == Some(true)
    }

    /// Whether the allocation was found not to be well.
    pub fn is_unhealthy(&self) -> bool {
        self.healthy == Some(false)
    }
}

impl RescheduleTracker {
    /// The text of a try that found no node.
    pub const NO_PLACEMENT: &'static str = "no placement";

    /// The text of a try that succeeded.
    pub const OK: &'static str = "ok";

    /// Whether the last try to replace the allocation found no node.
    pub fn has_failed(&self) -> bool {
        self.last_reschedule == Self::NO_PLACEMENT
    }
}

impl RescheduleEvent {
    /// When.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_nanos(self.reschedule_time)
    }
}

impl AllocationState {
    /// The field that is the client status.
    pub const CLIENT_STATUS: i64 = 0;

    /// What the client status became, where that is what changed.
    pub fn client_status(&self) -> Option<ClientStatus> {
        match self.field {
            Self::CLIENT_STATUS => ClientStatus::from_text(&self.value),
            _ => None,
        }
    }
}
