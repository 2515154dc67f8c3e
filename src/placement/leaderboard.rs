//! The leaderboard of a pass: queues of nodes, lane by lane, and the best few of all of them in order.
//!
//! Within a queue the order is that of the nodes' own scores. Across queues the scores proper are
//! compared, which the lane's spread and the number of active scorers make of them. From one placement
//! to the next mostly one node changes, so the best few are kept and mended, and a [bracket](Bracket)
//! knows which lane has the next one.

mod bracket;

use std::cmp::Ordering;

use self::bracket::Bracket;
use crate::rank::frontier::Frontier;
use crate::rank::frontier::queue::{Entry, Head, Heap};
use crate::state::scores::mean;

/// Scorers that may be active on a checked-out node beside those that are active on all nodes: job
/// anti-affinity and the reschedule penalty.
pub(crate) const EXTRAS: usize = 2;

/// The queues of a lane: nodes that the frontier has, then those checked out by how many extra scorers
/// are active on them.
const QUEUES: usize = EXTRAS + 2;

/// All candidates of a pass.
#[derive(Debug, Default)]
pub(crate) struct Leaderboard {
    /// The lanes, and behind them memory for more.
    lanes: Vec<LaneQueues>,
    /// How many lanes there are.
    len: usize,
    /// How many scorers are active on every node.
    active: u32,
    /// The best candidates, best first.
    best: Vec<Choice>,
    /// How many of them were last asked for.
    limit: usize,
    /// The lanes by their best candidate that is not among the best of all.
    bracket: Bracket,
    /// Lanes whose best candidate is not known.
    stale: Vec<u32>,
    /// How many lanes were searched for their best candidate.
    #[cfg(test)]
    pub(crate) searched_lanes: usize,
}

/// Memory for more lanes than this is let go.
const MOST_LANES_KEPT: usize = 4096;

/// The candidates of a lane.
#[derive(Debug, Default)]
struct LaneQueues {
    /// Nodes that are checked out. The others are queued by the frontier.
    checked_out: [(Head, Heap); EXTRAS + 1],
    /// How many of those may have anything, from the first one on. Mostly nothing is checked out.
    used: usize,
    /// How many of each queue are among the best.
    shown: [u32; QUEUES],
    /// The spread score of all its nodes.
    spread: f64,
    /// Whether none of its nodes may be used.
    is_closed: bool,
    is_stale: bool,
    /// What the job's own allocations take off every node that the frontier has, at least.
    held: Option<f64>,
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
    /// Whether it is as the frontier has it: nothing of the job makes it better or worse.
    pub(crate) fn is_of_frontier(&self) -> bool {
        self.queue == 0
    }

    /// The better one is greater: by score, then by the node's own part of it, then by tie-break.
    fn compare(&self, other: &Choice) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| self.entry.compare(&other.entry))
    }
}

impl Leaderboard {
    /// A leaderboard without lanes, on whose nodes so many scorers are active. What memory it has from
    /// an earlier one is used again.
    pub(crate) fn begin(&mut self, active: u32) {
        self.lanes[..self.len].iter_mut().for_each(LaneQueues::clear);
        self.lanes.truncate(MOST_LANES_KEPT);
        self.len = 0;
        self.active = active;
        self.best.clear();
        self.stale.clear();
        self.bracket.clear();
    }

    /// Adds a lane. It has the candidates that the frontier has for it, if any.
    pub(crate) fn add_lane(&mut self, spread: f64, is_closed: bool) {
        if self.len == self.lanes.len() {
            self.lanes.push(LaneQueues::default());
        }
        let lane = &mut self.lanes[self.len];
        (lane.spread, lane.is_closed) = (spread, is_closed);
        self.bracket.push();
        self.len += 1;
        self.mark_stale(self.len - 1);
    }

    /// The spread score of a lane.
    pub(crate) fn spread(&self, lane: u32) -> f64 {
        self.lanes[lane as usize].spread
    }

    /// Whether no node of a lane may be used.
    pub(crate) fn is_closed(&self, lane: usize) -> bool {
        self.lanes[lane].is_closed
    }

