//! Running a load at a level: what is measured, and how its jobs come and go.

use stowplan::model::{Job, Node};
use stowplan::{Cluster, PlaceOptions};

use super::level::{Arrived, Coming, Level, Resident};
use super::orchestrated::{self, Orchestrated};
use super::scheduled;

/// What is measured.
pub(crate) struct Runner {
    pub(crate) level: Level,
    pub(crate) options: PlaceOptions,
    /// Whether jobs leave again.
    pub(crate) leaves: bool,
    subject: Subject,
}

enum Subject {
    Cluster(Box<Cluster>),
    Engine(Box<Orchestrated>),
}

impl Runner {
    /// Begins on empty nodes. With `is_running` an engine is told of everything that is placed that it runs
    /// and is well.
    pub(crate) fn new(
        level: Level,
        options: PlaceOptions,
        nodes: Vec<Node>,
        is_running: bool,
    ) -> Runner {
        let subject = match level {
            Level::Engine => {
                Subject::Engine(Box::new(Orchestrated::new(&options, nodes, is_running)))
            }
            _ => {
                let cluster = Cluster::new(nodes);
                Subject::Cluster(Box::new(cluster.unwrap_or_else(|error| unreachable!("{error}"))))
            }
        };
        Runner { level, options, leaves: false, subject }
    }

    /// The cluster as it is.
    pub(crate) fn cluster(&self) -> &Cluster {
        match &self.subject {
            Subject::Cluster(cluster) => cluster,
            Subject::Engine(engine) => engine.cluster(),
        }
    }

    /// Makes a job ready to come.
    pub(crate) fn prepare(&self, job: Job) -> Coming {
        match self.level {
            Level::Engine => {
                let names = (job.namespace.clone(), job.id.clone());
                Coming::Command(Box::new(orchestrated::command(&job)), names)
            }
            _ => Coming::Job(job),
        }
    }

    /// Places a job that is there before the load.
    pub(crate) fn fill(&mut self, job: Job, seed: u64) {
        match &mut self.subject {
            Subject::Cluster(cluster) => {
                cluster.place(&job, &PlaceOptions::default().seed(seed));
            }
            Subject::Engine(engine) => {
                for part in orchestrated::parts(&job) {
                    let names = (part.job.namespace.clone(), part.job.id.clone());
                    _ = engine.arrive(Box::new(part), names, false);
                }
            }
        }
    }

    /// Lets a job come.
    pub(crate) fn arrive(&mut self, coming: &mut Coming) -> Arrived {
        match (&mut self.subject, self.level) {
            (Subject::Cluster(cluster), Level::Cluster) => {
                let Coming::Job(job) = coming else { return Arrived::default() };
                place(cluster, job, &self.options, self.leaves)
            }
            (Subject::Cluster(cluster), level) => match std::mem::replace(coming, Coming::Gone) {
                Coming::Job(job) => {
                    scheduled::arrive(cluster, level, job, &self.options, self.leaves)
                }
                _ => Arrived::default(),
            },
            (Subject::Engine(engine), _) => match std::mem::replace(coming, Coming::Gone) {
                Coming::Command(command, names) => engine.arrive(command, names, self.leaves),
                _ => Arrived::default(),
            },
        }
    }

    /// Makes a job ready to leave.
    pub(crate) fn prepare_to_leave(&self, resident: Resident) -> Resident {
        match resident {
            Resident::Registered { allocation, namespace, job_id, _job } => {
                let commands = orchestrated::farewell(allocation, namespace, job_id);
                Resident::Leaving { commands, _job }
            }
            other => other,
        }
    }

    /// Lets a job go of which one allocation is there and that was made ready to.
    pub(crate) fn leave(&mut self, resident: &mut Resident) {
        match (&mut self.subject, resident) {
            (Subject::Cluster(cluster), Resident::Job { allocation, .. }) => {
                // It was placed here and is taken out once.
                _ = cluster.remove_allocation(allocation);
            }
            (Subject::Cluster(cluster), Resident::Evaluated { namespace, job_id, _job }) => {
                scheduled::leave(cluster, self.level, (namespace, job_id), &self.options);
            }
            (Subject::Engine(engine), Resident::Leaving { commands, .. }) => {
                commands.drain(..).for_each(|command| engine.tell(command));
            }
            _ => {}
        }
    }
}

/// Places a job without a word about it.
fn place(cluster: &mut Cluster, job: &Job, options: &PlaceOptions, leaves: bool) -> Arrived {
    let placement = cluster.place(job, options);
    let unplaced = placement.failed().iter().map(|it| it.unplaced() as usize);
    let first = placement.allocations().next().filter(|_| leaves);
    Arrived {
        placed: placement.len(),
        failed: unplaced.sum(),
        scanned: placement.scanned(),
        resident: first.map(|it| Resident::Job { allocation: it.id(), _job: job.clone() }),
    }
}
