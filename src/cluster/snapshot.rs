//! The present instant of a cluster, and snapshots: what a cluster was at an instant, for readers.

use std::ops::Deref;
use std::sync::Arc;

use thiserror::Error;

use super::Cluster;
use crate::time::Timestamp;

/// Why time cannot pass until an instant, from [`Cluster::advance_to`].
///
/// ```
/// use stowplan::{AdvanceError, Cluster, Timestamp};
///
/// let now = Timestamp::from_secs(10);
/// let mut cluster = Cluster::default();
/// cluster.advance_to(now)?;
/// let error = cluster.advance_to(Timestamp::EPOCH).unwrap_err();
/// assert_eq!(error, AdvanceError::Over { to: Timestamp::EPOCH, now });
/// # Ok::<(), AdvanceError>(())
/// ```
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdvanceError {
    /// The instant is over.
    #[error("{to} is over: it is {now}")]
    Over {
        /// The instant.
        to: Timestamp,
        /// The present one.
        now: Timestamp,
    },
}

/// A cluster as it was when the snapshot was made, from [`Cluster::snapshot`]. It reads like the
/// [`Cluster`], by the same code: `allocation`, `view`, `allocations_of`, `allocations_on`, `job`, `jobs`,
/// `node`, `usage`, `modify_index`, `now` and the others.
///
/// A [fork](Cluster::fork) shares what the cluster keeps for speed, and whichever of the two places next
/// has to copy that first. A snapshot is without it, so that readers cost the writer nothing. Copying one
/// costs two pointers; it may go to another thread.
///
/// ```
/// use stowplan::model::{Job, Node};
/// use stowplan::{Cluster, PlaceOptions};
///
/// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// let mut cluster = Cluster::new([node])?;
/// let before = cluster.snapshot();
/// let reader = std::thread::spawn({
///     let before = before.clone();
///     move || before.allocations_on("n1").count()
/// });
/// let job = Job::builder("web")
///     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)))
///     .build()?;
/// cluster.place(&job, &PlaceOptions::default());
/// assert_eq!(reader.join().ok(), Some(0));
/// assert_eq!((before.allocation_count(), cluster.snapshot().allocation_count()), (0, 2));
/// assert!(before.modify_index() < cluster.modify_index());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Without caches, and never changed.
    cluster: Cluster,
}

impl Deref for Snapshot {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl Cluster {
    /// The present instant. What happens to the cluster happens at it, and documents have it as their
    /// `CreateTime` and `ModifyTime`. At first it is 1970-01-01T00:00:00Z.
    pub fn now(&self) -> Timestamp {
        self.state.now
    }

    /// Lets time pass until an instant. The present one is no step.
    ///
    /// ```
    /// use stowplan::{Cluster, Timestamp};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.advance_to("2026-11-27T03:00:00Z".parse()?)?;
    /// let error = cluster.advance_to(Timestamp::EPOCH).unwrap_err();
    /// assert_eq!(error.to_string(), "1970-01-01T00:00:00Z is over: it is 2026-11-27T03:00:00Z");
    /// assert_eq!(cluster.now().to_string(), "2026-11-27T03:00:00Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The instant is before the present one: time does not go back. Nothing has changed.
    pub fn advance_to(&mut self, now: Timestamp) -> Result<(), AdvanceError> {
        if now < self.state.now {
            return Err(AdvanceError::Over { to: now, now: self.state.now });
        }
        if now > self.state.now {
            self.state_mut().now = now;
        }
        Ok(())
    }

    /// The index of the latest change: each call that changes anything takes the next one, and documents
    /// have it as their `CreateIndex` and `ModifyIndex`.
    pub fn modify_index(&self) -> u64 {
        self.state.modify_index
    }

    /// The cluster as it is now, for readers. It costs a pointer and copies nothing; see [`Snapshot`].
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { cluster: Cluster { state: self.state.clone(), caches: Arc::default() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClientStatus, Job, Node};
    use crate::placement::options::PlaceOptions;

    fn cluster() -> Cluster {
        let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker");
        Cluster::new([node.build().unwrap()]).unwrap()
    }

    fn job() -> Job {
        let job = Job::builder("web")
            .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)));
        job.build().unwrap()
    }

    #[test]
    fn what_happens_has_its_instant() {
        let mut cluster = cluster();
        cluster.advance_to(Timestamp::from_secs(10)).unwrap();
        let placement = cluster.place(&job(), &PlaceOptions::default());
        let ids: Vec<String> = placement.allocations().map(|it| it.id()).collect();
        cluster.advance_to(Timestamp::from_secs(20)).unwrap();
        cluster.set_client_status(&ids[0], ClientStatus::Running).unwrap();
        let times = |id: &str| {
            let document = cluster.allocation(id).unwrap();
            (document.create_time, document.modify_time)
        };
        assert_eq!(times(&ids[0]), (10_000_000_000, 20_000_000_000));
        assert_eq!(times(&ids[1]), (10_000_000_000, 10_000_000_000));
        // What the client says of it does not count as a change by the scheduler.
        let document = cluster.allocation(&ids[0]).unwrap();
        assert!(document.alloc_modify_index < document.modify_index);
        assert_eq!(document.alloc_modify_index, document.create_index);
    }

    #[test]
    fn time_that_goes_back_changes_nothing() {
        let mut cluster = cluster();
        cluster.advance_to(Timestamp::from_secs(10)).unwrap();
        cluster.advance_to(Timestamp::from_secs(10)).unwrap();
        let before = cluster.state.dump();
        let error = AdvanceError::Over { to: Timestamp::MIN, now: Timestamp::from_secs(10) };
        assert_eq!(cluster.advance_to(Timestamp::MIN), Err(error));
        assert_eq!(cluster.state.dump(), before);
        assert_eq!(cluster.modify_index(), 1);
    }

    #[test]
    fn a_plan_is_not_committed_in_the_past() {
        let mut cluster = cluster();
        let plan = {
            let mut fork = cluster.fork();
            fork.plan_requests(&fork.missing(&job()), &PlaceOptions::default()).unwrap()
        };
        cluster.advance_to(Timestamp::from_secs(10)).unwrap();
        let second = plan.clone();
        let committed = cluster.commit(plan, Timestamp::from_secs(5));
        assert_eq!(committed.allocations().count(), 2);
        assert_eq!(cluster.now(), Timestamp::from_secs(10));
        assert!(cluster.allocations().all(|it| it.create_time == 10_000_000_000));
        cluster.commit(second, Timestamp::from_secs(15));
        assert_eq!(cluster.now(), Timestamp::from_secs(15));
    }

    #[test]
    fn a_snapshot_goes_to_other_threads() {
        fn is_sent<T: Send + Sync + Clone>(_: &T) {}
        is_sent(&cluster().snapshot());
    }
}
