//! The events that are kept: with their payloads as many as the options say, or else those of the latest
//! call, which are made when they are asked for.

use std::ops::Range;
use std::sync::Arc;

use super::chronicle::{Entry, events};
use super::event::Event;
use super::kept_event::{EventQueue, KeptEvent};
use crate::state::State;
use crate::state::changed::Changes;
use crate::state::codec::{Flaw, Reader, Saved, Writer};

/// What happened, the oldest first. Copying it costs a few pointers.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    events: EventQueue,
    /// The changes of the latest call, where no events are kept.
    latest: Arc<Vec<Entry>>,
    /// The events of the latest call, where that was before the engine was loaded from a file.
    recalled: Arc<Vec<Event>>,
    /// The index of the latest event that is no longer there.
    pub(super) forgotten: u64,
    spare: Spare,
}

/// Empty lists of changes, whose memory the next ones take. A copy has none.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "so many lists are handed on as one pointer")]
struct Spare(Vec<Box<Changes>>);

/// How many are kept.
const MOST_SPARE: usize = 4;

impl Clone for Spare {
    fn clone(&self) -> Spare {
        Spare::default()
    }
}

impl Spare {
    fn keep(&mut self, mut changes: Box<Changes>) {
        if self.0.len() < MOST_SPARE && changes.is_small() {
            changes.empty();
            self.0.push(changes);
        }
    }
}

impl History {
    /// Adds a change that was just made. Of the events, so many are kept.
    pub(super) fn add(&mut self, state: &State, entry: Entry, kept: usize) {
        if kept == 0 {
            Arc::make_mut(&mut self.latest).push(entry);
            return;
        }
        events(state, &entry, true).into_iter().for_each(|event| self.events.push(event));
        self.spare.keep(entry.changes);
        while self.events.len() > kept {
            self.forgotten = self.events.pop().unwrap_or(self.forgotten);
        }
    }

    /// Changes of nothing.
    pub(super) fn spare(&mut self) -> Box<Changes> {
        self.spare.0.pop().unwrap_or_default()
    }

    /// Keeps the memory of changes that nobody needs.
    pub(super) fn keep_spare(&mut self, changes: Box<Changes>) {
        self.spare.keep(changes);
    }

    /// Forgets the changes of the latest call, as another one begins.
    pub(super) fn begin_call(&mut self) {
        if let Some(recalled) = self.recalled.last() {
            self.forgotten = recalled.index;
            self.recalled = Arc::default();
        }
        if let Some(latest) = self.latest.last() {
            self.forgotten = latest.index;
            match Arc::get_mut(&mut self.latest) {
                Some(latest) => {
                    while let Some(entry) = latest.pop() {
                        self.spare.keep(entry.changes);
                    }
                }
                // A snapshot has them.
                None => self.latest = Arc::default(),
            }
        }
    }

    /// The events above an index.
    pub(super) fn since(&self, state: &State, index: u64) -> Vec<Event> {
        let kept = self.events.range(self.events.first_above(index)..self.events.len());
        let kept = kept.map(|event| event.whole(state));
        let recalled = self.recalled.iter().filter(|event| event.index > index).cloned();
        let latest = self.latest.iter().filter(|entry| entry.index > index);
        let latest = latest.flat_map(|entry| events(state, entry, false));
        let latest = latest.map(|event| event.into_whole(state));
        kept.chain(recalled).chain(latest).collect()
    }

    /// The events above an index, for those who ask what they are about and for no payload.
    #[cfg(feature = "http")]
    pub(super) fn bare_since(&self, state: &State, index: u64) -> Vec<Arc<KeptEvent>> {
        let kept = self.events.range(self.events.first_above(index)..self.events.len()).cloned();
        let recalled = self.recalled.iter().filter(|event| event.index > index).cloned();
        let latest = self.latest.iter().filter(|entry| entry.index > index);
        let latest = latest.flat_map(|entry| events(state, entry, false));
        let others = recalled.map(KeptEvent::from).chain(latest);
        kept.chain(others.map(Arc::new)).collect()
    }

    /// So many events above an index, and the rest of the change in which that number is reached.
    #[cfg(feature = "http")]
    pub(super) fn first_since(&self, state: &State, index: u64, number: usize) -> Vec<Event> {
        let first = self.events.first_above(index);
        let last = self.events.get(first.saturating_add(number)).map(|kept| kept.index);
        let Some(last) = last else { return self.since(state, index) };
        let end = self.events.first_above(last);
        self.events.range(first..end).map(|event| event.whole(state)).collect()
    }

    /// The index up to which events are forgotten.
    #[cfg(feature = "http")]
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How many events are kept from one call to the next.
    pub(super) fn kept(&self) -> usize {
        self.events.len()
    }

    /// Writes some of them.
    pub(super) fn save_kept(&self, state: &State, range: Range<usize>, out: &mut Writer) {
        out.number(range.len() as u64);
        self.events.range(range).for_each(|event| event.save(state, out));
    }

    /// Reads some, which follow those that are kept.
    pub(super) fn load_kept(&mut self, input: &mut Reader<'_>) -> Result<(), Flaw> {
        let events = Vec::<Event>::load(input)?;
        events.into_iter().for_each(|event| self.events.push(KeptEvent::from(event)));
        input.end()
    }

    /// Writes everything else.
    pub(super) fn save_latest(&self, state: &State, out: &mut Writer) {
        let History { events: _, latest, recalled, forgotten, spare: _ } = self;
        let latest = latest.iter().flat_map(|change| events(state, change, false));
        let latest = latest.map(|event| event.into_whole(state));
        recalled.iter().cloned().chain(latest).collect::<Vec<Event>>().save(out);
        forgotten.save(out);
    }

    /// A history that has nothing but that.
    pub(super) fn load_latest(input: &mut Reader<'_>) -> Result<History, Flaw> {
        let recalled = Arc::new(Vec::load(input)?);
        Ok(History { recalled, forgotten: Saved::load(input)?, ..History::default() })
    }
}
