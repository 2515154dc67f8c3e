//! Commands on jobs, by section 9.

use stowplan::engine::{Command, JobCommandError, RegisterJob, ScaleJob, SetJobStability};
use stowplan::model::JobSpec;

use crate::facts::{Facts, is_active};
use crate::model::{Answer, Job, Key, Model};

impl Model {
    pub(crate) fn tell_of_jobs(&mut self, command: &Command, facts: &Facts) -> Answer {
        let key = |namespace: &str, id: &str| (namespace.to_owned(), id.to_owned());
        let unknown = || Answer::refused(JobCommandError::UnknownJob);
        match command {
            Command::RegisterJob(body) => self.register(body),
            Command::DeregisterJob(body) => {
                let key = key(&body.namespace, &body.job_id);
                if body.purge {
                    self.jobs.remove(&key);
                } else if let Some(job) = self.jobs.get_mut(&key) {
                    let (spec, is_stable) = (job.present().spec.clone(), job.present().is_stable);
                    job.add(spec, true, is_stable);
                    self.writes_job(&key);
                }
                self.count_launches(&key);
                Answer::Accepted
            }
            Command::EvaluateJob(body) => {
                let Some(job) = self.jobs.get(&key(&body.namespace, &body.job_id)) else {
                    return unknown();
                };
                let spec = &job.present().spec;
                match () {
                    () if spec.periodic.is_some() => {
                        Answer::refused(JobCommandError::EvaluatesPeriodic)
                    }
                    () if spec.parameterized_job.is_some() => {
                        Answer::refused(JobCommandError::EvaluatesParameterized)
                    }
                    () => Answer::Accepted,
                }
            }
            Command::ScaleJob(body) => {
                let refusal = self.scale(&key(&body.namespace, &body.job_id), body, facts);
                refusal.map_or(Answer::Accepted, Answer::refused)
            }
            Command::RevertJob(body) => {
                let key = key(&body.namespace, &body.job_id);
                let Some(job) = self.jobs.get_mut(&key) else { return unknown() };
                let version = job.present().number;
                if let Some(enforced) = body.enforce_prior_version.filter(|it| *it != version) {
                    return Answer::refused(JobCommandError::PriorVersion { version, enforced });
                }
                if body.job_version == version {
                    return Answer::refused(JobCommandError::SameVersion);
                }
                let Some(earlier) = job.version(body.job_version).cloned() else {
                    return Answer::refused(no_version(&key, body.job_version));
                };
                if let Some(refusal) = self.refuses(&earlier.spec) {
                    return Answer::refused(refusal);
                }
                self.put(&key, earlier.spec, earlier.is_stopped);
                Answer::Accepted
            }
            Command::SetJobStability(body) => self.call_stable(body),
            other => panic!("{other:?} is not on jobs"),
        }
    }

    /// Calls a version stable, or no longer so, which makes it the present one (section 9, *Stable*).
    fn call_stable(&mut self, body: &SetJobStability) -> Answer {
        let key = (body.namespace.clone(), body.job_id.clone());
        let Some(job) = self.jobs.get_mut(&key) else {
            return Answer::refused(JobCommandError::UnknownJob);
        };
        let Some(was) = job.version(body.job_version).map(|it| it.is_stable) else {
            return Answer::refused(no_version(&key, body.job_version));
        };
        if was == body.stable {
            return Answer::Accepted;
        }
        let is_turned = job.present != body.job_version;
        job.present = body.job_version;
        job.set_stable(body.job_version, body.stable);
        if is_turned {
            self.turns_job(&key);
            self.count_launches(&key);
        }
        Answer::Accepted
    }

    /// Registers a job that is valid: a new version if it differs from the present one.
    pub(crate) fn put(&mut self, key: &Key, spec: JobSpec, is_stopped: bool) {
        let new = || Job { versions: Vec::new(), present: 0, turned_at: 0, is_seen: false };
        let job = self.jobs.entry(key.clone()).or_insert_with(new);
        let present = (!job.versions.is_empty()).then(|| job.present());
        if present.is_none_or(|it| it.spec != spec || it.is_stopped != is_stopped) {
            job.add(spec, is_stopped, false);
            self.writes_job(key);
            self.count_launches(key);
        }
    }