    /// Sets a lane's spread score and whether it is closed.
    pub(crate) fn set_lane(&mut self, lane: usize, spread: f64, is_closed: bool) {
        let of_lane = &mut self.lanes[lane];
        if of_lane.is_closed == is_closed && of_lane.spread.to_bits() == spread.to_bits() {
            return;
        }
        // Nodes that are not among the best, and get no better, do not come among them. A spread of 0
        // does not count in the mean, so that a lower one may make it higher.
        let gets_no_better = spread <= of_lane.spread && of_lane.spread != 0.0 && spread != 0.0;
        let stays_out = of_lane.shown == [0; QUEUES] && (is_closed || gets_no_better);
        (of_lane.spread, of_lane.is_closed) = (spread, is_closed);
        self.mark_stale(lane);
        if !stays_out {
            self.forget_best();
        }
    }

    /// Notes that the group is on every node that the frontier has for a lane, which takes so much off its
    /// score at least. False if that is known.
    pub(crate) fn hold(&mut self, lane: usize, score: f64) -> bool {
        if self.lanes[lane].held.replace(score) == Some(score) {
            return false;
        }
        self.mark_stale(lane);
        self.forget_best();
        true
    }

    /// One of the best candidates that were found last.
    pub(crate) fn found(&self, at: usize) -> Choice {
        self.best[at]
    }

    /// The best candidates, best first, at most `limit`.
    pub(crate) fn best(&mut self, frontier: &mut Frontier, limit: usize) -> &[Choice] {
        self.limit = limit;
        while self.best.len() < limit {
            let Some(choice) = self.next(frontier) else { break };
            self.lanes[choice.lane as usize].shown[choice.queue as usize] += 1;
            self.best.push(choice);
            self.mark_stale(choice.lane as usize);
        }
        &self.best
    }

    /// The best candidate that is not among the best yet.
    fn next(&mut self, frontier: &mut Frontier) -> Option<Choice> {
        // Most groups have one lane, whose best is the best of all.
        if let [lane] = &mut self.lanes[..self.len] {
            #[cfg(test)]
            {
                self.searched_lanes += 1;
            }
            return lane.next(self.active, frontier, 0);
        }
        self.refresh(frontier);
        self.bracket.best()
    }

