//! The levels of the library at which a load can be run: the same jobs come and go at each of them.

use clap::ValueEnum;
use stowplan::model::{Evaluation, Job, Trigger};
use stowplan::schedule::process_with;
use stowplan::{Attempt, Cluster, PlaceOptions};

/// How jobs are placed and taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// A job is placed, and its allocations are taken out
    #[default]
    Cluster,
    /// A job is registered and evaluated, and the evaluation is processed at once; a job that leaves is
    /// taken out and evaluated again
    Scheduler,
    /// The same, but each evaluation makes a plan, which is verified and committed
    Plans,
    /// The same on a fork that is made for each evaluation
    Forks,
}

/// What placing a job came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) placed: usize,
    pub(crate) failed: usize,
    /// Selections for which every node was looked at, as far as the level tells.
    pub(crate) scanned: usize,
    /// The identities of what was placed.
    pub(crate) ids: Vec<String>,
}

/// A cluster that is used at a level.
pub(crate) struct Runner<'a> {
    pub(crate) level: Level,
    pub(crate) cluster: Cluster,
    pub(crate) options: &'a PlaceOptions,
    /// Whether identities of what is placed are wanted.
    pub(crate) names: bool,
}

impl Level {
    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned())
    }
}

impl Runner<'_> {
    /// Lets a job come.
    pub(crate) fn arrive(&mut self, job: &Job) -> Arrived {
        if self.level == Level::Cluster {
            let placement = self.cluster.place(job, self.options);
            let unplaced = placement.failed().iter().map(|it| it.unplaced() as usize);
            let ids = placement.allocations().filter(|_| self.names).map(|it| it.id());
            return Arrived {
                placed: placement.len(),
                failed: unplaced.sum(),
                scanned: placement.scanned(),
                ids: ids.collect(),
            };
        }
        self.cluster.register_job(job);
        self.evaluate(job, Trigger::JobRegister)
    }

    /// Lets a job go of which one allocation is there.
    pub(crate) fn leave(&mut self, job: &Job, id: &str) {
        if self.level != Level::Cluster {
            self.cluster.unregister_job(&job.namespace, &job.id);
            self.evaluate(job, Trigger::JobDeregister);
        }
        // It was placed here and is taken out once.
        let _ = self.cluster.remove_allocation(id);
        if self.level != Level::Cluster {
            let done: Vec<String> =
                self.cluster.evaluations_of(&job.namespace, &job.id).map(|it| it.id).collect();
            for id in done {
                self.cluster.remove_evaluation(&id);
            }
        }
    }

    /// Evaluates a job, and carries out what comes of it.
    fn evaluate(&mut self, job: &Job, trigger: Trigger) -> Arrived {
        let evaluation = Evaluation {
            namespace: job.namespace.clone(),
            job_id: job.id.clone(),
            evaluation_type: job.job_type().as_str().into(),
            triggered_by: trigger.as_str().into(),
            priority: job.priority(),
            status: "pending".into(),
            ..Evaluation::default()
        };
        let now = self.cluster.now();
        let Ok(id) = self.cluster.upsert_evaluation(&evaluation) else { return Arrived::default() };
        let evaluation = Evaluation { id, ..evaluation };
        let attempt = Attempt::default();
        let committed = match self.level {
            Level::Cluster => return Arrived::default(),
            Level::Scheduler => self.cluster.process(&evaluation.id, now, self.options),
            Level::Plans => {
                let cluster = &mut self.cluster;
                let plan = process_with(cluster, &evaluation, now, self.options, attempt);
                Some(cluster.commit(plan, now))
            }
            Level::Forks => {
                let mut fork = self.cluster.fork();
                let plan = process_with(&mut fork, &evaluation, now, self.options, attempt);
                drop(fork);
                Some(self.cluster.commit(plan, now))
            }
        };
        let Some(committed) = committed else { return Arrived::default() };
        let placed = committed.allocations().count();
        let wanted: usize = match trigger {
            Trigger::JobRegister => job.task_groups.iter().map(|it| it.count() as usize).sum(),
            _ => 0,
        };
        let ids = committed.allocations().filter(|_| self.names).map(|it| it.id());
        let ids = ids.collect();
        Arrived { placed, failed: wanted.saturating_sub(placed), scanned: 0, ids }
    }
}
