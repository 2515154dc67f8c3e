//! Placing: what is missing of a job, for keeps or for a look at it.

use std::sync::Arc;

use super::Cluster;
use super::explain::Explainer;
use super::fixes::look_at_whole_job;
use super::placement::Placement;
use super::request::{PlacementRequest, RequestError};
use crate::model::Job;
use crate::placement::caches::Caches;
use crate::placement::observer::Observer;
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::Outcome;
use crate::placement::place::{GroupRequests, place_missing, place_requested};
use crate::placement::request::Request;
use crate::state::log::Log;
use crate::state::transaction::Transaction;

impl Cluster {
    /// Places what is missing of a job and keeps it.
    pub fn place(&mut self, job: &Job, options: &PlaceOptions) -> Placement {
        self.place_changing(job, options, |it| it.commit()).0
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
        let (placement, log) = self.place_changing(job, options, |it| it.set_aside());
        Proposal { cluster: self, placement: Some(placement), log }
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
        let (state, caches) = (Arc::make_mut(&mut self.state), Arc::make_mut(&mut self.caches));
        let mut transaction = state.begin(state.now);
        let mut explainer = options.explain.then(|| Explainer::new(options));
        let outcome = serve(&mut transaction, caches, requests, options, &mut explainer)?;
        for &slot in &outcome.stops {
            transaction.stop(slot);
        }
        transaction.commit();
        Ok(self.finished(options, outcome, explainer))
    }

    /// Places, and ends the transaction in the given way. What it takes is measured by its name.
    #[inline(never)]
    fn place_changing<R>(
        &mut self,
        job: &Job,
        options: &PlaceOptions,
        end: impl FnOnce(Transaction<'_>) -> R,
    ) -> (Placement, R) {
        let (state, caches) = (Arc::make_mut(&mut self.state), Arc::make_mut(&mut self.caches));
        let mut explainer = options.explain.then(|| Explainer::new(options));
        let observer = explainer.as_mut().map(|explainer| explainer as &mut dyn Observer);
        let mut transaction = state.begin(state.now);
        let outcome = place_missing(&mut transaction, caches, job, options, observer);
        let ended = end(transaction);
        (self.finished(options, outcome, explainer), ended)
    }

    /// The placement that an outcome comes to.
    fn finished(
        &self,
        options: &PlaceOptions,
        outcome: Outcome,
        explainer: Option<Explainer<'_>>,
    ) -> Placement {
        let explained = explainer.map(Explainer::finish).unwrap_or_default();
        let is_complete = outcome.failed.is_empty();
        let explanations = explained.into_iter().map(|(job, mut explanation)| {
            // What fixes do for the whole job is seen where nothing of it was placed.
            if job.all_at_once && !is_complete {
                look_at_whole_job(&mut explanation, self, &job, options);
            }
            explanation
        });
        let explanations = explanations.collect();
        Placement::new(&self.state, options, outcome, explanations)
    }
}

/// Serves requests, job after job.
pub(super) fn serve(
    transaction: &mut Transaction<'_>,
    caches: &mut Caches,
    requests: &[PlacementRequest],
    options: &PlaceOptions,
    explainer: &mut Option<Explainer<'_>>,
) -> Result<Outcome, RequestError> {
    let resolved = requests.iter().map(|request| request.resolve(transaction));
    let resolved: Vec<(usize, Request)> = resolved.collect::<Result<_, _>>()?;
    let (groups, resolved): (Vec<usize>, Vec<Request>) = resolved.into_iter().unzip();
    let mut outcome = Outcome::default();
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
        let observer = explainer.as_mut().map(|explainer| explainer as &mut dyn Observer);
        outcome.add(place_requested(transaction, caches, job, by_group, options, observer));
    }
    Ok(outcome)
}
/// A placement that is not kept unless it is committed.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// let proposal = cluster.propose(&job, &PlaceOptions::default());
/// assert_eq!(proposal.placement().len(), 2);
/// assert_eq!(proposal.cluster().allocation_count(), 2);
/// proposal.take_back();
/// assert_eq!(cluster.allocation_count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Proposal<'a> {
    cluster: &'a mut Cluster,
    /// Gone once it was committed.
    placement: Option<Placement>,
    /// What takes it back.
    log: Log,
}

impl Proposal<'_> {
    /// The placement as it would be kept.
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
        let log = std::mem::take(&mut self.log);
        self.cluster.state_mut().resume(log).commit();
        self.placement.take().unwrap_or_else(|| unreachable!())
    }

    /// Takes the placement back, which costs as much as its changes did. Dropping the proposal does
    /// the same.
    pub fn take_back(self) {}
}

impl Drop for Proposal<'_> {
    fn drop(&mut self) {
        let log = std::mem::take(&mut self.log);
        drop(self.cluster.state_mut().resume(log));
    }
}
