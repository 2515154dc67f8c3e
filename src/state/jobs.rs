//! Jobs: looking them up, adding and taking them out.

use std::sync::Arc;

use super::State;
use super::index::name_hash;
use super::job::JobRecord;
use super::slots::{AllocationSlot, JobRef, JobSlot};
use super::small_list::SmallList;
use super::transaction::Transaction;
use super::undo::Undo;
use crate::model::Job;

impl State {
    #[inline]
    pub(crate) fn job(&self, slot: JobSlot) -> Option<&JobRecord> {
        self.jobs.get(slot.at())?.as_deref()
    }

    /// The jobs that there are, in the order of slots.
    pub(crate) fn job_slots(&self) -> impl Iterator<Item = JobSlot> {
        (0..self.jobs.len()).map(JobSlot::new).filter(|slot| self.job(*slot).is_some())
    }

    pub(crate) fn find_job(&self, namespace: &str, id: &str) -> Option<JobSlot> {
        let is_it =
            |slot: u32| self.job(JobSlot(slot)).is_some_and(|it| it.names() == (namespace, id));
        self.job_index.find(name_hash(id), is_it).map(JobSlot)
    }

    /// Shows the jobs of a name in all namespaces, in no order that means anything: the one that is known, if
    /// it is, and others.
    pub(crate) fn visit_jobs_named(
        &self,
        id: &str,
        known: Option<JobSlot>,
        mut visit: impl FnMut(JobSlot, &JobRecord),
    ) {
        // A name is given once in a namespace, and mostly all jobs are of one.
        if self.jobs_elsewhere == 0
            && let Some(slot) = known
        {
            if let Some(job) = self.job(slot) {
                visit(slot, job);
            }
            return;
        }
        // Saying no to every job makes the index go through all that could be it.
        self.job_index.find(name_hash(id), |slot| {
            if let Some(job) = self.job(JobSlot(slot)).filter(|it| it.id() == id) {
                visit(JobSlot(slot), job);
            }
            false
        });
    }

    /// The allocations of one of a job's groups, live ones and others.
    pub(crate) fn allocations_of(&self, job: JobSlot, group: &str) -> &[AllocationSlot] {
        let groups = self.job(job).map(|job| &*job.groups).unwrap_or_default();
        let group = groups.iter().find(|it| &*it.name == group);
        group.map(|group| &*group.allocations).unwrap_or_default()
    }

    /// Takes a job out, and gives its record.
    pub(super) fn take_job(&mut self, slot: JobSlot) -> Option<Arc<JobRecord>> {
        let record = self.jobs.get_mut(slot.at())?.take()?;
        self.job_index.remove(record.hash, slot.0);
        self.jobs_elsewhere -= usize::from(record.names.is_elsewhere());
        self.free_jobs.push(slot.0);
        if let Some(generation) = self.job_generations.get_mut(slot.at()) {
            *generation = generation.wrapping_add(1);
        }
        Some(record)
    }

    /// Puts back a job that was taken out.
    pub(super) fn restore_job(&mut self, slot: JobSlot, record: Arc<JobRecord>) {
        self.free_jobs.pop();
        self.take_generation_back(slot);
        self.index_job(slot, &record);
        if let Some(place) = self.jobs.get_mut(slot.at()) {
            *place = Some(record);
        }
    }

    /// Lets a job be found by its name.
    pub(super) fn index_job(&mut self, slot: JobSlot, record: &JobRecord) {
        self.job_index.insert(record.hash, slot.0);
        self.jobs_elsewhere += usize::from(record.names.is_elsewhere());
    }

    /// Takes a job out as if it had never been.
    pub(super) fn undo_job_added(&mut self, slot: JobSlot, is_reused: bool) {
        self.take_job(slot);
        self.take_generation_back(slot);
        if !is_reused {
            self.jobs.pop();
            self.job_generations.pop();
            self.free_jobs.pop();
        }
    }

    fn take_generation_back(&mut self, slot: JobSlot) {
        if let Some(generation) = self.job_generations.get_mut(slot.at()) {
            *generation = generation.wrapping_sub(1);
        }
    }

