//! Placing a job: its groups one after another, all or nothing where the job asks for it.

use super::caches::Caches;
use super::missing;
use super::observer::Observer;
use super::options::PlaceOptions;
use super::outcome::Outcome;
use super::placer::Placer;
use super::request::Request;
use super::reuse::emptied;
use crate::model::Job;
use crate::state::transaction::Transaction;

/// The requests for one group of a job.
pub(crate) struct GroupRequests<'a> {
    /// The job as it is to be placed; all versions of a job have its namespace and its identity.
    pub(crate) job: &'a Job,
    /// The group, as its place in the job.
    pub(crate) group: usize,
    pub(crate) requests: &'a [Request],
}

/// Places what is missing of a job. A job of which nothing was placed leaves no trace.
pub(crate) fn place_missing(
    state: &mut Transaction<'_>,
    caches: &mut Caches,
    job: &Job,
    options: &PlaceOptions,
    observer: Option<&mut dyn Observer>,
) -> Outcome {
    let mut placer = Placer::new(state, caches, (job, None), options, observer);
    let registered = placer.registered(job);
    let job = registered.as_ref().unwrap_or(job);
    for (at, group) in job.spec().task_groups.iter().enumerate() {
        let mut requests = std::mem::take(&mut placer.caches.buffers.requests);
        missing::requests(placer.state, job, Some(placer.job_slot), group, &mut requests);
        let goes_on = placer.place_group(job, at, &requests);
        placer.caches.buffers.requests = emptied(requests);
        if goes_on.is_break() {
            break;
        }
    }
    placer.finish()
}

/// Places what is requested of a job, in the order of the requests; likewise.
pub(crate) fn place_requested<'a>(
    state: &mut Transaction<'_>,
    caches: &mut Caches,
    job: &Job,
    requests: impl Iterator<Item = GroupRequests<'a>>,
    options: &PlaceOptions,
    observer: Option<&mut dyn Observer>,
) -> Outcome {
    let mut placer = Placer::new(state, caches, (job, None), options, observer);
    for GroupRequests { job, group, requests } in requests {
        let registered = placer.registered(job);
        let job = registered.as_ref().unwrap_or(job);
        if placer.place_group(job, group, requests).is_break() {
            break;
        }
    }
    placer.finish()
}
