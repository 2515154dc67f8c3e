//! Events as they are kept: those of allocations without the document, which is made when it is asked for.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::event::{Event, Payload};
use crate::state::State;
use crate::state::past::PastAllocation;

/// An event, and what its payload is made of where that is an allocation.
#[derive(Clone, Debug)]
pub(crate) struct KeptEvent {
    /// Of an allocation it has no payload.
    pub(crate) event: Event,
    pub(super) allocation: Option<Box<PastAllocation>>,
}

/// How many events are on a page.
const PAGE: usize = 64;

/// Events on pages, the oldest first. A copy costs a pointer, and the first change after that one for each
/// page and one for each event on the page that it changes.
#[derive(Clone, Debug, Default)]
pub(super) struct EventQueue {
    /// All pages but the last are full.
    pages: Arc<VecDeque<Arc<Vec<Arc<KeptEvent>>>>>,
    /// How many on the first page are gone.
    gone: usize,
    len: usize,
}

impl From<Event> for KeptEvent {
    fn from(event: Event) -> KeptEvent {
        KeptEvent { event, allocation: None }
    }
}

impl KeptEvent {
    /// The event with its payload.
    pub(super) fn whole(&self, state: &State) -> Event {
        let mut event = self.event.clone();
        if let Some(past) = &self.allocation {
            let document = state.past_document(past);
            event.payload = document.map(|it| Arc::new(Payload::Allocation(Box::new(it))));
        }
        event
    }
}

impl EventQueue {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, at: usize) -> Option<&Arc<KeptEvent>> {
        let at = self.gone + at;
        self.pages.get(at / PAGE)?.get(at % PAGE)
    }

    pub(super) fn range(&self, range: Range<usize>) -> impl Iterator<Item = &Arc<KeptEvent>> {
        range.filter_map(|at| self.get(at))
    }

    /// The place of the first event above an index.
    pub(super) fn first_above(&self, index: u64) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some(kept) if kept.event.index <= index => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    pub(super) fn push(&mut self, event: KeptEvent) {
        let pages = Arc::make_mut(&mut self.pages);
        match pages.back_mut().filter(|page| page.len() < PAGE) {
            Some(page) => Arc::make_mut(page).push(Arc::new(event)),
            None => {
                let mut page = Vec::with_capacity(PAGE);
                page.push(Arc::new(event));
                pages.push_back(Arc::new(page));
            }
        }
        self.len += 1;
    }

    /// Takes the oldest one out, and gives its index.
    pub(super) fn pop(&mut self) -> Option<u64> {
        let index = self.get(0)?.event.index;
        (self.gone, self.len) = (self.gone + 1, self.len - 1);
        // A page goes when all on it have gone.
        if self.gone == PAGE || self.len == 0 {
            Arc::make_mut(&mut self.pages).pop_front();
            self.gone = 0;
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Topic;

    fn event(index: u64) -> KeptEvent {
        KeptEvent::from(Event {
            index,
            topic: Topic::Job,
            event_type: "JobRegistered",
            key: String::new(),
            namespace: String::new(),
            filter_keys: Vec::new(),
            job_id: String::new(),
            node_id: String::new(),
            evaluation_id: String::new(),
            is_gone: false,
            payload: None,
        })
    }

    #[test]
    fn events_come_out_as_they_went_in() {
        let mut queue = EventQueue::default();
        let mut plain = VecDeque::new();
        for at in 0..1_000_u64 {
            // Two of each index.
            queue.push(event(at / 2));
            plain.push_back(at / 2);
            let copy = queue.clone();
            if at % 3 == 0 || plain.len() > 200 {
                assert_eq!(queue.pop(), plain.pop_front());
                assert_eq!(copy.len(), queue.len() + 1);
            }
            let all: Vec<u64> = queue.range(0..queue.len()).map(|it| it.event.index).collect();
            assert_eq!(plain, all);
            for index in [0, at / 4, at / 2] {
                let expected = plain.partition_point(|it| *it <= index);
                assert_eq!(queue.first_above(index), expected);
            }
        }
        while let Some(index) = queue.pop() {
            assert_eq!(Some(index), plain.pop_front());
        }
        assert_eq!((queue.len(), plain.len()), (0, 0));
        assert!(queue.pages.is_empty() && queue.get(0).is_none());
    }
}
