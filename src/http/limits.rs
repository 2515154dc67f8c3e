//! How much may be asked: bodies, jobs and crowds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::refusal::Refusal;
use crate::model::JobSpec;

/// How much may be asked of a [`router`](super::router()).
///
/// ```
/// use stowplan::http::Limits;
///
/// let limits = Limits { body_bytes: 1 << 20, ..Limits::default() };
/// assert_eq!(limits.waiting, 20_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body that is read, in bytes.
    pub body_bytes: usize,
    /// How many bytes of bodies may be read at once, of all requests together.
    pub bodies_bytes: usize,
    /// How many event streams there may be at once.
    pub streams: usize,
    /// How long a body may take to come.
    pub body_time: Duration,
    /// How many requests may wait at once for something to happen.
    pub waiting: usize,
    /// How many task groups a job may have.
    pub groups: usize,
    /// How many tasks the groups of a job may have in all.
    pub tasks: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 32 << 20,
            bodies_bytes: 64 << 20,
            streams: 1_000,
            body_time: Duration::from_secs(30),
            waiting: 20_000,
            groups: 1_000,
            tasks: 5_000,
        }
    }
}

impl Limits {
    /// Whether a job is one of a size that is taken.
    pub(super) fn check(&self, job: &JobSpec) -> Result<(), Refusal> {
        let tasks: usize = job.task_groups.iter().map(|group| group.tasks.len()).sum();
        let found =
            [(job.task_groups.len(), self.groups, "task groups"), (tasks, self.tasks, "tasks")];
        match found.into_iter().find(|(number, most, _)| number > most) {
            Some((number, most, what)) => Err(Refusal::bad(format!(
                "a job may have at most {most} {what}, this one has {number}"
            ))),
            None => Ok(()),
        }
    }
}

/// Requests that wait at once. Copies count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    waiting: Arc<AtomicUsize>,
}

/// One of a crowd, until it is dropped.
pub(super) struct Place {
    crowd: Crowd,
}

impl Crowd {
    /// Joins the crowd, unless it is that large.
    pub(super) fn join(&self, most: usize) -> Result<Place, Refusal> {
        let place = Place { crowd: self.clone() };
        match self.waiting.fetch_add(1, Ordering::Relaxed) < most {
            true => Ok(place),
            false => Err(Refusal::crowded()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_has_so_many_places() {
        let crowd = Crowd::default();
        let (first, second) = (crowd.join(2), crowd.join(2));
        assert!(first.is_ok() && second.is_ok() && crowd.join(2).is_err());
        drop(first);
        assert!(crowd.join(2).is_ok());
    }
}
