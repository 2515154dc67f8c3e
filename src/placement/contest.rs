//! The contest of all candidates of a pass: queues of nodes, lane by lane, and the best few of all of
//! them in order.
//!
//! Within a queue the order is that of the nodes' own scores. Across queues the scores proper are
//! compared, which the lane's spread and the number of active scorers make of them. From one placement
//! to the next mostly one node changes, so the best few are kept and mended.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::rank::frontier::Frontier;
use crate::rank::frontier::queue::{Entry, Head, Heap};
use crate::state::scores::mean;

/// Scorers that may be active on a special node beside those that are active on all nodes: job
/// anti-affinity and the reschedule penalty.
pub(crate) const EXTRAS: usize = 2;

/// The queues of a lane: nodes like any other, then special ones by how many extra scorers are active
/// on them.
const QUEUES: usize = EXTRAS + 2;

/// All candidates of a pass.
#[derive(Debug, Default)]
pub(crate) struct Contest {
    lanes: Vec<Lane>,
    /// How many scorers are active on every node.
    active: u32,
    /// The best candidates, best first.
    best: Vec<Choice>,
    /// How many of them were last asked for.
    limit: usize,
    /// The best of the lanes that are not among the best of all, while these are being found.
    heads: Vec<Choice>,
}

/// The candidates of a lane.
#[derive(Debug, Default)]
struct Lane {
    /// Special nodes. Those like any other are queued by the frontier.
    special: [(Head, Heap); EXTRAS + 1],
    /// How many of each queue are among the best.
    shown: [u32; QUEUES],
    /// The spread score of all its nodes.
    spread: f64,
    /// Why none of its nodes may be used.
    closed: Option<Arc<str>>,
    /// Its best candidate, if there is any, as long as that is known.
    first: Option<Option<Choice>>,
}

/// A candidate and what it comes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) lane: u32,
    queue: u32,
    pub(crate) entry: Entry,
    pub(crate) score: f64,
}

impl Choice {
    /// The better one is greater: by score, then by the node's own part of it, then by rank.
    fn compare(&self, other: &Choice) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| self.entry.compare(&other.entry))
    }
}

impl Contest {
    /// A contest of so many lanes, on whose nodes so many scorers are active. What memory it has from
    /// an earlier one is used again.
    pub(crate) fn begin(&mut self, lanes: usize, active: u32) {
        self.lanes.truncate(lanes);
        self.lanes.iter_mut().for_each(Lane::clear);
        self.lanes.resize_with(lanes, Lane::default);
        self.active = active;
        self.best.clear();
    }

    /// Why a lane is closed, if it is.
    pub(crate) fn closed(&self, lane: usize) -> Option<&Arc<str>> {
        self.lanes[lane].closed.as_ref()
    }

    /// The spread score of a lane.
    pub(crate) fn spread(&self, lane: u32) -> f64 {
        self.lanes[lane as usize].spread
    }

    /// Sets a lane's spread score and why it is closed; true if the latter is news.
    pub(crate) fn set_lane(&mut self, lane: usize, spread: f64, closed: Option<Arc<str>>) -> bool {
        let lane = &mut self.lanes[lane];
        let is_news = lane.closed != closed;
        if is_news || lane.spread.to_bits() != spread.to_bits() {
            (lane.spread, lane.closed, lane.first) = (spread, closed, None);
            self.forget_best();
        }
        is_news
    }

    /// One of the best candidates that were found last.
    pub(crate) fn found(&self, at: usize) -> Choice {
        self.best[at]
    }

    /// The best candidates, best first, at most `limit`.
    pub(crate) fn best(&mut self, frontier: &mut Frontier, limit: usize) -> &[Choice] {
        self.limit = limit;
        if self.best.len() < limit {
            self.find_best(frontier, limit);
        }
        &self.best
    }

    /// Notes where the scores of one of the best are written down.
    pub(crate) fn set_written(&mut self, frontier: &mut Frontier, at: usize, written: u32) {
        let Some(choice) = self.best.get_mut(at) else { return };
        choice.entry.written = written;
        let (lane, queue) = (choice.lane, choice.queue);
        self.lanes[lane as usize].first = None;
        let same = |it: &&Choice| (it.lane, it.queue) == (lane, queue);
        let place = self.best[..at].iter().filter(same).count();
        match (queue as usize).checked_sub(1) {
            None => frontier.set_written(lane as usize, place, written),
            Some(extras) => {
                self.lanes[lane as usize].special[extras].0.set_written(place, written);
            }
        }
    }

