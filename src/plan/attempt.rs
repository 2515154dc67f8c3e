//! Attempts: how often an evaluation is processed again because nodes refused its plans (docs/lifecycle.md,
//! section 2, *Attempts*).

use crate::model::JobType;

/// Which attempt at an evaluation a plan is. An attempt of which a part was committed sets the count back.
///
/// ```
/// use stowplan::Attempt;
/// use stowplan::model::JobType;
///
/// assert_eq!(Attempt::default().failures(), 0);
/// assert_eq!((Attempt::limit(JobType::Service), Attempt::limit(JobType::Batch)), (5, 2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    failures: u32,
}

impl Attempt {
    /// The attempt before which so many, one after the other, came to nothing.
    pub(crate) fn after(failures: u32) -> Attempt {
        Attempt { failures }
    }

    /// How many attempts before it, one after the other, came to nothing.
    pub fn failures(self) -> u32 {
        self.failures
    }

    /// How many attempts that come to nothing, one after the other, are made for a job of a type.
    pub fn limit(job_type: JobType) -> u32 {
        match job_type {
            JobType::Service | JobType::System => 5,
            JobType::Batch | JobType::Sysbatch => 2,
        }
    }

    /// The attempt after one that was not committed whole; none if there were too many.
    pub(crate) fn next(self, job_type: JobType, has_progress: bool) -> Option<Attempt> {
        let failures = if has_progress { 0 } else { self.failures.saturating_add(1) };
        (failures < Attempt::limit(job_type)).then_some(Attempt { failures })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_end_and_progress_sets_them_back() {
        let mut attempt = Some(Attempt::default());
        let mut made = 0;
        while let Some(now) = attempt {
            made += 1;
            attempt = now.next(JobType::Service, false);
        }
        assert_eq!(made, 5);
        let second = Attempt::default().next(JobType::Batch, false);
        assert_eq!(second.and_then(|it| it.next(JobType::Batch, false)), None);
        let again = second.and_then(|it| it.next(JobType::Batch, true));
        assert_eq!(again, Some(Attempt::default()));
        assert_eq!(Attempt::after(u32::MAX).next(JobType::Service, false), None);
    }
}
