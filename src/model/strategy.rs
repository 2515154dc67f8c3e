//! The blocks of jobs and groups that say how allocations are changed, moved, restarted and replaced
//! (docs/lifecycle.md, sections 3, 3.1, 3.2, 7 and 9).

use super::document::{document, is_default};
use super::status::texts;
use crate::time::Span;

document! {
    /// How a new version of a job replaces the one before: in steps, watched by a deployment.
    ///
    /// At a job of today it is the default of its groups; at a job of the first API, which knows
    /// `Stagger` and `MaxParallel` only, it is the whole job's.
    pub struct UpdateStrategy {
        /// Time between the steps of a job without deployments.
        "Stagger" => pub stagger: Option<Span>,
        /// Allocations that are changed at once; 0 is all.
        "MaxParallel" => pub max_parallel: Option<i64>,
        /// What makes an allocation healthy: `checks`, `task_states` or `manual`.
        #[serde(skip_serializing_if = "is_default")]
        "HealthCheck" => pub health_check: String,
        /// How long an allocation must be well to count as healthy.
        #[serde(skip_serializing_if = "Option::is_none")]
        "MinHealthyTime" => pub min_healthy_time: Option<Span>,
        /// How long an allocation may take to become healthy.
        #[serde(skip_serializing_if = "Option::is_none")]
        "HealthyDeadline" => pub healthy_deadline: Option<Span>,
        /// How long a deployment may go without a newly healthy allocation; 0 is not at all without
        /// one that is not.
        #[serde(skip_serializing_if = "Option::is_none")]
        "ProgressDeadline" => pub progress_deadline: Option<Span>,
        /// Whether a failed deployment brings the last stable version back.
        #[serde(skip_serializing_if = "Option::is_none")]
        "AutoRevert" => pub auto_revert: Option<bool>,
        /// Whether healthy canaries are promoted without being told.
        #[serde(skip_serializing_if = "Option::is_none")]
        "AutoPromote" => pub auto_promote: Option<bool>,
        /// Allocations of the new version that are tried before any old one is changed; of a system
        /// job, percent of its nodes.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Canary" => pub canary: Option<i64>,
    }
}

document! {
    /// How a group's allocations leave nodes that drain.
    pub struct MigrateStrategy {
        /// At once; scheduling uses it as a limit on preemption.
        "MaxParallel" => pub max_parallel: Option<i64>,
        /// What makes a replacement healthy: `checks` or `task_states`.
        #[serde(skip_serializing_if = "is_default")]
        "HealthCheck" => pub health_check: String,
        /// How long a replacement must be well to count as healthy.
        #[serde(skip_serializing_if = "Option::is_none")]
        "MinHealthyTime" => pub min_healthy_time: Option<Span>,
        /// How long a replacement may take to become healthy.
        #[serde(skip_serializing_if = "Option::is_none")]
        "HealthyDeadline" => pub healthy_deadline: Option<Span>,
    }
}

document! {
    /// Whether and when failed allocations are replaced by new ones.
    pub struct ReschedulePolicy {
        /// Replacements within `interval`.
        "Attempts" => pub attempts: Option<i64>,
        /// The time over which attempts are counted.
        "Interval" => pub interval: Option<Span>,
        /// The time before the first replacement.
        "Delay" => pub delay: Option<Span>,
        /// How the delay grows: `constant`, `exponential` or `fibonacci`.
        "DelayFunction" => pub delay_function: String,
        /// The longest delay.
        "MaxDelay" => pub max_delay: Option<Span>,
        /// Whether there is no limit to replacements.
        "Unlimited" => pub unlimited: Option<bool>,
    }
}

document! {
    /// How often a client restarts failed tasks in place. Scheduling only checks and keeps it.
    pub struct RestartPolicy {
        /// Restarts within `interval`.
        "Attempts" => pub attempts: Option<i64>,
        /// The time over which restarts are counted.
        "Interval" => pub interval: Option<Span>,
        /// The time before a restart.
        "Delay" => pub delay: Option<Span>,
        /// After the last restart: `fail`, or `delay` until the interval is over.
        "Mode" => pub mode: String,
        /// Whether templates are rendered anew at a restart.
        #[serde(skip_serializing_if = "Option::is_none")]
        "RenderTemplates" => pub render_templates: Option<bool>,
    }
}

document! {
    /// What becomes of a group's allocations when their node no longer answers.
    pub struct DisconnectStrategy {
        /// How long they count as unknown before they are lost; absent, they are lost at once.
        "LostAfter" => pub lost_after: Option<Span>,
        /// How long after it has lost its server a client stops them; absent, it does not.
        "StopOnClientAfter" => pub stop_on_client_after: Option<Span>,
        /// Whether they are replaced meanwhile; absent, they are.
        "Replace" => pub replace: Option<bool>,
        /// Which of an original and its replacement stays when the node comes back; empty is
        /// `best_score`.
        "Reconcile" => pub reconcile: String,
    }
}