    /// Takes the best candidate out, to be placed on.
    pub(crate) fn take(&mut self, frontier: &mut Frontier) -> Option<Choice> {
        if self.best.is_empty() {
            return None;
        }
        let choice = self.best.remove(0);
        let lane = &mut self.lanes[choice.lane as usize];
        match (choice.queue as usize).checked_sub(1) {
            None => frontier.take(choice.lane as usize),
            Some(extras) => lane.special[extras].0.take(),
        };
        lane.shown[choice.queue as usize] -= 1;
        lane.first = None;
        Some(choice)
    }

    /// Puts a special node in, on which so many extra scorers are active.
    pub(crate) fn insert(&mut self, lane: usize, extras: usize, entry: Entry) {
        let queue = extras + 1;
        let of_lane = &mut self.lanes[lane];
        of_lane.first = None;
        let (head, heap) = &mut of_lane.special[extras];
        head.insert(heap, entry);
        if of_lane.closed.is_some() || self.best.is_empty() {
            return;
        }
        let score = of_lane.score(self.active, queue, &entry);
        let choice = Choice { lane: lane as u32, queue: queue as u32, entry, score };
        let better = self.best.iter().take_while(|it| it.compare(&choice).is_gt()).count();
        // Behind the last of the best there may be better ones that are not among them.
        if better < self.best.len() {
            // What is shown of a queue has to be in its head.
            let (head, heap) = &mut of_lane.special[extras];
            head.get(heap, of_lane.shown[queue] as usize);
            of_lane.shown[queue] += 1;
            self.best.insert(better, choice);
            if self.best.len() > self.limit
                && let Some(last) = self.best.pop()
            {
                self.lanes[last.lane as usize].shown[last.queue as usize] -= 1;
            }
        }
    }

    fn forget_best(&mut self) {
        for choice in self.best.drain(..) {
            self.lanes[choice.lane as usize].shown[choice.queue as usize] -= 1;
        }
    }

    /// Finds the next best until there are as many as asked for: the best of each lane, of these as
    /// many as are still wanted, and for each one that is taken the next of its lane.
    fn find_best(&mut self, frontier: &mut Frontier, limit: usize) {
        self.heads.clear();
        let is_first = self.best.is_empty();
        for lane in 0..self.lanes.len() {
            // From one placement to the next the best of most lanes stays the same.
            let head = match self.lanes[lane].first.filter(|_| is_first) {
                Some(first) => first,
                None => self.next_of(frontier, lane),
            };
            if is_first {
                self.lanes[lane].first = Some(head);
            }
            if let Some(head) = head {
                self.add_head(head, limit - self.best.len());
            }
        }
        while !self.heads.is_empty() {
            let choice = self.heads.remove(0);
            self.lanes[choice.lane as usize].shown[choice.queue as usize] += 1;
            self.best.push(choice);
            let wanted = limit - self.best.len();
            self.heads.truncate(wanted);
            if wanted == 0 {
                return;
            }
            if let Some(next) = self.next_of(frontier, choice.lane as usize) {
                self.add_head(next, wanted);
            }
        }
    }

    /// Puts the best of a lane among the best of all lanes, if it belongs to as many as are wanted.
    fn add_head(&mut self, head: Choice, wanted: usize) {
        if self.heads.len() == wanted {
            if self.heads.last().is_none_or(|last| last.compare(&head).is_gt()) {
                return;
            }
            self.heads.pop();
        }
        let better = self.heads.iter().take_while(|it| it.compare(&head).is_gt()).count();
        self.heads.insert(better, head);
    }

    /// The best candidate of a lane that is not among the best of all.
    fn next_of(&mut self, frontier: &mut Frontier, lane: usize) -> Option<Choice> {
        let of_lane = &mut self.lanes[lane];
        if of_lane.closed.is_some() {
            return None;
        }
        let mut best: Option<Choice> = None;
        for queue in 0..QUEUES {
            let at = of_lane.shown[queue] as usize;
            let entry = match queue.checked_sub(1) {
                None => frontier.candidate(lane, at),
                Some(extras) => {
                    let (head, heap) = &mut of_lane.special[extras];
                    head.get(heap, at)
                }
            };
            let Some(&entry) = entry else { continue };
            let score = of_lane.score(self.active, queue, &entry);
            let choice = Choice { lane: lane as u32, queue: queue as u32, entry, score };
            if best.is_none_or(|best| choice.compare(&best).is_gt()) {
                best = Some(choice);
            }
        }
        best
    }
}

impl Lane {
    /// What one of its candidates comes to.
    fn score(&self, active: u32, queue: usize, entry: &Entry) -> f64 {
        let extras = queue.saturating_sub(1) as u32;
        let active = active + extras + u32::from(self.spread != 0.0);
        mean(entry.key, self.spread, 0.0, active)
    }

    fn clear(&mut self) {
        for (head, heap) in &mut self.special {
            head.clear();
            heap.clear();
        }
        self.shown = [0; QUEUES];
        (self.spread, self.closed, self.first) = (0.0, None, None);
    }
}
