//! Registering jobs, whether or not they have allocations (docs/lifecycle.md, section 9).

use std::sync::Arc;

use super::State;
use super::evaluation::EvaluationRecord;
use super::job::{JobRecord, JobVersion, Registration};
use super::slots::{AllocationSlot, EvaluationSlot, JobSlot};
use super::small_list::SmallList;
use super::transaction::Transaction;
use super::undo::Undo;
use crate::model::{Job, JobSubmission, JobType, Trigger};

/// What registering a job came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) job: JobSlot,
    /// The number of its present version.
    pub(crate) version: u64,
    /// Whether that is new. It is not where the job is the same as before.
    pub(crate) is_new: bool,
}

impl State {
    /// What is registered of a job; none if it only has allocations.
    #[inline]
    pub(crate) fn registration(&self, job: JobSlot) -> Option<&Registration> {
        self.job(job)?.registered.as_deref()
    }

    /// The newest version of a registered job that asks for the same as this document.
    pub(crate) fn version_like(&self, job: JobSlot, like: &Job) -> Option<Job> {
        let versions = &self.registration(job)?.versions;
        let is_like = |version: &&JobVersion| version.job.spec().asks_the_same(like.spec());
        versions.iter().find(is_like).map(|version| version.job.clone())
    }

    /// A version of a registered job.
    pub(crate) fn job_version(&self, job: JobSlot, number: u64) -> Option<&JobVersion> {
        let versions = &self.registration(job)?.versions;
        versions.iter().find(|version| version.number == number)
    }

    /// A pending evaluation of a job, which may be gone: of its type and priority, and at its index.
    pub(crate) fn pending_evaluation(&self, job: JobSlot, trigger: Trigger) -> EvaluationRecord {
        let present = self.registration(job).and_then(|it| it.present());
        let job = present.map(|version| &version.job);
        let job_type = job.map_or(JobType::Service, |job| job.job_type());
        let priority = job.map_or(50, |job| job.priority());
        let job_modify_index = job.map_or(0, |job| job.job_modify_index);
        EvaluationRecord { job_modify_index, ..EvaluationRecord::new(trigger, job_type, priority) }
    }

    /// Writes down at which index a registered job last changed, and gives the one before.
    pub(super) fn count_change(&mut self, job: JobSlot, index: u64) -> Option<u64> {
        let registration = Arc::make_mut(self.job_mut(job)?.registered.as_mut()?);
        Some(std::mem::replace(&mut registration.modify_index, index))
    }
}

