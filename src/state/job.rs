//! A job as the state keeps it: its names, its versions if it is registered, and the allocations of
//! each of its groups (docs/lifecycle.md, section 9).

use std::sync::Arc;

use smol_str::SmolStr;

use super::index::name_hash;
use super::settings::DEFAULT_NAMESPACE;
use super::slots::AllocationSlot;
use super::small_list::SmallList;
use super::standing::Standing;
use super::work::Work;
use crate::model::{Job, JobSubmission};

/// How many versions of a job are kept. The latest stable one and the present one are kept beside them.
const VERSIONS_KEPT: usize = 6;

/// A job that is registered or has allocations.
#[derive(Clone, Debug)]
pub(crate) struct JobRecord {
    /// The hash that the index has it under.
    pub(super) hash: u64,
    pub(super) names: JobNames,
    /// Its versions, if it is registered.
    pub(crate) registered: Option<Arc<Registration>>,
    /// Its evaluations and deployments.
    pub(super) work: Work,
    /// What it has come to, if an engine looks after it.
    pub(crate) standing: Option<Arc<Standing>>,
    /// Its groups, by the names that its allocations carry.
    pub(crate) groups: SmallList<GroupRecord>,
}

/// What names a job. Short names, as most are, are kept here, which costs no other memory to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobNames {
    /// The namespace and the identity, one after the other; of a job of the default namespace, as most are,
    /// the identity alone.
    text: SmolStr,
    namespace_bytes: Option<u32>,
}

impl JobNames {
    fn new(namespace: &str, id: &str) -> JobNames {
        if namespace == DEFAULT_NAMESPACE {
            return JobNames { text: id.into(), namespace_bytes: None };
        }
        let text = [namespace, id].concat().into();
        JobNames { text, namespace_bytes: Some(namespace.len() as u32) }
    }

    /// Whether the namespace is not the default one.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.namespace_bytes.is_some()
    }

    /// The namespace and the identity.
    pub(crate) fn both(&self) -> (&str, &str) {
        match self.namespace_bytes {
            Some(bytes) => self.text.split_at(bytes as usize),
            None => (DEFAULT_NAMESPACE, &self.text),
        }
    }
}

/// A group's allocations.
#[derive(Clone, Debug)]
pub(crate) struct GroupRecord {
    pub(crate) name: SmolStr,
    /// In no order that means anything.
    pub(crate) allocations: SmallList<AllocationSlot>,
}

impl JobRecord {
    pub(super) fn new(namespace: &str, id: &str) -> JobRecord {
        JobRecord {
            hash: name_hash(id),
            names: JobNames::new(namespace, id),
            registered: None,
            work: Work::default(),
            standing: None,
            groups: SmallList::None,
        }
    }

    /// Adds a group without allocations, unless there is one of the name.
    pub(super) fn add_group(&mut self, name: &str) {
        if !self.groups.iter().any(|group| &*group.name == name) {
            self.groups.push(GroupRecord { name: name.into(), allocations: SmallList::None });
        }
    }

    /// Whether nothing of it is left but its name: no version, allocation, evaluation or deployment.
    pub(super) fn is_unused(&self) -> bool {
        self.registered.is_none()
            && self.work.is_empty()
            && self.groups.iter().all(|group| group.allocations.is_empty())
    }

    /// Its namespace and its identity.
    pub(crate) fn names(&self) -> (&str, &str) {
        self.names.both()
    }

    /// Its identity.
    pub(crate) fn id(&self) -> &str {
        self.names().1
    }
}

/// A registered job.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// The index at which it was registered first.
    pub(crate) create_index: u64,
    /// The index of its latest change of any kind.
    pub(crate) modify_index: u64,
    /// The newest first; there is at least one, and mostly no other.
    pub(crate) versions: SmallList<JobVersion>,
    /// The place of the present version among them: that of the newest, unless an earlier one was taken
    /// for the present one since (docs/lifecycle.md, section 9, *Stable*).
    pub(super) present: u32,
}

/// One version of a registered job.
#[derive(Clone, Debug)]
pub(crate) struct JobVersion {
    /// The job, with its number, its indexes and the instant at which it was registered.
    pub(crate) job: Job,
    pub(crate) number: u64,
    /// Whether it was deployed successfully, or called stable by a person.
    pub(crate) is_stable: bool,
    /// The text that it was made of, if that came with it.
    pub(crate) submission: Option<Arc<JobSubmission>>,
}

impl JobVersion {
    /// Whether somebody has given it a name to keep it by.
    fn is_tagged(&self) -> bool {
        self.job.extra.get("VersionTag").is_some_and(|tag| !tag.is_null())
    }
}

impl Registration {
    /// A job of which there is no version yet.
    pub(super) fn without_versions(create_index: u64, modify_index: u64) -> Registration {
        Registration { create_index, modify_index, versions: SmallList::None, present: 0 }
    }

    /// The version that is wanted: what runs is brought to it.
    #[inline]
    pub(crate) fn present(&self) -> Option<&JobVersion> {
        self.versions.get(self.present as usize)
    }

    /// The number of the next version.
    pub(super) fn next_number(&self) -> u64 {
        self.versions.first().map_or(0, |newest| newest.number + 1)
    }

    /// Takes a version for the present one; false if there is none of the number.
    pub(super) fn make_present(&mut self, number: u64) -> bool {
        let place = self.versions.iter().position(|version| version.number == number);
        place.inspect(|place| self.present = *place as u32).is_some()
    }

    /// Lets versions go that are too many.
    pub(super) fn trim(&mut self) {
        if self.versions.len() <= VERSIONS_KEPT {
            return;
        }
        // A stopped version is none to go back to, though it is as stable as the one before.
        let latest_stable =
            self.versions.iter().position(|version| version.is_stable && !version.job.stop);
        let present = self.present().map(|version| version.number);
        let mut at = 0;
        self.versions.retain(|version| {
            let is_needed =
                Some(at) == latest_stable || Some(version.number) == present || version.is_tagged();
            let is_kept = at < VERSIONS_KEPT || is_needed;
            at += 1;
            is_kept
        });
        present.map(|number| self.make_present(number));
    }
}
