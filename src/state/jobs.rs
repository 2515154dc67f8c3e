//! Jobs and which allocations each of their groups has.

use std::sync::Arc;

use super::State;
use super::few::Few;
use super::nodes::name_hash;
use super::slots::{AllocationSlot, JobSlot};
use crate::model::Job;

/// A job that has allocations, or had a placement.
#[derive(Clone, Debug)]
pub(crate) struct JobRecord {
    /// The hash that the index has it under.
    hash: u64,
    /// The namespace and the identity, one after the other.
    names: Box<str>,
    namespace_bytes: u32,
    /// Its groups, by the names that its allocations carry.
    pub(crate) groups: Few<GroupRecord>,
}

/// A group's allocations.
#[derive(Clone, Debug)]
pub(crate) struct GroupRecord {
    pub(crate) name: Box<str>,
    /// In no order that means anything.
    pub(crate) allocations: Few<AllocationSlot>,
}

impl JobRecord {
    fn new(namespace: &str, id: &str) -> JobRecord {
        JobRecord {
            hash: name_hash(id),
            names: [namespace, id].concat().into(),
            namespace_bytes: namespace.len() as u32,
            groups: Few::None,
        }
    }

    /// Its namespace and its identity.
    pub(crate) fn names(&self) -> (&str, &str) {
        self.names.split_at(self.namespace_bytes as usize)
    }

    /// Its identity.
    pub(crate) fn id(&self) -> &str {
        self.names().1
    }
}

impl State {
    pub(crate) fn job(&self, slot: JobSlot) -> Option<&JobRecord> {
        self.jobs.get(slot.at())?.as_deref()
    }

    pub(crate) fn find_job(&self, namespace: &str, id: &str) -> Option<JobSlot> {
        let is_it =
            |slot: u32| self.job(JobSlot(slot)).is_some_and(|it| it.names() == (namespace, id));
        self.job_index.find(name_hash(id), is_it).map(JobSlot)
    }

    /// Shows the jobs of a name in all namespaces, in no order that means anything.
    pub(crate) fn visit_jobs_named(&self, id: &str, mut visit: impl FnMut(JobSlot, &JobRecord)) {
        // Saying no to every job makes the index go through all that could be it.
        self.job_index.find(name_hash(id), |slot| {
            if let Some(job) = self.job(JobSlot(slot)).filter(|it| it.id() == id) {
                visit(JobSlot(slot), job);
            }
            false
        });
    }

    /// The slot of a job, made if the job is new, and whether it is.
    pub(crate) fn ensure_job(&mut self, job: &Job) -> (JobSlot, bool) {
        let spec = job.spec();
        let (slot, is_new) = self.ensure_named_job(&spec.namespace, &spec.id);
        for group in &spec.task_groups {
            self.ensure_group(slot, &group.name);
        }
        (slot, is_new)
    }

    /// The slot of a job of which nothing but its name may be known, and whether it is new.
    pub(crate) fn ensure_named_job(&mut self, namespace: &str, id: &str) -> (JobSlot, bool) {
        if let Some(slot) = self.find_job(namespace, id) {
            return (slot, false);
        }
        let record = JobRecord::new(namespace, id);
        let hash = record.hash;
        let slot = match self.free_jobs.pop() {
            Some(slot) => JobSlot(slot),
            None => {
                self.jobs.push(None);
                JobSlot::new(self.jobs.len() - 1)
            }
        };
        if let Some(place) = self.jobs.get_mut(slot.at()) {
            *place = Some(Arc::new(record));
        }
        self.job_index.insert(hash, slot.0);
        (slot, true)
    }

    /// A group's place in its job's record, made if the group is new.
    pub(crate) fn ensure_group(&mut self, job: JobSlot, name: &str) -> u16 {
        let groups = self.job(job).map(|job| &*job.groups).unwrap_or_default();
        if let Some(at) = groups.iter().position(|group| &*group.name == name) {
            return at as u16;
        }
        let at = groups.len() as u16;
        if let Some(record) = self.job_mut(job) {
            record.groups.push(GroupRecord { name: name.into(), allocations: Few::None });
        }
        at
    }

    /// The allocations of one of a job's groups, live ones and others.
    pub(crate) fn allocations_of(&self, job: JobSlot, group: &str) -> &[AllocationSlot] {
        let groups = self.job(job).map(|job| &*job.groups).unwrap_or_default();
        let group = groups.iter().find(|it| &*it.name == group);
        group.map(|group| &*group.allocations).unwrap_or_default()
    }

    /// Takes out a job that has no allocations left.
    pub(super) fn remove_job(&mut self, slot: JobSlot) {
        let Some(place) = self.jobs.get_mut(slot.at()) else { return };
        let Some(record) = place.take() else { return };
        self.job_index.remove(record.hash, slot.0);
        self.free_jobs.push(slot.0);
    }

    /// The list of allocations of a job's group, to change.
    pub(super) fn group_mut(
        &mut self,
        job: JobSlot,
        group: u16,
    ) -> Option<&mut Few<AllocationSlot>> {
        let group = self.job_mut(job)?.groups.get_mut(usize::from(group))?;
        Some(&mut group.allocations)
    }

    fn job_mut(&mut self, slot: JobSlot) -> Option<&mut JobRecord> {
        Some(Arc::make_mut(self.jobs.get_mut(slot.at())?.as_mut()?))
    }
}
