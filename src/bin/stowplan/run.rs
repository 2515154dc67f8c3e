//! What is asked: jobs, one after another, of one cluster.

use stowplan::model::Job;
use stowplan::{Cluster, Inventory, PlaceOptions};

use crate::progress::Progress;

/// The question of one run of the program.
pub(crate) struct Run<'a> {
    pub(crate) inventory: &'a Inventory,
    /// In the order in which they are placed.
    pub(crate) jobs: &'a [Job],
    /// What was read and means nothing, or nothing here.
    pub(crate) warnings: &'a [String],
    pub(crate) seed: u64,
    pub(crate) options: PlaceOptions,
}

impl<'a> Run<'a> {
    /// The cluster before anything is placed.
    pub(crate) fn cluster(&self) -> Cluster {
        Cluster::from_inventory(self.inventory, self.seed)
    }

    /// The jobs, with a progress bar that names what is done with them.
    pub(crate) fn jobs(&self, what: &'static str) -> impl Iterator<Item = &'a Job> + use<'a> {
        let mut progress = Progress::new(what, self.jobs.len());
        self.jobs.iter().enumerate().inspect(move |(at, _)| progress.at(*at)).map(|(_, job)| job)
    }
}
