//! Where the placements of a reconciliation go: one request after another on a trial of the cluster,
//! with what the plan stops out of the way (docs/lifecycle.md, section 2, *Placement loop*).

use indexmap::IndexMap;

use super::documents::{Documents, node_of};
use super::facts::free;
use super::job_state::JobState;
use crate::cluster::Cluster;
use crate::cluster::request::PlacementRequest;
use crate::model::{Allocation, AllocationMetrics, ClientStatus, Job};
use crate::placement::options::PlaceOptions;
use crate::reconcile::changes::{Changes, Placement, PlacementKind};

/// A search for the places of one plan.
pub(super) struct Search<'a> {
    pub(super) documents: &'a Documents<'a>,
    pub(super) known: &'a JobState,
    pub(super) job: &'a Job,
    pub(super) options: &'a PlaceOptions,
    pub(super) trial: Cluster,
    /// By group name: the first failure.
    pub(super) failures: IndexMap<String, AllocationMetrics>,
    /// The failed allocations that stand for failed placements, as the first API has them.
    pub(super) records: Vec<Allocation>,
}

/// What became of one placement.
pub(super) enum Found {
    /// It goes there.
    Placed(Box<Allocation>),
    /// The only node that it may go to may not run it at all.
    Filtered,
    /// There is no room for it.
    Exhausted,
}

/// The job of a placement, and the deployment that comes with another version than the present one.
pub(super) struct Chosen<'a> {
    pub(super) job: &'a Job,
    /// None for the usual deployment.
    pub(super) deployment_id: Option<&'a str>,
}

impl<'a> Search<'a> {
    /// A search with everything out of the way that stops whatever is found.
    pub(super) fn new(
        documents: &'a Documents<'a>,
        known: &'a JobState,
        job: &'a Job,
        options: &'a PlaceOptions,
        cluster: &Cluster,
        changes: &Changes,
    ) -> Search<'a> {
        let mut trial = cluster.fork();
        for stop in &changes.stops {
            free(&mut trial, &documents.allocations[stop.at as usize].id);
        }
        Search {
            documents,
            known,
            job,
            options,
            trial,
            failures: IndexMap::new(),
            records: Vec::new(),
        }
    }

    /// The version of the job that a placement runs: while canaries wait, what replaces none of them
    /// runs what ran well last.
    pub(super) fn chosen(&self, placement: &Placement) -> Chosen<'a> {
        let usual = Chosen { job: self.job, deployment_id: None };
        let Some(previous) = placement.previous.filter(|_| placement.is_downgraded) else {
            return usual;
        };
        let own = self.documents.views[previous as usize].version as usize;
        let replaced = self.documents.specs.get(own).map_or(0, |spec| spec.version);
        let group = self.documents.groups[placement.group as usize];
        let find = |version: u64| {
            let has_group = |job: &&Job| job.task_groups.iter().any(|it| it.name == group);
            self.known.versions.iter().find(|job| job.version == version).filter(has_group)
        };
        let settled = self.known.deployments.iter().rev().find(|it| {
            it.task_groups
                .get(group)
                .is_some_and(|state| state.promoted || state.desired_canaries == 0)
        });
        match settled {
            Some(it) if it.job_version < replaced => usual,
            Some(it) => find(it.job_version)
                .map_or(usual, |job| Chosen { job, deployment_id: Some(&it.id) }),
            None => find(replaced).map_or(usual, |job| Chosen { job, deployment_id: Some("") }),
        }
    }

    /// Finds the place of one placement. What it replaces in the same breath is out of the way
    /// meanwhile, and comes back where nothing is found.
    pub(super) fn find(&mut self, placement: &Placement) -> Found {
        let group = self.documents.groups[placement.group as usize];
        let is_pinned = placement.node.is_some();
        if let Some(failure) = self.failures.get_mut(group).filter(|_| !is_pinned) {
            failure.coalesced_failures += 1;
            return Found::Exhausted;
        }
        let request = self.request(placement, group);
        let replaced = self.replaced(placement);
        if let Some(allocation) = replaced {
            free(&mut self.trial, &allocation.id);
        }
        let placed = self.trial.place_requests(&[request], self.options);
        let found = placed.as_ref().ok().and_then(|it| it.allocations().next());
        if let Some(found) = found {
            return Found::Placed(Box::new(found.to_allocation()));
        }
        let failed = placed.as_ref().ok().and_then(|it| it.failed().first());
        let metrics = failed.map(|failed| failed.metrics().clone()).unwrap_or_default();
        let is_filtered = is_pinned && metrics.nodes_exhausted == 0;
        if let Some(allocation) = replaced.filter(|_| !is_filtered) {
            let was = allocation.client();
            if self.trial.set_client_status(&allocation.id, was).is_err() {
                // It is not on the cluster, and was not taken off it.
            }
        }
        if is_filtered {
            return Found::Filtered;
        }
        let is_first = !self.failures.contains_key(group);
        self.records.extend(failed.filter(|_| is_first).and_then(|it| it.to_allocation()));
        self.fail(group, metrics);
        Found::Exhausted
    }

    /// Notes that a group could not be placed whole.
    pub(super) fn fail(&mut self, group: &str, metrics: AllocationMetrics) {
        match self.failures.get_mut(group) {
            Some(first) => first.coalesced_failures += 1,
            None => {
                let first = AllocationMetrics { coalesced_failures: 0, ..metrics };
                self.failures.insert(group.to_owned(), first);
            }
        }
    }

    /// What gives its room to a placement only if there is one.
    fn replaced(&self, placement: &Placement) -> Option<&'a Allocation> {
        let at = placement.previous.filter(|_| placement.kind == PlacementKind::Destructive)?;
        let allocation = *self.documents.allocations.get(at as usize)?;
        (!allocation.client().is_terminal()).then_some(allocation)
    }

    fn request(&self, placement: &Placement, group: &str) -> PlacementRequest {
        let chosen = self.chosen(placement);
        let mut request = PlacementRequest::new(chosen.job, group, placement.name_index);
        if let Some(node) = placement.node.and_then(|at| self.documents.nodes.get(at as usize)) {
            return request.only_node(&node.id);
        }
        let Some(previous) = placement.previous else { return request };
        let previous = self.documents.allocations[previous as usize];
        if previous.client() == ClientStatus::Failed {
            request = request.penalty_node(&previous.node_id);
        }
        for event in previous.reschedule_tracker.iter().flat_map(|tracker| &tracker.events) {
            request = request.penalty_node(&event.prev_node_id);
        }
        if self.prefers_node(previous, chosen.job, group) {
            request = request.preferred_node(&previous.node_id);
        }
        request
    }

    /// Whether what an allocation keeps on its disk makes its node the preferred one.
    fn prefers_node(&self, previous: &Allocation, job: &Job, group: &str) -> bool {
        let spec = job.task_groups.iter().find(|it| it.name == group);
        let disk = spec.and_then(|group| group.ephemeral_disk.as_ref());
        let is_ready = node_of(&self.trial, previous).is_some_and(|node| node.is_ready());
        let own = self.documents.specs.iter().find(|it| it.version == previous.job_version());
        let is_near = own
            .is_none_or(|own| own.datacenters == job.datacenters && own.node_pool == job.node_pool);
        disk.is_some_and(|disk| disk.sticky || disk.migrate) && is_ready && is_near
    }
}
