//! What reconciling asks, answered from a job's documents and a trial of the cluster.

use super::documents::{self, Documents};
use crate::cluster::Cluster;
use crate::cluster::request::PlacementRequest;
use crate::model::{AllocationState, ClientStatus, Job};
use crate::placement::options::PlaceOptions;
use crate::reconcile::changes::Stop;
use crate::reconcile::update::tasks_updated;
use crate::reconcile::view::{Facts, History};
use crate::time::Timestamp;

/// Answers from documents. What has to be tried is tried on forks that nobody else sees.
pub(super) struct DocumentFacts<'a> {
    pub(super) documents: &'a Documents<'a>,
    pub(super) cluster: &'a Cluster,
    pub(super) job: Option<&'a Job>,
    pub(super) options: &'a PlaceOptions,
    /// What is wanted on the nodes without what stops; none before the first trial.
    wanted: Option<Cluster>,
    /// How many of the stops it is without.
    stops: usize,
}

impl<'a> DocumentFacts<'a> {
    pub(super) fn new(
        documents: &'a Documents<'a>,
        cluster: &'a Cluster,
        job: Option<&'a Job>,
        options: &'a PlaceOptions,
    ) -> DocumentFacts<'a> {
        DocumentFacts { documents, cluster, job, options, wanted: None, stops: 0 }
    }

    /// The cluster without what was told to stop, and what stops now.
    fn wanted(&mut self, stops: &[Stop]) -> &Cluster {
        let (cluster, documents) = (self.cluster, self.documents);
        let wanted = self.wanted.get_or_insert_with(|| {
            let mut wanted = cluster.fork();
            let leaving = documents.allocations.iter().filter(|it| it.desired().is_terminal());
            leaving.for_each(|it| free(&mut wanted, &it.id));
            wanted
        });
        for stop in stops.iter().skip(self.stops) {
            if let Some(allocation) = documents.allocations.get(stop.at as usize) {
                free(wanted, &allocation.id);
            }
        }
        self.stops = stops.len();
        wanted
    }
}

impl Facts for DocumentFacts<'_> {
    fn tasks_updated(&mut self, version: u32, group: u32) -> bool {
        let specs = &self.documents.specs;
        let (Some(own), Some(job), Some(name)) =
            (specs.get(version as usize), self.job, self.documents.groups.get(group as usize))
        else {
            return true;
        };
        tasks_updated(own, job.spec(), name)
    }

    fn updates_in_place(&mut self, at: usize, stops: &[Stop]) -> bool {
        let Some(allocation) = self.documents.allocations.get(at) else { return false };
        // It is there already, so it may stay on a node that takes no new ones.
        let Some(node) = documents::node_of(self.cluster, allocation) else { return false };
        let mut trial = self.wanted(stops).fork();
        let made_ready = node.changed(|node| {
            node.status = "ready".into();
            node.scheduling_eligibility = "eligible".into();
            node.drain = false;
            node.drain_strategy = None;
        });
        let Ok(made_ready) = made_ready else { return false };
        trial.upsert_node(made_ready);
        free(&mut trial, &allocation.id);
        let group = self.documents.views.get(at).map_or(0, |view| view.group);
        let index = self.documents.views.get(at).map_or(0, |view| view.name_index);
        self.fits(&mut trial, &allocation.node_id, group, index).is_some_and(|fits| fits.0)
    }

    fn history(&self, at: usize) -> History<'_> {
        let Some(allocation) = self.documents.allocations.get(at) else {
            return History::default();
        };
        let became = |status: ClientStatus| {
            let of_status = move |it: &&AllocationState| it.client_status() == Some(status);
            allocation.alloc_states.iter().filter(of_status).filter_map(|it| it.time)
        };
        History {
            reschedules: self.documents.reschedules.get(at).map_or(&[], Vec::as_slice),
            ended: documents::ended(allocation),
            last_unknown: became(ClientStatus::Unknown).next_back(),
            first_lost: became(ClientStatus::Lost).next(),
        }
    }

    fn running_since(&self, at: usize) -> Option<Timestamp> {
        let allocation = self.documents.allocations.get(at)?;
        let states = allocation.task_states.values();
        // What was restarted runs since its last restart.
        states.filter_map(|state| state.last_restart.or(state.started_at)).min()
    }

    fn top_score(&self, at: usize) -> f64 {
        let metrics = self.documents.allocations.get(at).and_then(|it| it.metrics.as_ref());
        let scores = metrics.iter().flat_map(|metrics| &metrics.score_meta_data);
        scores.map(|score| score.norm_score).fold(0.0, f64::max)
    }

    fn created(&self, at: usize) -> u64 {
        let allocation = self.documents.allocations.get(at);
        allocation.map_or(0, |it| match it.create_index {
            0 => it.create_time.max(0) as u64,
            index => index,
        })
    }

    fn is_feasible(&mut self, node: u32, group: u32) -> bool {
        let Some(node) = self.documents.nodes.get(node as usize) else { return false };
        let mut trial = self.cluster.fork();
        self.fits(&mut trial, &node.id, group, 0)
            .is_some_and(|(fits, is_filtered)| fits || !is_filtered)
    }
}

impl DocumentFacts<'_> {
    /// Whether an allocation of a group finds room on a node, and whether it may not run there at all.
    fn fits(
        &self,
        trial: &mut Cluster,
        node_id: &str,
        group: u32,
        name_index: u32,
    ) -> Option<(bool, bool)> {
        let name = *self.documents.groups.get(group as usize)?;
        let request = PlacementRequest::new(self.job?, name, name_index).only_node(node_id);
        let placement = trial.place_requests(&[request], self.options).ok()?;
        // A node that may not run a system job's group is no failure of it.
        let failed = placement.failed().first();
        let is_filtered =
            placement.is_empty() && failed.is_none_or(|it| it.metrics().nodes_exhausted == 0);
        Some((!placement.is_empty(), is_filtered))
    }
}

/// Gives the room of an allocation back. One that is not on the cluster holds none.
pub(super) fn free(trial: &mut Cluster, id: &str) {
    if trial.set_client_status(id, ClientStatus::Complete).is_err() {
        // It is not there: its node is gone.
    }
}
