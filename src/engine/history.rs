//! The events that are kept: with their payloads as many as the options say, or else those of the latest
//! call, which are made when they are asked for.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chronicle::{Change, events};
use super::event::Event;
use crate::state::State;

/// What happened, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    events: Arc<VecDeque<Event>>,
    /// The changes of the latest call, where no events are kept.
    latest: Arc<Vec<Change>>,
    /// The index of the latest event that is no longer there.
    pub(super) forgotten: u64,
}

impl History {
    /// Adds a change that was just made. Of the events, so many are kept.
    pub(super) fn add(&mut self, state: &State, change: Change, kept: usize) {
        if kept == 0 {
            Arc::make_mut(&mut self.latest).push(change);
            return;
        }
        let all = Arc::make_mut(&mut self.events);
        all.extend(events(state, &change, true));
        while all.len() > kept {
            if let Some(oldest) = all.pop_front() {
                self.forgotten = oldest.index;
            }
        }
    }

    /// Forgets the changes of the latest call, as another one begins.
    pub(super) fn begin_call(&mut self) {
        if let Some(latest) = self.latest.last() {
            self.forgotten = latest.index;
            Arc::make_mut(&mut self.latest).clear();
        }
    }

    /// The events above an index.
    pub(super) fn since(&self, state: &State, index: u64) -> Vec<Event> {
        let first = self.events.partition_point(|event| event.index <= index);
        let kept = self.events.range(first..).cloned();
        let latest = self.latest.iter().filter(|change| change.index > index);
        kept.chain(latest.flat_map(|change| events(state, change, false))).collect()
    }
}
