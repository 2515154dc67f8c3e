//! Which launches there are by the texts by which their callers know them again (docs/lifecycle.md,
//! section 9, *Dispatch*). It is derived from the state.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Job;
use crate::state::slots::JobSlot;

/// The namespace, the parent and the text.
type Key = (Box<str>, Box<str>, Box<str>);

/// Jobs that were launched under a text of their callers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LaunchTokens {
    /// More than one under a text is the work of documents that say so.
    jobs: BTreeMap<Key, BTreeSet<JobSlot>>,
    keys: BTreeMap<JobSlot, Key>,
}

impl LaunchTokens {
    /// The launch of a job under a text that is not empty.
    pub(super) fn find(&self, namespace: &str, parent: &str, token: &str) -> Option<JobSlot> {
        let key = (namespace.into(), parent.into(), token.into());
        self.jobs.get(&key)?.first().copied().filter(|_| !token.is_empty())
    }

    /// Follows a job that came, changed or left, by its present version.
    pub(super) fn follow(&mut self, present: Option<&Job>, slot: JobSlot) {
        let job = present.filter(|job| !job.dispatch_idempotency_token().is_empty());
        let key: Option<Key> = job.map(|job| {
            let token = job.dispatch_idempotency_token();
            (job.namespace.as_str().into(), job.parent_id().into(), token.into())
        });
        if key.is_none() && self.keys.is_empty() || self.keys.get(&slot) == key.as_ref() {
            return;
        }
        if let Some(before) = self.keys.remove(&slot)
            && let Some(jobs) = self.jobs.get_mut(&before)
        {
            jobs.remove(&slot);
            if jobs.is_empty() {
                self.jobs.remove(&before);
            }
        }
        if let Some(key) = key {
            self.jobs.entry(key.clone()).or_default().insert(slot);
            self.keys.insert(slot, key);
        }
    }
}