impl Transaction<'_> {
    /// Registers a job. If it differs from the present version in more than what the system itself writes
    /// down, it becomes a version of its own, and its document that version's: it is copied only if somebody
    /// else holds it.
    pub(crate) fn register_job(&mut self, job: Job) -> Registered {
        let known = self.find_job(&job.spec().namespace, &job.spec().id);
        self.register_job_of(known, job)
    }

    /// The same where it is known whether there is the job.
    pub(crate) fn register_job_of(&mut self, known: Option<JobSlot>, job: Job) -> Registered {
        // Otherwise there would be two jobs of one name, or one of two.
        debug_assert_eq!(known, self.find_job(&job.spec().namespace, &job.spec().id));
        let slot = self.ensure_job_of(known, &job);
        let before = self.job(slot).and_then(|record| record.registered.clone());
        let known = before.as_deref().and_then(Registration::present);
        if let Some(known) = known
            && known.job.spec().asks_the_same(job.spec())
        {
            return Registered { job: slot, version: known.number, is_new: false };
        }
        self.add_version(slot, job)
    }

    /// Makes a job a version of its own, whether or not it differs from the present one.
    pub(crate) fn add_version(&mut self, slot: JobSlot, job: Job) -> Registered {
        let index = self.index();
        let before = self.registration(slot).cloned();
        let mut registration =
            before.unwrap_or_else(|| Registration::without_versions(index, index));
        let number = registration.next_number();
        let job = job.numbered(number, registration.create_index, index, self.now());
        let version = JobVersion { job, number, is_stable: false, submission: None };
        registration.modify_index = index;
        registration.versions.insert(0, version);
        registration.present = 0;
        registration.trim();
        self.set_registration(slot, Some(Arc::new(registration)));
        Registered { job: slot, version: number, is_new: true }
    }

    /// Registers a version of a job as its document says: with its number and its indexes. It takes the
    /// place of a version of the same number, and is the present one.
    pub(crate) fn import_version(&mut self, job: &Job) -> JobSlot {
        let slot = self.ensure_job(job);
        self.index();
        let spec = job.spec();
        let before = self.job(slot).and_then(|record| record.registered.as_deref().cloned());
        let mut registration = before.unwrap_or_else(|| {
            Registration::without_versions(spec.create_index, spec.modify_index)
        });
        registration.modify_index = registration.modify_index.max(spec.modify_index);
        let (number, is_stable) = (spec.version, spec.stable);
        let version = JobVersion { job: job.clone(), number, is_stable, submission: None };
        let versions = &mut registration.versions;
        versions.retain(|known| known.number != version.number);
        let at = versions.partition_point(|known| known.number > version.number);
        versions.insert(at, version);
        registration.present = at as u32;
        self.set_registration(slot, Some(Arc::new(registration)));
        slot
    }

    /// Says whether a version is stable; false if there is no such version.
    pub(crate) fn set_stable(&mut self, job: JobSlot, number: u64, is_stable: bool) -> bool {
        let Some(mut registration) = self.registration(job).cloned() else { return false };
        let at = registration.versions.iter().position(|version| version.number == number);
        let version = at.and_then(|at| registration.versions.get_mut(at));
        let Some(version) = version else { return false };
        if version.is_stable != is_stable {
            version.is_stable = is_stable;
            registration.modify_index = self.index();
            registration.trim();
            self.set_registration(job, Some(Arc::new(registration)));
        }
        true
    }

    /// Takes a version of a job for the present one, if there is such a version.
    pub(crate) fn make_present(&mut self, job: JobSlot, number: u64) {
        let Some(mut registration) = self.registration(job).cloned() else { return };
        if registration.make_present(number) {
            registration.modify_index = self.index();
            self.set_registration(job, Some(Arc::new(registration)));
        }
    }

    /// Keeps the text that the present version of a job was made of, unless it is known already.
    pub(crate) fn set_submission(&mut self, job: JobSlot, submission: JobSubmission) {
        let Some(mut registration) = self.registration(job).cloned() else { return };
        let place = registration.present as usize;
        let Some(present) = registration.versions.get_mut(place) else { return };
        if present.submission.as_deref() != Some(&submission) {
            present.submission = Some(Arc::new(submission));
            registration.modify_index = self.index();
            self.set_registration(job, Some(Arc::new(registration)));
        }
    }

    /// Counts a change of a job that makes no version of it.
    pub(crate) fn touch_job(&mut self, job: JobSlot) {
        self.drop_open_batch();
        let index = self.index();
        if let Some(before) = self.state.count_change(job, index) {
            self.log(Undo::Touched { job, before });
        }
    }

    /// Takes a job out with all that there is of it: its allocations, deployments and evaluations, whatever they do,
    /// and its versions.
    pub(crate) fn remove_job(&mut self, job: JobSlot) {
        let groups = self.job(job).map(|job| &*job.groups).unwrap_or_default();
        let allocations = groups.iter().flat_map(|group| group.allocations.iter().copied());
        let allocations: SmallList<AllocationSlot> = allocations.collect();
        let evaluations: SmallList<EvaluationSlot> = self.evaluations_of(job).into();
        let deployments = self.deployments_of(job);
        allocations.iter().for_each(|&slot| self.remove_allocation(slot));
        deployments.into_iter().for_each(|slot| self.remove_deployment(slot));
        evaluations.iter().for_each(|&slot| self.remove_evaluation(slot));
        self.unregister_job(job);
    }

    /// Forgets the versions of a job and what it has come to, and the job with them if it has no allocations, evaluations or
    /// deployments. The versions that allocations run stay with these.
    pub(crate) fn unregister_job(&mut self, job: JobSlot) {
        if self.registration(job).is_none() {
            return;
        }
        self.index();
        self.set_registration(job, None);
        self.forget_standing(job);
        self.forget_if_unused(job);
    }

    /// Forgets a job of which nothing but the name is left.
    pub(super) fn forget_if_unused(&mut self, job: JobSlot) {
        if self.job(job).is_some_and(JobRecord::is_unused)
            && let Some(record) = self.state.take_job(job)
        {
            self.log(Undo::JobRemoved { job, record });
        }
    }

    fn set_registration(&mut self, job: JobSlot, registered: Option<Arc<Registration>>) {
        self.drop_open_batch();
        let Some(record) = self.state.job_mut(job) else { return };
        let before = std::mem::replace(&mut record.registered, registered);
        self.log(Undo::Registered { job, before });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn job(priority: i64) -> Job {
        let text = format!(
            r#"{{"ID": "web", "Priority": {priority}, "TaskGroups": [{{"Name": "front",
                "Tasks": [{{"Name": "nginx", "Driver": "docker"}}]}}]}}"#
        );
        Job::from_json(&text).unwrap()
    }

    #[test]
    fn six_versions_and_the_latest_stable_one_are_kept() {
        let mut state = State::new(0);
        let mut transaction = state.begin(Timestamp::from_secs(7));
        let first = transaction.register_job(job(10));
        assert_eq!((first.version, first.is_new), (0, true));
        let again = transaction.register_job(job(10));
        assert_eq!(again, Registered { is_new: false, ..first });
        let slot = first.job;
        assert!(transaction.set_stable(slot, 0, true) && !transaction.set_stable(slot, 9, true));
        for priority in 11..20 {
            transaction.register_job(job(priority));
        }
        let numbers = |state: &State| -> Vec<u64> {
            let versions = state.registration(slot).map(|it| &*it.versions).unwrap_or_default();
            versions.iter().map(|version| version.number).collect()
        };
        assert_eq!(numbers(&transaction), [9, 8, 7, 6, 5, 4, 0]);
        assert_eq!(transaction.job_version(slot, 9).map(|it| it.job.priority()), Some(19));
        assert_eq!(transaction.job_version(slot, 3).map(|it| it.number), None);
        transaction.commit();
        assert_eq!(state.modify_index, 1);

        let (before, job_ref) = (state.dump(), state.job_ref(slot));
        let mut transaction = state.begin(Timestamp::EPOCH);
        transaction.unregister_job(slot);
        assert_eq!(transaction.find_job("default", "web"), None);
        drop(transaction);
        assert_eq!(before, state.dump());
        let mut transaction = state.begin(Timestamp::EPOCH);
        transaction.unregister_job(slot);
        transaction.commit();
        // Registered anew it is another job, and a reference to the old one leads nowhere.
        let mut transaction = state.begin(Timestamp::EPOCH);
        let anew = transaction.register_job(job(10));
        transaction.commit();
        assert_eq!((anew.job, anew.version), (slot, 0));
        assert_eq!(state.resolve_job(state.job_ref(slot)), Some(slot));
        assert_eq!(state.resolve_job(job_ref), None);
    }

    #[test]
    fn the_present_version_is_kept_until_another_is_registered() {
        let mut state = State::new(0);
        let mut transaction = state.begin(Timestamp::EPOCH);
        let slot = transaction.register_job(job(10)).job;
        transaction.set_stable(slot, 0, true);
        (11..19).for_each(|priority| _ = transaction.register_job(job(priority)));
        transaction.make_present(slot, 0);
        transaction.set_stable(slot, 0, false);
        let numbers = |state: &State| -> (Option<u64>, Vec<u64>) {
            let Some(registration) = state.registration(slot) else { return (None, Vec::new()) };
            let present = registration.present().map(|version| version.number);
            (present, registration.versions.iter().map(|version| version.number).collect())
        };
        assert_eq!(numbers(&transaction), (Some(0), vec![8, 7, 6, 5, 4, 3, 0]));
        // It is the present version that a job is compared with.
        let again = transaction.register_job(job(10));
        assert_eq!((again.version, again.is_new), (0, false));
        let new = transaction.register_job(job(18));
        assert_eq!((new.version, new.is_new), (9, true));
        assert_eq!(numbers(&transaction), (Some(9), vec![9, 8, 7, 6, 5, 4]));
    }
}
