//! Events as they are kept: most of them as what they are made of when somebody asks.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::event::{Event, Payload, Topic};
use crate::state::State;
use crate::state::past::{PastAllocation, PastDeployment, PastEvaluation, PastJob};

/// An event that is kept. Most are never asked for, and texts and a document for each would cost as much as
/// all else that is done for a job.
#[derive(Clone, Debug)]
pub(crate) struct KeptEvent {
    /// The index of the change.
    pub(super) index: u64,
    pub(super) event_type: &'static str,
    pub(super) of: Kept,
}

/// What an event is made of.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    /// It is made, with its payload if it has any.
    Event(Box<Event>),
    Allocation(PastAllocation),
    Deployment(PastDeployment),
    Evaluation(PastEvaluation),
    Job(PastJob),
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
        let (index, event_type) = (event.index, event.event_type);
        KeptEvent { index, event_type, of: Kept::Event(Box::new(event)) }
    }
}

impl KeptEvent {
    /// What kind of thing it is about.
    pub(crate) fn topic(&self) -> Topic {
        match &self.of {
            Kept::Event(event) => event.topic,
            Kept::Allocation(_) => Topic::Allocation,
            Kept::Deployment(_) => Topic::Deployment,
            Kept::Evaluation(_) => Topic::Evaluation,
            Kept::Job(_) => Topic::Job,
        }
    }

    /// The identity of the thing.
    pub(crate) fn key(&self) -> Cow<'_, str> {
        match &self.of {
            Kept::Event(event) => Cow::Borrowed(&event.key),
            Kept::Allocation(past) => Cow::Owned(past.id()),
            Kept::Deployment(past) => Cow::Owned(past.id()),
            Kept::Evaluation(past) => Cow::Owned(past.id()),
            Kept::Job(past) => Cow::Borrowed(&past.spec().id),
        }
    }

    /// The namespace of the thing; empty for nodes.
    pub(crate) fn namespace(&self) -> &str {
        match &self.of {
            Kept::Event(event) => &event.namespace,
            Kept::Allocation(past) => past.job().map_or("", |job| &job.namespace),
            Kept::Deployment(past) => past.job().0,
            Kept::Evaluation(past) => past.job().0,
            Kept::Job(past) => &past.spec().namespace,
        }
    }

    /// The job that the thing is of, if it is of one.
    pub(crate) fn job_id(&self) -> &str {
        match &self.of {
            Kept::Event(event) => &event.job_id,
            Kept::Allocation(past) => past.job().map_or("", |job| &job.id),
            Kept::Deployment(past) => past.job().1,
            Kept::Evaluation(past) => past.job().1,
            Kept::Job(past) => &past.spec().id,
        }
    }

    /// The node that an allocation is on, or was on.
    pub(crate) fn node_id(&self) -> &str {
        match &self.of {
            Kept::Event(event) => &event.node_id,
            Kept::Allocation(past) => past.node_id(),
            Kept::Deployment(_) | Kept::Evaluation(_) | Kept::Job(_) => "",
        }
    }
}

impl KeptEvent {
    /// The event with its payload.
    pub(super) fn whole(&self, state: &State) -> Event {
        let payload = match &self.of {
            Kept::Event(event) => return (**event).clone(),
            Kept::Allocation(past) => {
                state.past_document(past).map(|it| Payload::Allocation(Box::new(it)))
            }
            Kept::Deployment(past) => {
                Some(Payload::Deployment(Box::new(state.past_deployment_document(past))))
            }
            Kept::Evaluation(past) => {
                Some(Payload::Evaluation(Box::new(state.past_evaluation_document(past))))
            }
            Kept::Job(past) => Some(Payload::Job(Box::new(past.document()))),
        };
        let (job_id, mut evaluation_id) = (self.job_id().to_owned(), String::new());
        let mut filter_keys = Vec::new();
        if !matches!(self.of, Kept::Job(_)) {
            filter_keys.push(job_id.clone());
        }
        if let Some(Payload::Allocation(document)) = &payload {
            evaluation_id.clone_from(&document.eval_id);
            let deployment = Some(&document.deployment_id).filter(|id| !id.is_empty());
            filter_keys.extend(deployment.cloned());
        }
        Event {
            index: self.index,
            topic: self.topic(),
            event_type: self.event_type,
            key: self.key().into_owned(),
            namespace: self.namespace().to_owned(),
            filter_keys,
            job_id,
            node_id: self.node_id().to_owned(),
            evaluation_id,
            is_gone: false,
            payload: payload.map(Arc::new),
        }
    }

    /// Whether its payload is made when somebody asks.
    pub(super) fn is_made_late(&self) -> bool {
        !matches!(self.of, Kept::Event(_))
    }

    /// The event, made of this.
    pub(super) fn into_whole(self, state: &State) -> Event {
        match self.of {
            Kept::Event(event) => *event,
            _ => self.whole(state),
        }
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
                Some(kept) if kept.index <= index => low = middle + 1,
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
        let index = self.get(0)?.index;
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
        KeptEvent::from(Event::new(index, Topic::Job, "JobRegistered", "", ""))
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
            let all: Vec<u64> = queue.range(0..queue.len()).map(|it| it.index).collect();
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
