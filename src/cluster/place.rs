//! Placing: what is missing of a job, for keeps or for a look at it.

use std::sync::Arc;

use super::Cluster;
use super::explain::Explainer;
use super::fixes::look_at_whole_job;
use super::placement::Placement;
use super::request::{PlacementRequest, RequestError};
use crate::model::Job;
use crate::placement::observer::Observer;
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::{self, Outcome};
use crate::placement::place::{GroupRequests, place_missing, place_requested};
use crate::placement::request::Request;
use crate::state::allocations::Changes;

impl Cluster {
    /// Places what is missing of a job and keeps it.
    pub fn place(&mut self, job: &Job, options: &PlaceOptions) -> Placement {
        self.place_changing(job, options).0
    }

    /// Places what is missing of a job for a look at it: what is not
    /// [committed](Proposal::commit) is taken back.
    ///
    /// ```
    /// # use stowplan::{Cluster, PlaceOptions, model::{Job, Node}};
    /// # let node = r#"{"ID": "n1", "Datacenter": "dc1", "Attributes": {"driver.docker": "1"},
    /// #     "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000},
    /// #                       "Disk": {"DiskMB": 10000}}}"#;
    /// # let job = r#"{"ID": "web", "TaskGroups": [{"Name": "front", "Count": 4,
    /// #     "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#;
    /// # let mut cluster = Cluster::new([Node::from_json(node)?])?;
    /// # let job = Job::from_json(job)?;
    /// let proposal = cluster.propose(&job, &PlaceOptions::default());
    /// if proposal.placement().is_complete() {
    ///     proposal.commit();
    /// } else {
    ///     proposal.take_back();
    /// }
    /// assert_eq!(cluster.allocation_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn propose(&mut self, job: &Job, options: &PlaceOptions) -> Proposal<'_> {
        let (placement, changes) = self.place_changing(job, options);
        Proposal { cluster: self, placement: Some(placement), changes }
    }

    /// Places what is requested, in the order of the requests, and keeps it. After the first request of a
    /// group that finds no node the others of the group are counted and not attempted. Of a job that is
    /// placed whole or not at all nothing is placed if any of its requests finds no node. Requests for
    /// one job should stand together, and those for one group: they then share what is written down.
    ///
    /// # Errors
    ///
    /// A job has no group of the name requested, or the only node that an allocation may go to is not
    /// there. Nothing was placed.
    pub fn place_requests(
        &mut self,
        requests: &[PlacementRequest],
        options: &PlaceOptions,
    ) -> Result<Placement, RequestError> {
        let resolved = requests.iter().map(|request| request.resolve(&self.state));
        let resolved: Vec<(usize, Request)> = resolved.collect::<Result<_, _>>()?;
        let (groups, resolved): (Vec<usize>, Vec<Request>) = resolved.into_iter().unzip();
        let mut placement = Placement::default();
        let mut done = 0;
        let same_job = |a: &PlacementRequest, b: &PlacementRequest| {
            (&a.job().namespace, &a.job().id) == (&b.job().namespace, &b.job().id)
        };
        for of_job in requests.chunk_by(same_job) {
            let Some(job) = of_job.first().map(PlacementRequest::job) else { continue };
            let mut at = done;
            done += of_job.len();
            let same_group = |a: &PlacementRequest, b: &PlacementRequest| {
                a.task_group() == b.task_group()
                    && Arc::ptr_eq(&a.job().shared_spec(), &b.job().shared_spec())
            };
            let by_group = of_job.chunk_by(same_group).filter_map(|of_group| {
                let requests = at..at + of_group.len();
                at = requests.end;
                Some(GroupRequests {
                    job: of_group.first()?.job(),
                    group: *groups.get(requests.start)?,
                    requests: resolved.get(requests)?,
                })
            });
            let (state, caches) = (Arc::make_mut(&mut self.state), Arc::make_mut(&mut self.caches));
            let mut explainer = options.explain.then(|| Explainer::new(options));
            let observer = explainer.as_mut().map(|explainer| explainer as &mut dyn Observer);
            let (outcome, _) = place_requested(state, caches, job, by_group, options, observer);
            placement.add(self.finished(job, options, outcome, explainer));
        }
        Ok(placement)
    }

    fn place_changing(&mut self, job: &Job, options: &PlaceOptions) -> (Placement, Changes) {
        let (state, caches) = (Arc::make_mut(&mut self.state), Arc::make_mut(&mut self.caches));
        let mut explainer = options.explain.then(|| Explainer::new(options));
        let observer = explainer.as_mut().map(|explainer| explainer as &mut dyn Observer);
        let (outcome, changes) = place_missing(state, caches, job, options, observer);
        (self.finished(job, options, outcome, explainer), changes)
    }

    /// The placement that an outcome comes to.
    fn finished(
        &self,
        job: &Job,
        options: &PlaceOptions,
        outcome: Outcome,
        explainer: Option<Explainer<'_>>,
    ) -> Placement {
        let explanations = explainer.map(Explainer::finish).unwrap_or_default();
        let mut placement = Placement::new(&self.state, options, outcome, explanations);
        // What fixes do for the whole job is seen where nothing of it was placed.
        if options.explain && job.all_at_once && !placement.is_complete() {
            for explanation in &mut placement.explanations {
                look_at_whole_job(explanation, self, job, options);
            }
        }
        placement
    }
}

/// A placement that is not kept unless it is committed.
#[derive(Debug)]
pub struct Proposal<'a> {
    cluster: &'a mut Cluster,
    /// Gone once it was committed.
    placement: Option<Placement>,
    changes: Changes,
}

impl Proposal<'_> {
    /// What was placed.
    pub fn placement(&self) -> &Placement {
        // It is taken out only where the proposal ends.
        self.placement.as_ref().unwrap_or_else(|| unreachable!())
    }

    /// The cluster as it would be.
    pub fn cluster(&self) -> &Cluster {
        self.cluster
    }

    /// Keeps the placement.
    pub fn commit(mut self) -> Placement {
        self.placement.take().unwrap_or_else(|| unreachable!())
    }

    /// Takes the placement back, which costs as much as its changes did. Dropping the proposal does
    /// the same.
    pub fn take_back(self) {}
}

impl Drop for Proposal<'_> {
    fn drop(&mut self) {
        if let Some(placement) = &self.placement {
            let state = Arc::make_mut(&mut self.cluster.state);
            state.take_back(&self.changes, outcome::slots(&placement.groups));
        }
    }
}
