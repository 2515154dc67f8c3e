//! What a job gets when it is registered, beyond what [`Job::new`] fills in: the blocks that say how
//! its allocations are changed, replaced, restarted and moved (docs/lifecycle.md, sections 3.1, 7
//! and 9). A caller that only places jobs needs none of them; a server gives them to every job.

use super::canonical::fill;
use super::era::Era;
use super::errors::JobErrors;
use super::job::Job;
use super::job_spec::{JobSpec, KILL_TIMEOUT_DEFAULT, Task, TaskGroup};
use super::job_type::JobType;
use super::problem::Problem;
use super::strategy::{
    DelayFunction, MigrateStrategy, ReschedulePolicy, RestartPolicy, UpdateStrategy,
};
use super::validate;
use crate::time::Span;

const SECOND: Span = Span::from_secs(1);
const MINUTE: Span = Span::from_secs(60);
const HOUR: Span = Span::from_secs(3600);
/// Files that are kept of what a task writes, and the MB of each.
const LOG_FILES_DEFAULT: i64 = 10;
const LOG_FILE_MB_DEFAULT: i64 = 10;

impl Job {
    /// Checks and completes a job as one that is registered: with every rule and every default of the
    /// lifecycle (docs/lifecycle.md, section 9), where [`Job::new`] asks for what placing relies on.
    /// `before` is the version that is registered under its name now.
    ///
    /// Whether the namespace and the node pool exist, and whether the cron expressions of a periodic
    /// job can be read, is for the caller to say.
    ///
    /// # Errors
    ///
    /// All that is wrong with the document, each with its path.
    ///
    /// ```
    /// use stowplan::model::{Job, read};
    ///
    /// let text = r#"{"ID": "web", "TaskGroups": [{"Name": "front", "Tasks": [
    ///     {"Name": "nginx", "Driver": "docker", "Resources": {"CPU": 0}}]}]}"#;
    /// assert!(Job::from_json(text).is_ok());
    /// assert_eq!(
    ///     Job::registered(read::job(text)?, None).unwrap_err().to_string(),
    ///     "TaskGroups[0].Tasks[0].Resources.CPU: expected at least 1 MHz, or whole `Cores`, found `0`",
    /// );
    /// let job = Job::registered(read::job(text.replace(r#""CPU": 0"#, ""))?, None).unwrap();
    /// assert_eq!(job.task_groups[0].update.as_ref().map(|update| update.max_parallel()), Some(1));
    /// # Ok::<(), read::ReadError>(())
    /// ```
    pub fn registered(mut spec: JobSpec, before: Option<&Job>) -> Result<Job, JobErrors> {
        let problems = Job::correct(&mut spec)?;
        let era = Job::complete_registered(&mut spec, problems, before)?;
        Ok(Job::of(spec, era))
    }

    /// Completes the document of a job that is registered, checks what only registering asks for beside what is
    /// known to be wrong with it, and gives its era.
    pub(crate) fn complete_registered(
        spec: &mut JobSpec,
        mut problems: Vec<Problem>,
        before: Option<&Job>,
    ) -> Result<Era, JobErrors> {
        let era = Job::complete(spec, before.map_or(Era::Today, Job::era));
        if era == Era::Today {
            fill_blocks(spec);
        }
        problems.extend(validate::registration(spec, era, before.map(Job::spec)));
        JobErrors::check(problems)?;
        Ok(era)
    }
}

/// Gives a job of today the blocks that it does not have, and completes those that it has.
fn fill_blocks(spec: &mut JobSpec) {
    let job_type = spec.job_type();
    for group in &mut spec.task_groups {
        fill_group(group, job_type);
    }
}

fn fill_group(group: &mut TaskGroup, job_type: JobType) {
    fill_restart(group.restart_policy.get_or_insert_default(), job_type);
    match job_type {
        JobType::Service => {
            fill_update(group.update.get_or_insert_default());
            fill_reschedule(group.reschedule_policy.get_or_insert_default(), job_type);
            fill_migrate(group.migrate.get_or_insert_default());
        }
        JobType::Batch => {
            fill_reschedule(group.reschedule_policy.get_or_insert_default(), job_type);
        }
        JobType::System => group.update.iter_mut().for_each(fill_update),
        JobType::Sysbatch => {}
    }
    if let Some(disconnect) = &mut group.disconnect {
        disconnect.replace.get_or_insert(true);
        fill(&mut disconnect.reconcile, "best_score");
    }
    for task in &mut group.tasks {
        fill_task(task, job_type);
    }
}

fn fill_task(task: &mut Task, job_type: JobType) {
    task.kill_timeout.get_or_insert(KILL_TIMEOUT_DEFAULT);
    let logs = task.log_config.get_or_insert_default();
    logs.max_files.get_or_insert(LOG_FILES_DEFAULT);
    logs.max_file_size_mb.get_or_insert(LOG_FILE_MB_DEFAULT);
    if let Some(restart) = &mut task.restart_policy {
        fill_restart(restart, job_type);
    }
}

fn fill_update(update: &mut UpdateStrategy) {
    update.stagger.get_or_insert(SECOND.saturating_mul(30));
    update.max_parallel.get_or_insert(1);
    fill(&mut update.health_check, "checks");
    update.min_healthy_time.get_or_insert(SECOND.saturating_mul(10));
    update.healthy_deadline.get_or_insert(MINUTE.saturating_mul(5));
    update.progress_deadline.get_or_insert(MINUTE.saturating_mul(10));
    update.auto_revert.get_or_insert(false);
    update.auto_promote.get_or_insert(false);
    update.canary.get_or_insert(0);
}

