//! The numbers that stand for what is one of a closed set.

use crate::model::{
    ClientStatus, DeploymentStatus, DesiredStatus, Era, EvaluationStatus, JobType, Trigger,
};
use crate::state::codec::saved_as_number;
use crate::state::lifecycle::Health;
use crate::state::standing::JobStatus;
use crate::state::stop_reason::StopReason;

saved_as_number!(DesiredStatus { Run = 0, Stop = 1, Evict = 2, Failed = 3 });

saved_as_number!(ClientStatus {
    Pending = 0,
    Running = 1,
    Complete = 2,
    Failed = 3,
    Lost = 4,
    Unknown = 5,
});

saved_as_number!(JobType { Service = 0, Batch = 1, System = 2, Sysbatch = 3 });

saved_as_number!(Era { First = 0, Today = 1 });

saved_as_number!(JobStatus { Pending = 0, Running = 1, Dead = 2 });

saved_as_number!(StopReason {
    NotNeeded = 0,
    ReconnectReplaced = 1,
    Migrating = 2,
    Updating = 3,
    Lost = 4,
    Rescheduled = 5,
    NodeTainted = 6,
});

saved_as_number!(Health { Unknown = 0, Healthy = 1, Unhealthy = 2 });

saved_as_number!(EvaluationStatus {
    Pending = 0,
    Blocked = 1,
    Complete = 2,
    Failed = 3,
    Canceled = 4,
});

saved_as_number!(DeploymentStatus {
    Running = 0,
    Paused = 1,
    Failed = 2,
    Successful = 3,
    Cancelled = 4,
    Pending = 5,
    Initializing = 6,
    Blocked = 7,
    Unblocking = 8,
});

saved_as_number!(Trigger {
    JobRegister = 0,
    JobDeregister = 1,
    JobScaling = 2,
    PeriodicJob = 3,
    NodeUpdate = 4,
    NodeDrain = 5,
    AllocStop = 6,
    AllocFailure = 7,
    AllocReschedule = 8,
    MaxDisconnectTimeout = 9,
    Reconnect = 10,
    DeploymentWatcher = 11,
    Preemption = 12,
    QueuedAllocs = 13,
    MaxPlanAttempts = 14,
    FailedFollowUp = 15,
    RollingUpdate = 16,
    Scheduled = 17,
});
