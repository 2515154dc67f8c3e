//! The evaluations that have not ended, and where each is. It is derived from the state.

use super::place::Place;
use crate::state::pages::Pages;
use crate::state::slots::{EvaluationSlot, JobSlot};
use crate::state::small_list::SmallList;

/// Evaluations that have not ended, found by their jobs and by themselves. Slots are given out anew, so
/// that tables by them stay short.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    /// By job, each in the order of slots. Mostly a job has none or one.
    by_job: Pages<SmallList<(EvaluationSlot, Place)>, 16>,
    /// By evaluation: its job, or none if it has ended.
    jobs: Pages<JobSlot, 64>,
}

impl PartialEq for Open {
    /// Tables may end in what is not there.
    fn eq(&self, other: &Open) -> bool {
        let all = |open: &Open| -> Vec<_> {
            open.iter().map(|(slot, place)| (open.job_of(slot), slot, place.clone())).collect()
        };
        let listed = |open: &Open| open.by_job.iter().map(|of_job| of_job.len()).sum::<usize>();
        let (mine, others) = (all(self), all(other));
        mine == others && mine.len() == listed(self) && others.len() == listed(other)
    }
}

impl Open {
    /// Adds an evaluation that is not there.
    pub(super) fn insert(&mut self, job: JobSlot, slot: EvaluationSlot, place: Place) {
        while self.jobs.len() <= slot.at() {
            self.jobs.push(JobSlot::NONE);
        }
        while self.by_job.len() <= job.at() {
            self.by_job.push(SmallList::None);
        }
        if let (Some(of), Some(of_job)) =
            (self.jobs.get_mut(slot.at()), self.by_job.get_mut(job.at()))
        {
            *of = job;
            let at = of_job.partition_point(|(other, _)| *other < slot);
            of_job.insert(at, (slot, place));
        }
    }

    /// Takes an evaluation out, and says where it was.
    pub(super) fn remove(&mut self, slot: EvaluationSlot) -> Option<Place> {
        let job = self.job_of(slot)?;
        *self.jobs.get_mut(slot.at())? = JobSlot::NONE;
        let of_job = self.by_job.get_mut(job.at())?;
        let at = of_job.iter().position(|(other, _)| *other == slot)?;
        let place = of_job.get(at).map(|(_, place)| place.clone());
        of_job.remove(at);
        place
    }

    /// The job of an evaluation that has not ended.
    pub(super) fn job_of(&self, slot: EvaluationSlot) -> Option<JobSlot> {
        self.jobs.get(slot.at()).copied().filter(|job| *job != JobSlot::NONE)
    }

    /// Where an evaluation is.
    pub(super) fn place(&self, slot: EvaluationSlot) -> Option<&Place> {
        let of_job = self.of(self.job_of(slot)?);
        of_job.iter().find(|(other, _)| *other == slot).map(|(_, place)| place)
    }

    /// Those of a job, in the order of slots.
    pub(super) fn of(&self, job: JobSlot) -> &[(EvaluationSlot, Place)] {
        self.by_job.get(job.at()).map(|of_job| &**of_job).unwrap_or_default()
    }

    /// All of them, in the order of slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (EvaluationSlot, &Place)> {
        let slots = (0..self.jobs.len()).map(EvaluationSlot::new);
        slots.filter_map(|slot| Some((slot, self.place(slot)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_are_found_by_their_jobs_and_by_themselves() {
        let mut open = Open::default();
        for (job, slot) in [(7, 2), (3, 5), (7, 0)] {
            open.insert(JobSlot(job), EvaluationSlot(slot), Place::Out(None));
        }
        let of =
            |open: &Open, job| open.of(JobSlot(job)).iter().map(|(it, _)| it.0).collect::<Vec<_>>();
        assert_eq!((of(&open, 7), of(&open, 3), of(&open, 4)), (vec![0, 2], vec![5], vec![]));
        let all: Vec<u32> = open.iter().map(|(slot, _)| slot.0).collect();
        assert_eq!(all, [0, 2, 5]);
        assert_eq!(open.remove(EvaluationSlot(5)), Some(Place::Out(None)));
        assert_eq!((open.remove(EvaluationSlot(5)), open.remove(EvaluationSlot(9))), (None, None));
        assert_eq!(open.place(EvaluationSlot(5)), None);
        open.remove(EvaluationSlot(0));
        let mut other = Open::default();
        other.insert(JobSlot(7), EvaluationSlot(2), Place::Out(None));
        assert_eq!(open, other);
        other.insert(JobSlot(7), EvaluationSlot(1), Place::Pending);
        assert_ne!(open, other);
    }
}
