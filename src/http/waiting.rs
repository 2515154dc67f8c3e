//! Blocking queries: who waits for which key to be touched (docs/lifecycle.md, section 10).
//!
//! A request sleeps until something that it read changes, and nobody else is woken: keys are tables, single
//! things, and the lists of a job or of a node.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::{Equivalent, IndexMap};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// What kind of thing a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A table: its identity is empty.
    Allocations,
    Deployments,
    Evaluations,
    Jobs,
    Nodes,
    Settings,
    /// Anything at all.
    Events,
    /// One thing.
    Allocation,
    Deployment,
    Evaluation,
    Job,
    Node,
    /// A list of one thing.
    AllocationsOfJob,
    AllocationsOfNode,
    DeploymentsOfJob,
    EvaluationsOfJob,
}

/// How many kinds there are.
const KINDS: usize = Kind::EvaluationsOfJob as usize + 1;

/// Something that may be touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key<'a> {
    pub(super) kind: Kind,
    /// Empty for what has none.
    pub(super) namespace: &'a str,
    pub(super) id: &'a str,
}

impl<'a> Key<'a> {
    pub(super) fn table(kind: Kind) -> Key<'static> {
        Key { kind, namespace: "", id: "" }
    }

    pub(super) fn thing(kind: Kind, id: &'a str) -> Key<'a> {
        Key { kind, namespace: "", id }
    }

    pub(super) fn of_job(kind: Kind, namespace: &'a str, id: &'a str) -> Key<'a> {
        Key { kind, namespace, id }
    }
}

/// A key that somebody waits for.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OwnKey {
    kind: Kind,
    namespace: Box<str>,
    id: Box<str>,
}

impl Equivalent<OwnKey> for Key<'_> {
    fn equivalent(&self, key: &OwnKey) -> bool {
        self.kind == key.kind && *self.namespace == *key.namespace && *self.id == *key.id
    }
}

/// Everybody who waits, by key.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    crowd: Mutex<Crowd>,
}

#[derive(Debug, Default)]
struct Crowd {
    by_key: IndexMap<OwnKey, Arc<Notify>>,
    /// How many keys there are of each kind: mostly nobody waits for most kinds.
    of_kind: [usize; KINDS],
}

/// Somebody who waits for a key; it no longer does when this is dropped.
pub(super) struct Waiter<'a> {
    waiting: &'a Waiting,
    key: Key<'a>,
    notify: Arc<Notify>,
}

impl Waiting {
    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        // Nothing in between changes of it can panic.
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait for a key. What touches it from now on is not missed.
    pub(super) fn wait_for<'a>(&'a self, key: Key<'a>) -> Waiter<'a> {
        let mut crowd = self.crowd();
        let notify = match crowd.by_key.get(&key) {
            Some(notify) => Arc::clone(notify),
            None => {
                let notify = Arc::new(Notify::new());
                let own =
                    OwnKey { kind: key.kind, namespace: key.namespace.into(), id: key.id.into() };
                crowd.by_key.insert(own, Arc::clone(&notify));
                crowd.of_kind[key.kind as usize] += 1;
                notify
            }
        };
        Waiter { waiting: self, key, notify }
    }

    /// Whether nobody waits for anything.
    pub(super) fn is_empty(&self) -> bool {
        self.crowd().by_key.is_empty()
    }

    /// Whether anybody waits for keys of a kind.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.crowd().of_kind[kind as usize] > 0
    }

    /// Wakes those who wait for any of the keys.
    pub(super) fn wake<'a>(&self, keys: impl Iterator<Item = Key<'a>>) {
        let crowd = self.crowd();
        for key in keys.filter(|key| crowd.of_kind[key.kind as usize] > 0) {
            if let Some(notify) = crowd.by_key.get(&key) {
                notify.notify_waiters();
            }
        }
    }

    /// Wakes everybody.
    pub(super) fn wake_all(&self) {
        self.crowd().by_key.values().for_each(|it| it.notify_waiters());
    }

    /// Wakes all who wait for keys of a kind.
    pub(super) fn wake_all_of(&self, kind: Kind) {
        let crowd = self.crowd();
        let of_kind = crowd.by_key.iter().filter(|(key, _)| key.kind == kind);
        of_kind.for_each(|(_, it)| it.notify_waiters());
    }
}

impl Waiter<'_> {
    /// Done when the key is touched after this call.
    pub(super) fn touched(&self) -> OwnedNotified {
        Arc::clone(&self.notify).notified_owned()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut crowd = self.waiting.crowd();
        // The table's, and this one.
        if Arc::strong_count(&self.notify) <= 2 && crowd.by_key.swap_remove(&self.key).is_some() {
            crowd.of_kind[self.key.kind as usize] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn only_those_who_wait_for_the_key_are_woken() {
        let waiting = Waiting::default();
        assert!(waiting.is_empty());
        let web = waiting.wait_for(Key::of_job(Kind::Job, "default", "web"));
        let other = waiting.wait_for(Key::of_job(Kind::Job, "ops", "web"));
        let again = waiting.wait_for(Key::of_job(Kind::Job, "default", "web"));
        let (mut first, mut second, mut third) =
            (pin!(web.touched()), pin!(other.touched()), pin!(again.touched()));
        let mut context = Context::from_waker(Waker::noop());
        waiting
            .wake([Key::table(Kind::Jobs), Key::of_job(Kind::Job, "default", "web")].into_iter());
        assert_eq!(first.as_mut().poll(&mut context), Poll::Ready(()));
        assert_eq!(second.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(third.as_mut().poll(&mut context), Poll::Ready(()));
        waiting.wake_all_of(Kind::Job);
        assert_eq!(second.as_mut().poll(&mut context), Poll::Ready(()));
        assert!(!waiting.is_empty());
    }

    #[test]
    fn who_no_longer_waits_leaves_nothing_behind() {
        let waiting = Waiting::default();
        let key = Key::thing(Kind::Node, "n1");
        let (first, second) = (waiting.wait_for(key), waiting.wait_for(key));
        let future = first.touched();
        drop(first);
        assert!(!waiting.is_empty());
        drop(future);
        drop(second);
        assert!(waiting.is_empty());
    }
}
