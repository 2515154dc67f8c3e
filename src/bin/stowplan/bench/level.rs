//! The levels of the library at which a load can be run: the same jobs come and go at each of them.

use clap::ValueEnum;
use stowplan::engine::{Command, RegisterJob};
use stowplan::model::Job;

/// How jobs are placed and taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// A job is placed, and its allocations are taken out
    #[default]
    Cluster,
    /// A job is registered and evaluated, and the evaluation is processed at once, and what comes of it
    /// verified; a job that leaves is taken out and evaluated again
    Scheduler,
    /// The same, but each evaluation makes a plan, which is verified and committed
    Plans,
    /// The same on a fork that is made for each evaluation
    Forks,
    /// Jobs are registered and deregistered by commands, and what comes of that is done by an engine
    Engine,
}

/// A job that is to come, made ready before anything is measured.
#[derive(Debug)]
pub(crate) enum Coming {
    Job(Job),
    /// With the namespace and the identity.
    Command(Box<RegisterJob>, (String, String)),
    /// It was handed over.
    Gone,
}

/// What placing a job came to.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) placed: usize,
    pub(crate) failed: usize,
    /// Selections for which every node was looked at, as far as the level tells.
    pub(crate) scanned: usize,
    /// The job, if it is to leave again.
    pub(crate) resident: Option<Resident>,
}

/// A job of which one allocation is there, with what its leaving needs.
#[derive(Debug)]
pub(crate) enum Resident {
    /// Who hands a job over keeps it until it has left.
    Job { allocation: String, _job: Job },
    /// The namespace and the identity; its document is dropped by who made it.
    Evaluated { namespace: String, job_id: String, _job: Option<Job> },
    /// The same of an engine, and the allocation that its client is to end.
    Registered { allocation: String, namespace: String, job_id: String, _job: Option<Job> },
    /// What an engine is told so that it leaves.
    Leaving { commands: Vec<Command>, _job: Option<Job> },
}

impl Level {
    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned())
    }
}