    fn register(&mut self, body: &RegisterJob) -> Answer {
        let mut spec = body.job.clone();
        let key = (spec.namespace.clone(), spec.id.clone());
        let known = self.jobs.get(&key);
        if body.eval_priority < 0 || body.eval_priority > 100 {
            let priority = body.eval_priority;
            return Answer::refused(JobCommandError::Priority { priority });
        }
        if body.enforce_index {
            let index = body.job_modify_index;
            let refusal = match known.map(|job| job.job_modify_index()) {
                None if index == 0 => None,
                None => Some(JobCommandError::DoesNotExist { index }),
                Some(_) if index == 0 => Some(JobCommandError::AlreadyExists),
                Some(found) if found != index => Some(JobCommandError::Conflict { index, found }),
                Some(_) => None,
            };
            if let Some(refusal) = refusal {
                return Answer::refused(refusal);
            }
        }
        if body.preserve_counts
            && let Some(known) = known
        {
            for group in &mut spec.task_groups {
                let before =
                    known.present().spec.task_groups.iter().find(|it| it.name == group.name);
                group.count = before.map_or(group.count, |it| it.count);
            }
        }
        let is_migrating = spec.task_groups.iter().any(|group| group.migrate.is_some());
        let changes_type = known.is_some_and(|it| it.present().spec.job_type != spec.job_type);
        match () {
            () if changes_type || (is_migrating && spec.job_type != "service") => Answer::Invalid,
            () => match self.refuses(&spec) {
                Some(refusal) => Answer::refused(refusal),
                None => {
                    self.put(&key, spec, false);
                    Answer::Accepted
                }
            },
        }
    }

    /// What is not there that a job, or an earlier version of it, names (section 9, *Validation*).
    fn refuses(&self, spec: &JobSpec) -> Option<JobCommandError> {
        let job_id = spec.id.clone();
        if !self.namespaces.contains(&spec.namespace) {
            let namespace = spec.namespace.clone();
            return Some(JobCommandError::UnknownNamespace { job_id, namespace });
        }
        if !spec.node_pool.is_empty() && !self.pools.contains(&spec.node_pool) {
            let pool = spec.node_pool.clone();
            return Some(JobCommandError::UnknownNodePool { job_id, pool });
        }
        let is_periodic = spec.periodic.as_ref().is_some_and(|it| it.enabled != Some(false));
        (is_periodic && !cfg!(feature = "cron")).then_some(JobCommandError::PeriodicNotSupported)
    }

    fn scale(&mut self, key: &Key, body: &ScaleJob, facts: &Facts) -> Option<JobCommandError> {
        let group = body.target.get("Group").cloned().unwrap_or_default();
        if group.is_empty() {
            return Some(JobCommandError::NoGroup);
        }
        if body.error && body.count.is_some() {
            return Some(JobCommandError::CountOfError);
        }
        if body.count.is_some_and(|count| count < 0) {
            return Some(JobCommandError::NegativeCount);
        }
        let Some(job) = self.jobs.get(key) else { return Some(JobCommandError::UnknownJob) };
        let (mut spec, is_stopped) = (job.present().spec.clone(), job.present().is_stopped);
        let is_system = spec.job_type == "system";
        let Some(scaled) = spec.task_groups.iter_mut().find(|it| it.name == group) else {
            return Some(JobCommandError::UnknownGroup { group });
        };
        let count = body.count?;
        let bounds = scaled.scaling.as_ref();
        if let Some(min) = bounds.and_then(|it| it.min).filter(|min| count < *min) {
            return Some(JobCommandError::CountTooSmall { count, min });
        }
        let max = bounds.and_then(|it| it.max).or(is_system.then_some(1));
        if let Some(max) = max.filter(|max| count > *max) {
            return Some(JobCommandError::CountTooLarge { count, max });
        }
        if facts.deployment_of(key).is_some_and(is_active) {
            return Some(JobCommandError::ActiveDeployment);
        }
        scaled.count = Some(count);
        self.put(key, spec, is_stopped);
        None
    }
}

fn no_version(key: &Key, version: u64) -> JobCommandError {
    JobCommandError::UnknownVersion { namespace: key.0.clone(), job_id: key.1.clone(), version }
}