fn fill_migrate(migrate: &mut MigrateStrategy) {
    migrate.max_parallel.get_or_insert(1);
    fill(&mut migrate.health_check, "checks");
    migrate.min_healthy_time.get_or_insert(SECOND.saturating_mul(10));
    migrate.healthy_deadline.get_or_insert(MINUTE.saturating_mul(5));
}

fn fill_restart(restart: &mut RestartPolicy, job_type: JobType) {
    let (attempts, interval) = match job_type {
        JobType::Service | JobType::System => (2, MINUTE.saturating_mul(30)),
        JobType::Batch | JobType::Sysbatch => (3, HOUR.saturating_mul(24)),
    };
    restart.attempts.get_or_insert(attempts);
    restart.interval.get_or_insert(interval);
    restart.delay.get_or_insert(SECOND.saturating_mul(15));
    fill(&mut restart.mode, "fail");
}

/// Completes a reschedule policy. Attempts of the user's own limit a service's replacements, which
/// have no limit otherwise.
fn fill_reschedule(policy: &mut ReschedulePolicy, job_type: JobType) {
    let is_service = job_type == JobType::Service;
    let is_limited = policy.attempts.is_some_and(|attempts| attempts > 0);
    let unlimited = *policy.unlimited.get_or_insert(is_service && !is_limited);
    let (attempts, interval) = match (is_service, unlimited) {
        (false, false) => (1, HOUR.saturating_mul(24)),
        _ => (0, Span::ZERO),
    };
    policy.attempts.get_or_insert(attempts);
    policy.interval.get_or_insert(interval);
    policy.delay.get_or_insert(SECOND.saturating_mul(if is_service { 30 } else { 5 }));
    let function = if is_service { DelayFunction::Exponential } else { DelayFunction::Constant };
    fill(&mut policy.delay_function, function.as_str());
    let grows = policy.delay_function() != DelayFunction::Constant;
    policy.max_delay.get_or_insert(if grows { HOUR } else { Span::ZERO });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::read;

    /// A registered job of one group with one task, made of the keys of the job and of the group.
    fn registered(job: &str, group: &str) -> Job {
        let text = format!(
            r#"{{"ID": "web", {job} "TaskGroups": [{{"Name": "g", {group} "Tasks": [
                {{"Name": "t", "Driver": "exec"}}]}}]}}"#
        );
        Job::registered(read::job(text).unwrap(), None).unwrap()
    }

    #[test]
    fn every_type_of_job_gets_its_blocks() {
        for (job_type, blocks) in [
            ("service", [true, true, true]),
            ("batch", [true, false, false]),
            ("system", [false, false, false]),
            ("sysbatch", [false, false, false]),
        ] {
            let job = registered(&format!(r#""Type": "{job_type}","#), "");
            let group = &job.task_groups[0];
            let found = [
                group.reschedule_policy.is_some(),
                group.update.is_some(),
                group.migrate.is_some(),
            ];
            assert_eq!(found, blocks, "{job_type}");
            assert!(group.restart_policy.is_some(), "{job_type}");
        }
    }

    #[test]
    fn policies_are_those_of_the_type() {
        let policy = |job: &str, group: &str| {
            registered(job, group).task_groups[0].reschedule_policy.clone().unwrap()
        };
        let service = policy("", "");
        assert!(service.unlimited() && service.is_enabled());
        assert_eq!((service.attempts(), service.delay()), (0, Span::from_secs(30)));
        assert_eq!(service.delay_function(), DelayFunction::Exponential);
        assert_eq!(service.max_delay(), HOUR);
        let batch = policy(r#""Type": "batch","#, "");
        assert_eq!((batch.unlimited(), batch.attempts()), (false, 1));
        assert_eq!(
            (batch.interval(), batch.delay()),
            (HOUR.saturating_mul(24), Span::from_secs(5))
        );
        assert_eq!(batch.delay_function(), DelayFunction::Constant);
        // A number of one's own is a limit.
        let limited =
            policy("", r#""ReschedulePolicy": {"Attempts": 2, "Interval": 900000000000},"#);
        assert_eq!((limited.unlimited(), limited.attempts()), (false, 2));
        let off = policy("", r#""ReschedulePolicy": {"Attempts": 0, "Unlimited": false},"#);
        assert!(!off.is_enabled());
    }

    #[test]
    fn what_a_block_says_stays() {
        let job = registered(
            r#""Update": {"MaxParallel": 0, "Canary": 2},"#,
            r#""Update": {"Canary": 1}, "Migrate": {"MaxParallel": 7},"#,
        );
        let group = &job.task_groups[0];
        let update = group.update.as_ref().unwrap();
        assert_eq!((update.max_parallel(), update.canary()), (0, 1));
        assert_eq!(update.progress_deadline(), Span::from_secs(600));
        assert_eq!(group.migrate_max_parallel(), 7);
    }

    #[test]
    fn registering_what_was_registered_changes_nothing() {
        for job_type in ["service", "batch", "system", "sysbatch"] {
            let job = registered(&format!(r#""Type": "{job_type}","#), "");
            let text = serde_json::to_string(&job).unwrap();
            let again = Job::registered(read::job(text).unwrap(), Some(&job)).unwrap();
            assert_eq!(again, job, "{job_type}");
        }
    }

    #[test]
    fn a_job_of_the_first_api_gets_no_blocks() {
        let text = r#"{"ID": "web", "TaskGroups": [{"Name": "g", "Tasks": [
            {"Name": "t", "Driver": "exec", "Resources": {"IOPS": 0}}]}]}"#;
        let job = Job::registered(read::job(text).unwrap(), None).unwrap();
        assert_eq!(job, Job::from_json(text).unwrap());
        assert_eq!(job.task_groups[0].restart_policy, None);
    }
}
