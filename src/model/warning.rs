//! What of a job means something to a running system and nothing to placing.

use std::fmt;

use serde::{Serialize, Serializer};

use super::job::Job;

/// Something that a job says and placing does not heed, from [`Job::warnings`]: a running system would
/// do something else with it than place its groups now (docs/lifecycle.md, section 9).
///
/// ```
/// # use stowplan::model::Job;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// use stowplan::model::JobWarning;
///
/// assert!(job.warnings().is_empty());
/// let stopped = job.changed(|spec| spec.stop = true)?;
/// assert_eq!(stopped.warnings(), [JobWarning::Stopped]);
/// assert_eq!(JobWarning::Stopped.key(), "Stop");
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JobWarning {
    /// `Stop`: it is told to stop, so that nothing of it is to run.
    Stopped,
    /// `Periodic`: it is launched at times, and each launch is a job of its own.
    Periodic,
    /// `ParameterizedJob`: it is launched by a caller, and each launch is a job of its own.
    Parameterized,
    /// `Multiregion`: regions have counts and datacenters of their own.
    Multiregion,
    /// `Count` of a group of a system job: it has one allocation on every node.
    SystemCount,
}

impl JobWarning {
    /// The key of the job that it is about.
    pub fn key(self) -> &'static str {
        match self {
            JobWarning::Stopped => "Stop",
            JobWarning::Periodic => "Periodic",
            JobWarning::Parameterized => "ParameterizedJob",
            JobWarning::Multiregion => "Multiregion",
            JobWarning::SystemCount => "Count",
        }
    }
}

/// The key and what it would mean, without the job's name.
impl fmt::Display for JobWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JobWarning::Stopped => {
                "`Stop` is ignored: the job is stopped, and a running system places nothing of it"
            }
            JobWarning::Periodic => {
                "`Periodic` is ignored: a running system places the job's launches, not the job; \
                 this is what one launch takes"
            }
            JobWarning::Parameterized => {
                "`ParameterizedJob` is ignored: a running system places what is dispatched of the \
                 job, not the job; this is what one dispatch takes"
            }
            JobWarning::Multiregion => {
                "`Multiregion` is ignored: the groups are placed with the counts and datacenters \
                 that the job itself has, not with those of a region"
            }
            JobWarning::SystemCount => {
                "`Count` above 1 is ignored: a system job has one allocation of each group on every \
                 node that may run it"
            }
        })
    }
}

/// Its text.
impl Serialize for JobWarning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Job {
    /// What it says that placing does not heed.
    ///
    /// [`place`](crate::place) and [`Cluster::place`](crate::Cluster::place) place the groups of any
    /// job; whether they should be placed now is for the caller to know.
    ///
    /// ```
    /// use stowplan::model::{Job, JobWarning};
    ///
    /// let job = Job::from_json(r#"{"ID": "web", "Type": "batch", "Periodic": {"Spec": "@daily"},
    ///     "Stop": true, "TaskGroups": [{"Name": "front",
    ///     "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#)?;
    /// assert_eq!(job.warnings(), [JobWarning::Stopped, JobWarning::Periodic]);
    /// # Ok::<(), stowplan::model::JobErrors>(())
    /// ```
    pub fn warnings(&self) -> Vec<JobWarning> {
        let warnings = [
            (self.stop, JobWarning::Stopped),
            (self.periodic.is_some(), JobWarning::Periodic),
            (self.is_parameterized(), JobWarning::Parameterized),
            (self.is_multiregion(), JobWarning::Multiregion),
            (
                self.job_type().is_system() && self.task_groups.iter().any(|it| it.count() > 1),
                JobWarning::SystemCount,
            ),
        ];
        warnings.into_iter().filter(|(applies, _)| *applies).map(|(_, warning)| warning).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, JobWarning};

    fn warnings(more: &str) -> Vec<JobWarning> {
        let tasks =
            r#""TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t", "Driver": "docker"}]}]"#;
        let job = format!(r#"{{"ID": "j", "Type": "batch", {tasks}{more}}}"#);
        Job::from_json(job).unwrap().warnings()
    }

    #[test]
    fn what_placing_does_not_heed_is_named() {
        assert_eq!(warnings(""), []);
        assert_eq!(warnings(r#", "Stop": false, "Periodic": null, "Multiregion": null"#), []);
        assert_eq!(warnings(r#", "Stop": true"#), [JobWarning::Stopped]);
        assert_eq!(warnings(r#", "Periodic": {"Spec": "@daily"}"#), [JobWarning::Periodic]);
        assert_eq!(warnings(r#", "ParameterizedJob": {}"#), [JobWarning::Parameterized]);
        assert_eq!(warnings(r#", "ParameterizedJob": {}, "Dispatched": true"#), []);
        assert_eq!(warnings(r#", "Multiregion": {"Regions": []}"#), [JobWarning::Multiregion]);
        let job = |job_type: &str, count: u32| {
            let tasks = r#""Tasks": [{"Name": "t", "Driver": "docker"}]"#;
            let group = format!(r#"{{"Name": "g", "Count": {count}, {tasks}}}"#);
            let job = format!(r#"{{"ID": "j", "Type": "{job_type}", "TaskGroups": [{group}]}}"#);
            Job::from_json(job).unwrap().warnings()
        };
        assert_eq!(job("system", 3), [JobWarning::SystemCount]);
        assert_eq!(job("sysbatch", 2), [JobWarning::SystemCount]);
        assert_eq!([job("system", 1), job("system", 0), job("batch", 3)], [[], [], []]);
        for warning in [
            JobWarning::Stopped,
            JobWarning::Periodic,
            JobWarning::Parameterized,
            JobWarning::SystemCount,
        ] {
            assert!(warning.to_string().contains(warning.key()));
        }
    }
}