    /// Notes where the scores of one of the best are written down.
    pub(crate) fn set_written(&mut self, frontier: &mut Frontier, at: usize, written: u32) {
        let Some(choice) = self.best.get_mut(at) else { return };
        choice.entry.written = written;
        let (lane, queue) = (choice.lane, choice.queue);
        let same = |it: &&Choice| (it.lane, it.queue) == (lane, queue);
        let place = self.best[..at].iter().filter(same).count();
        match (queue as usize).checked_sub(1) {
            None => frontier.set_written(lane as usize, place, written),
            Some(extras) => {
                self.lanes[lane as usize].checked_out[extras].0.set_written(place, written);
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
            Some(extras) => lane.checked_out[extras].0.take(),
        };
        lane.shown[choice.queue as usize] -= 1;
        Some(choice)
    }

    /// Forgets a node of the frontier that was checked out.
    pub(crate) fn forget(&mut self, lane: usize, node: u32) {
        if let Some(at) = self.best.iter().position(|choice| choice.entry.node == node) {
            self.best.remove(at);
            self.lanes[lane].shown[0] -= 1;
        }
        self.mark_stale(lane);
    }

    /// Puts a checked-out node in, on which so many extra scorers are active.
    pub(crate) fn insert(&mut self, lane: usize, extras: usize, entry: Entry) {
        let queue = extras + 1;
        let of_lane = &mut self.lanes[lane];
        of_lane.used = of_lane.used.max(queue);
        let (head, heap) = &mut of_lane.checked_out[extras];
        head.insert(heap, entry);
        if of_lane.is_closed {
            return;
        }
        let score = of_lane.score(self.active, queue, &entry);
        let choice = Choice { lane: lane as u32, queue: queue as u32, entry, score };
        let better = self.best.iter().take_while(|it| it.compare(&choice).is_gt()).count();
        // Behind the last of the best there may be better ones that are not among them.
        if better == self.best.len() {
            self.mark_stale(lane);
            return;
        }
        // What is shown of a queue has to be in its head.
        let (head, heap) = &mut of_lane.checked_out[extras];
        head.get(heap, of_lane.shown[queue] as usize);
        of_lane.shown[queue] += 1;
        self.best.insert(better, choice);
        if self.best.len() > self.limit
            && let Some(last) = self.best.pop()
        {
            self.lanes[last.lane as usize].shown[last.queue as usize] -= 1;
            self.mark_stale(last.lane as usize);
        }
    }

    /// Takes a checked-out node out, on which so many extra scorers are active.
    pub(crate) fn remove(&mut self, lane: usize, extras: usize, node: u32) {
        let of_lane = &mut self.lanes[lane];
        let (head, heap) = &mut of_lane.checked_out[extras];
        match head.find(node).is_some() {
            true => head.remove(node),
            false => heap.remove(node),
        }
        if let Some(at) = self.best.iter().position(|choice| choice.entry.node == node) {
            self.best.remove(at);
            of_lane.shown[extras + 1] -= 1;
        }
        self.mark_stale(lane);
    }

    fn forget_best(&mut self) {
        while let Some(choice) = self.best.pop() {
            self.lanes[choice.lane as usize].shown[choice.queue as usize] -= 1;
            self.mark_stale(choice.lane as usize);
        }
    }

    /// Notes that the best candidate of a lane that is not among the best of all is not known.
    fn mark_stale(&mut self, lane: usize) {
        if !std::mem::replace(&mut self.lanes[lane].is_stale, true) {
            self.stale.push(lane as u32);
        }
    }

    /// Finds the best candidate of each lane again of which it is not known.
    fn refresh(&mut self, frontier: &mut Frontier) {
        for &lane in &self.stale {
            let of_lane = &mut self.lanes[lane as usize];
            of_lane.is_stale = false;
            self.bracket.set(lane, of_lane.next(self.active, frontier, lane));
        }
        #[cfg(test)]
        {
            self.searched_lanes += self.stale.len();
        }
        self.bracket.update(&self.stale);
        self.stale.clear();
    }
}

impl LaneQueues {
    /// Its best candidate that is not among the best of all.
    fn next(&mut self, active: u32, frontier: &mut Frontier, lane: u32) -> Option<Choice> {
        if self.is_closed {
            return None;
        }
        let candidate = frontier.candidate(lane as usize, self.shown[0] as usize);
        let mut best = candidate.map(|entry| {
            let (entry, score) = match self.held {
                Some(held) => self.at_most(active, entry, held),
                None => (*entry, self.score(active, 0, entry)),
            };
            Choice { lane, queue: 0, entry, score }
        });
        for queue in 1..=self.used {
            let (head, heap) = &mut self.checked_out[queue - 1];
            let Some(&entry) = head.get(heap, self.shown[queue] as usize) else { continue };
            let score = self.score(active, queue, &entry);
            let choice = Choice { lane, queue: queue as u32, entry, score };
            if best.is_none_or(|best| choice.compare(&best).is_gt()) {
                best = Some(choice);
            }
        }
        best
    }

    /// What one of its candidates comes to.
    fn score(&self, active: u32, queue: usize, entry: &Entry) -> f64 {
        let extras = queue.saturating_sub(1) as u32;
        let active = active + extras + u32::from(self.spread != 0.0);
        mean(entry.sum, self.spread, 0.0, active)
    }

    /// The most that a node of the frontier comes to, off which something is taken, and those behind it.
    fn at_most(&self, active: u32, entry: &Entry, held: f64) -> (Entry, f64) {
        let sum = entry.sum + held;
        // A lower sum may be rounded to the same, and break the tie otherwise.
        let is_alone = entry.sum.next_down() + held < sum;
        let tie_break = if is_alone { entry.tie_break } else { 0 };
        let at_most = Entry { sum, tie_break, ..*entry };
        (at_most, self.score(active, 2, &at_most))
    }

    fn clear(&mut self) {
        self.held = None;
        for (head, heap) in self.checked_out.iter_mut().take(self.used) {
            head.clear();
            heap.clear();
        }
        self.used = 0;
        self.shown = [0; QUEUES];
        (self.spread, self.is_closed, self.is_stale) = (0.0, false, false);
    }
}