    /// A reference to a job that outlives it.
    pub(crate) fn job_ref(&self, slot: JobSlot) -> JobRef {
        JobRef { slot, generation: self.job_generations.get(slot.at()).copied().unwrap_or(0) }
    }

    /// The job of a reference, if it is still there.
    pub(crate) fn resolve_job(&self, job: JobRef) -> Option<JobSlot> {
        (self.job(job.slot).is_some() && self.job_ref(job.slot) == job).then_some(job.slot)
    }

    /// Takes out the group that came last.
    pub(super) fn undo_group_added(&mut self, slot: JobSlot) {
        if let Some(record) = self.job_mut(slot) {
            record.groups.swap_remove(record.groups.len().saturating_sub(1));
        }
    }

    /// How many allocations a job's group has, live ones and others.
    pub(super) fn group_len(&self, job: JobSlot, group: u16) -> usize {
        let group = self.job(job).and_then(|job| job.groups.get(usize::from(group)));
        group.map_or(0, |group| group.allocations.len())
    }

    /// The list of allocations of a job's group, to change.
    pub(super) fn group_mut(
        &mut self,
        job: JobSlot,
        group: u16,
    ) -> Option<&mut SmallList<AllocationSlot>> {
        let group = self.job_mut(job)?.groups.get_mut(usize::from(group))?;
        Some(&mut group.allocations)
    }

    pub(super) fn job_mut(&mut self, slot: JobSlot) -> Option<&mut JobRecord> {
        Some(Arc::make_mut(self.jobs.get_mut(slot.at())?.as_mut()?))
    }
}

impl Transaction<'_> {
    /// The slot of a job, made with its groups as far as they are new.
    pub(crate) fn ensure_job(&mut self, job: &Job) -> JobSlot {
        self.ensure_job_of(self.find_job(&job.spec().namespace, &job.spec().id), job)
    }

    /// The same where it is known whether there is the job.
    pub(crate) fn ensure_job_of(&mut self, known: Option<JobSlot>, job: &Job) -> JobSlot {
        let spec = job.spec();
        let names = spec.task_groups.iter().map(|group| group.name.as_str());
        match known {
            Some(slot) => {
                names.for_each(|name| _ = self.ensure_group(slot, name));
                slot
            }
            None => {
                let mut record = JobRecord::new(&spec.namespace, &spec.id);
                names.for_each(|name| record.add_group(name));
                self.add_job(record)
            }
        }
    }

    /// The slot of a job of which nothing but its name may be known.
    pub(crate) fn ensure_named_job(&mut self, namespace: &str, id: &str) -> JobSlot {
        match self.find_job(namespace, id) {
            Some(slot) => slot,
            None => self.add_job(JobRecord::new(namespace, id)),
        }
    }

    /// Adds a job that is not there yet.
    fn add_job(&mut self, record: JobRecord) -> JobSlot {
        self.drop_open_batch();
        self.index();
        let state = &mut *self.state;
        let freed = state.free_jobs.pop().map(JobSlot);
        let slot = freed.unwrap_or_else(|| JobSlot::new(state.jobs.len()));
        state.index_job(slot, &record);
        let record = Some(Arc::new(record));
        match freed.and_then(|slot| state.jobs.get_mut(slot.at())) {
            Some(place) => *place = record,
            None => {
                state.jobs.push(record);
                state.job_generations.push(0);
            }
        }
        self.log(Undo::JobAdded { job: slot, is_reused: freed.is_some() });
        slot
    }

    /// A group's place in its job's record, made if the group is new.
    pub(crate) fn ensure_group(&mut self, job: JobSlot, name: &str) -> u16 {
        let groups = self.job(job).map(|job| &*job.groups).unwrap_or_default();
        if let Some(at) = groups.iter().position(|group| &*group.name == name) {
            return at as u16;
        }
        let at = groups.len() as u16;
        self.drop_open_batch();
        self.index();
        if let Some(record) = self.state.job_mut(job) {
            record.add_group(name);
            self.log(Undo::GroupAdded(job));
        }
        at
    }
}
