//! How much of an ask still fits.

use indexmap::IndexSet;

use super::Cluster;
use super::failed::FailedGroup;
use super::request::PlacementRequest;
use crate::model::Job;
use crate::placement::options::{PlaceOptions, Preemption, ScoreDetail, Search};

/// How many requests are made at a time at first; each time twice as many.
const REQUESTS_MIN: usize = 256;
/// The most that are made at a time.
const REQUESTS_MAX: usize = 1 << 16;

/// How many more allocations of a group there is room for, from [`Cluster::room`].
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 1, |g| g.task("nginx", "docker", |t| t.cpu_shares(300).memory_mb(64)))
/// #     .build()?;
/// let cluster = Cluster::new([node])?;
/// let room = cluster.room(&job, "front", 1_000, &PlaceOptions::default()).ok_or("no such group")?;
/// assert_eq!(room.fits(), 3);
/// assert_eq!(room.stopped_by().map(|it| it.metrics().nodes_exhausted), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Room {
    fits: u32,
    stopped_by: Option<FailedGroup>,
}

impl Room {
    /// How many there is room for, at most as many as were asked about.
    pub fn fits(&self) -> u32 {
        self.fits
    }

    /// Why there is none for the next one; none where that was not asked.
    pub fn stopped_by(&self) -> Option<&FailedGroup> {
        self.stopped_by.as_ref()
    }
}

impl Cluster {
    /// How many more allocations of a group there is room for, up to a limit; `None` if the job has no such
    /// group.
    ///
    /// The number is exact: the allocations are placed on a fork, one after the other, as
    /// [`Cluster::place_requests`] would place them, with all rules of the job and what is on the nodes
    /// now, and without eviction. It does not matter what the group's own count is. Of a system job it is
    /// the number of nodes that would get one. Where a job is placed whole or not at all each allocation
    /// counts by itself. It costs what placing as many costs.
    ///
    /// ```
    /// use stowplan::model::{Job, Node};
    /// use stowplan::{Cluster, PlaceOptions};
    ///
    /// let node = |id| Node::builder(id).cpu_shares(1_000).memory_mb(1_024).driver("docker").build();
    /// let cluster = Cluster::new([node("n1")?, node("n2")?])?;
    /// let job = Job::builder("web")
    ///     .group("front", 1, |g| g.task("nginx", "docker", |t| t.cpu_shares(300).memory_mb(64)))
    ///     .build()?;
    /// let options = PlaceOptions::default();
    /// assert_eq!(cluster.room_for(&job, "front", 1_000, &options), Some(6));
    /// assert_eq!(cluster.room_for(&job, "front", 4, &options), Some(4));
    /// assert_eq!(cluster.allocation_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn room_for(
        &self,
        job: &Job,
        group: &str,
        at_most: u32,
        options: &PlaceOptions,
    ) -> Option<u32> {
        Some(self.room(job, group, at_most, options)?.fits)
    }

    /// The same, with what stops the next one.
    pub fn room(
        &self,
        job: &Job,
        group: &str,
        at_most: u32,
        options: &PlaceOptions,
    ) -> Option<Room> {
        job.group(group)?;
        // What does not change whether an allocation fits would only take time.
        let options = options
            .clone()
            .preemption(Preemption::none())
            .search(Search::Best)
            .score_detail(ScoreDetail::None)
            .explain(false)
            .record_failed_placements(false);
        let one_by_one = job.changed(|spec| spec.all_at_once = false);
        let job = one_by_one.as_ref().unwrap_or(job);
        match job.job_type().is_system() {
            true => Some(self.nodes_for(job, group, at_most, &options)),
            false => Some(self.place_up_to(job, group, at_most, &options)),
        }
    }

    /// How many nodes would get an allocation of a group of a system job.
    fn nodes_for(&self, job: &Job, group: &str, at_most: u32, options: &PlaceOptions) -> Room {
        let only_this = job.changed(|spec| {
            spec.task_groups.retain(|it| it.name == group);
            spec.task_groups.iter_mut().for_each(|it| it.count = Some(1));
        });
        let placement = self.fork().place(only_this.as_ref().unwrap_or(job), options);
        let placed = placement.allocations().filter(|it| it.task_group() == group).count();
        let stopped_by = placement.failed().iter().find(|it| it.name() == group).cloned();
        Room { fits: u32::try_from(placed).unwrap_or(u32::MAX).min(at_most), stopped_by }
    }

    fn place_up_to(&self, job: &Job, group: &str, at_most: u32, options: &PlaceOptions) -> Room {
        let mut fork = self.fork();
        let known = self.allocations_of(&job.namespace, &job.id);
        let of_group = known.filter(|it| it.task_group() == group);
        let taken: IndexSet<u32> = of_group.filter_map(|it| it.name_index()).collect();
        let mut numbers = (0..u32::MAX).filter(|number| !taken.contains(number));
        let (mut room, mut chunk) = (Room::default(), REQUESTS_MIN);
        while room.fits < at_most {
            let size = chunk.min((at_most - room.fits) as usize);
            let requests = numbers.by_ref().take(size);
            let requests: Vec<PlacementRequest> =
                requests.map(|number| PlacementRequest::new(job, group, number)).collect();
            // The group is there and the requests name nothing else.
            let Ok(placement) = fork.place_requests(&requests, options) else { break };
            room.fits += u32::try_from(placement.len()).unwrap_or(u32::MAX);
            if placement.len() < size || requests.is_empty() {
                room.stopped_by = placement.failed().first().cloned();
                break;
            }
            chunk = (chunk * 2).min(REQUESTS_MAX);
        }
        room
    }
}