document! {
    /// Between which counts a group may be scaled.
    pub struct ScalingPolicy {
        /// The least count.
        "Min" => pub min: Option<i64>,
        /// The greatest count.
        "Max" => pub max: Option<i64>,
    }
}

texts! {
    /// How the delay before a replacement grows from one to the next.
    pub enum DelayFunction {
        /// It does not.
        Constant = "constant",
        /// It doubles.
        Exponential = "exponential",
        /// It is the sum of the two before.
        Fibonacci = "fibonacci",
    }
}

texts! {
    /// Which of an original and its replacement stays when the original's node comes back.
    pub enum DisconnectReconcile {
        /// The one with the better score.
        BestScore = "best_score",
        /// The one that has run longer.
        LongestRunning = "longest_running",
        /// The original.
        KeepOriginal = "keep_original",
        /// The replacement.
        KeepReplacement = "keep_replacement",
    }
}

impl UpdateStrategy {
    /// Fills in what it leaves out from the block of the job.
    pub(super) fn fill_from(&mut self, job: &UpdateStrategy) {
        fn fill<T: Copy>(value: &mut Option<T>, from: Option<T>) {
            *value = value.or(from);
        }
        fill(&mut self.stagger, job.stagger);
        fill(&mut self.max_parallel, job.max_parallel);
        if self.health_check.is_empty() {
            self.health_check.clone_from(&job.health_check);
        }
        fill(&mut self.min_healthy_time, job.min_healthy_time);
        fill(&mut self.healthy_deadline, job.healthy_deadline);
        fill(&mut self.progress_deadline, job.progress_deadline);
        fill(&mut self.auto_revert, job.auto_revert);
        fill(&mut self.auto_promote, job.auto_promote);
        fill(&mut self.canary, job.canary);
    }

    /// Allocations that are changed at once; where the document says nothing, 0, which is all.
    pub fn max_parallel(&self) -> u32 {
        count(self.max_parallel)
    }

    /// Canaries, or percent of nodes for a system job; where the document says nothing, 0.
    pub fn canary(&self) -> u32 {
        count(self.canary)
    }

    /// Time between the steps of a job without deployments.
    pub fn stagger(&self) -> Span {
        self.stagger.unwrap_or_default()
    }

    /// How long a deployment may go without a newly healthy allocation.
    pub fn progress_deadline(&self) -> Span {
        self.progress_deadline.unwrap_or_default()
    }

    /// Whether a failed deployment brings the last stable version back.
    pub fn auto_revert(&self) -> bool {
        self.auto_revert.unwrap_or_default()
    }

    /// Whether healthy canaries are promoted without being told.
    pub fn auto_promote(&self) -> bool {
        self.auto_promote.unwrap_or_default()
    }
}

impl ReschedulePolicy {
    /// Replacements within the interval.
    pub fn attempts(&self) -> u32 {
        count(self.attempts)
    }

    /// The time over which attempts are counted.
    pub fn interval(&self) -> Span {
        self.interval.unwrap_or_default()
    }

    /// The time before the first replacement.
    pub fn delay(&self) -> Span {
        self.delay.unwrap_or_default()
    }

    /// How the delay grows; an empty or unknown text is `constant`.
    pub fn delay_function(&self) -> DelayFunction {
        DelayFunction::from_text(&self.delay_function).unwrap_or(DelayFunction::Constant)
    }

    /// The longest delay; 0 is no limit.
    pub fn max_delay(&self) -> Span {
        self.max_delay.unwrap_or_default()
    }

    /// Whether there is no limit to replacements.
    pub fn unlimited(&self) -> bool {
        self.unlimited.unwrap_or_default()
    }

    /// Whether failed allocations are replaced at all (docs/lifecycle.md, section 3).
    pub fn is_enabled(&self) -> bool {
        self.unlimited() || (self.attempts() > 0 && self.interval() > Span::ZERO)
    }
}

impl DisconnectStrategy {
    /// Whether unknown allocations are replaced; where the document says nothing, they are.
    pub fn replace(&self) -> bool {
        self.replace.unwrap_or(true)
    }

    /// Which allocation stays when the node comes back; an empty or unknown text is `best_score`.
    pub fn reconcile(&self) -> DisconnectReconcile {
        DisconnectReconcile::from_text(&self.reconcile).unwrap_or(DisconnectReconcile::BestScore)
    }
}

/// A number of things. A negative one, which validation refuses, is 0.
fn count(number: Option<i64>) -> u32 {
    u32::try_from(number.unwrap_or(0).max(0)).unwrap_or(u32::MAX)
}
