//! Which reasons for an evaluation each scheduler accepts (docs/lifecycle.md, section 2).

use crate::model::{Evaluation, JobType, Trigger};

/// Why no scheduler takes an evaluation; one that does not say its type is for that of its job.
pub(super) fn refusal(evaluation: &Evaluation, of_job: JobType) -> Option<String> {
    let job_type = match evaluation.evaluation_type.as_str() {
        "" => of_job,
        text => match evaluation.job_type() {
            Some(job_type) => job_type,
            None => return Some(format!("no scheduler for evaluations of type '{text}'")),
        },
    };
    let accepts = evaluation.trigger().is_some_and(|trigger| accepts(trigger, job_type));
    (!accepts).then(|| refused(&evaluation.triggered_by))
}

/// The same of an evaluation that the state holds.
pub(super) fn refusal_of(trigger: Trigger, job_type: Option<JobType>) -> Option<String> {
    match job_type {
        None => Some("no scheduler for evaluations of type '_core'".to_owned()),
        Some(job_type) => (!accepts(trigger, job_type)).then(|| refused(trigger.as_str())),
    }
}

fn refused(reason: &str) -> String {
    format!("scheduler cannot handle '{reason}' evaluation reason")
}

fn accepts(trigger: Trigger, job_type: JobType) -> bool {
    match job_type {
        JobType::Service | JobType::Batch => trigger != Trigger::Scheduled,
        JobType::System => is_of_system(trigger),
        JobType::Sysbatch => is_of_system(trigger) || trigger == Trigger::PeriodicJob,
    }
}

fn is_of_system(trigger: Trigger) -> bool {
    matches!(
        trigger,
        Trigger::JobRegister
            | Trigger::NodeUpdate
            | Trigger::FailedFollowUp
            | Trigger::JobDeregister
            | Trigger::RollingUpdate
            | Trigger::Preemption
            | Trigger::DeploymentWatcher
            | Trigger::NodeDrain
            | Trigger::AllocStop
            | Trigger::QueuedAllocs
            | Trigger::JobScaling
            | Trigger::Reconnect
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which triggers are not accepted, by type of job.
    #[test]
    fn every_trigger_for_every_type() {
        let refused = |job_type| {
            let refused = Trigger::ALL.iter().filter(|trigger| !accepts(**trigger, job_type));
            refused.map(|trigger| trigger.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(refused(JobType::Service), ["scheduled"]);
        assert_eq!(refused(JobType::Batch), ["scheduled"]);
        let of_system = [
            "periodic-job",
            "alloc-failure",
            "alloc-reschedule",
            "max-disconnect-timeout",
            "max-plan-attempts",
            "scheduled",
        ];
        assert_eq!(refused(JobType::System), of_system);
        assert_eq!(refused(JobType::Sysbatch), of_system[1..]);
        let evaluation = Evaluation { triggered_by: "a whim".into(), ..Evaluation::default() };
        assert_eq!(
            refusal(&evaluation, JobType::Service).as_deref(),
            Some("scheduler cannot handle 'a whim' evaluation reason")
        );
    }
}
