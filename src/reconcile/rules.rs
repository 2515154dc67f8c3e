//! The rules of a group's life, read off its document.

use super::view::{DisconnectRules, GroupRules, RescheduleRules, UpdateRules};
use crate::model::{DisconnectStrategy, ReschedulePolicy, TaskGroup, UpdateStrategy};
use crate::time::Span;

impl GroupRules {
    /// What the document of a group says.
    pub(crate) fn of(group: &TaskGroup) -> GroupRules {
        let policy = group.reschedule_policy.as_ref();
        let disconnect = group.disconnect.as_deref();
        GroupRules {
            count: group.count(),
            update: group.update.as_ref().map(UpdateRules::of),
            reschedule: policy.map(RescheduleRules::of).unwrap_or_default(),
            disconnect: disconnect.map(DisconnectRules::of).unwrap_or_default(),
            kill_timeout: group
                .tasks
                .iter()
                .map(|task| task.kill_timeout.unwrap_or(Span::ZERO))
                .max()
                .unwrap_or(Span::ZERO),
        }
    }
}

impl UpdateRules {
    fn of(update: &UpdateStrategy) -> UpdateRules {
        UpdateRules {
            max_parallel: update.max_parallel(),
            canary: update.canary(),
            auto_revert: update.auto_revert(),
            auto_promote: update.auto_promote(),
            progress_deadline: update.progress_deadline(),
        }
    }
}

impl RescheduleRules {
    pub(crate) fn of(policy: &ReschedulePolicy) -> RescheduleRules {
        RescheduleRules {
            unlimited: policy.unlimited(),
            attempts: policy.attempts(),
            interval: policy.interval(),
            delay: policy.delay(),
            function: policy.delay_function(),
            delay_max: policy.max_delay(),
        }
    }
}

impl DisconnectRules {
    fn of(disconnect: &DisconnectStrategy) -> DisconnectRules {
        DisconnectRules {
            lost_after: disconnect.lost_after,
            stop_on_client_after: disconnect.stop_on_client_after,
            replace: disconnect.replace(),
            choice: disconnect.reconcile(),
        }
    }
}
