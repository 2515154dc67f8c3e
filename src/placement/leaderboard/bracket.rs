//! A knock-out bracket: which of many lanes has the best candidate, found again in a few comparisons
//! when some of them change.

use super::Choice;

/// The best candidates of lanes, if they have any, and which one is the best of them.
#[derive(Debug, Default)]
pub(super) struct Bracket {
    /// By lane.
    candidates: Vec<Option<Choice>>,
    /// A full binary tree from index 1 on, whose leaves are the lanes, to the next power of two: by
    /// vertex the lane that won there.
    winners: Vec<u32>,
    /// How many leaves the tree has: none where lanes were added since it was made.
    leaves: usize,
}

/// Stands for leaves beyond the lanes.
const NOBODY: u32 = u32::MAX;

impl Bracket {
    pub(super) fn clear(&mut self) {
        self.candidates.clear();
        self.leaves = 0;
    }

    /// Adds a lane without a candidate; the bracket has to be [updated](Bracket::update) afterwards.
    pub(super) fn push(&mut self) {
        let lane = self.candidates.len();
        self.candidates.push(None);
        if lane < self.leaves {
            self.winners[self.leaves + lane] = lane as u32;
        } else {
            self.leaves = 0;
        }
    }

    /// Makes a tree with a leaf for each lane.
    fn make(&mut self) {
        self.leaves = self.candidates.len().next_power_of_two();
        self.winners.clear();
        self.winners.resize(self.leaves, NOBODY);
        self.winners.extend(0..self.candidates.len() as u32);
        self.winners.resize(2 * self.leaves, NOBODY);
    }

    /// Sets the best candidate of a lane; the bracket has to be [updated](Bracket::update) afterwards.
    pub(super) fn set(&mut self, lane: u32, candidate: Option<Choice>) {
        self.candidates[lane as usize] = candidate;
    }

    /// The best candidate of all.
    pub(super) fn best(&self) -> Option<Choice> {
        self.candidates.get(*self.winners.get(1)? as usize).copied().flatten()
    }

    /// Finds out who wins, once these lanes have changed.
    pub(super) fn update(&mut self, changed: &[u32]) {
        if self.leaves == 0 {
            self.make();
            return self.update_all();
        }
        if changed.len() * self.leaves.checked_ilog2().unwrap_or(0).max(1) as usize > self.leaves {
            return self.update_all();
        }
        for &lane in changed {
            let mut vertex = (self.leaves + lane as usize) / 2;
            while vertex > 0 {
                let winner = self.winner_at(vertex);
                // Where another lane won and still does, nothing changes further up; if that one has
                // changed too, its own way up goes on from here.
                if std::mem::replace(&mut self.winners[vertex], winner) == winner && winner != lane
                {
                    break;
                }
                vertex /= 2;
            }
        }
    }

    fn update_all(&mut self) {
        for vertex in (1..self.leaves).rev() {
            self.winners[vertex] = self.winner_at(vertex);
        }
    }

    /// Who wins at a vertex above two others.
    fn winner_at(&self, vertex: usize) -> u32 {
        let [a, b] = [self.winners[2 * vertex], self.winners[2 * vertex + 1]];
        let of = |lane: u32| self.candidates.get(lane as usize).and_then(Option::as_ref);
        match (of(a), of(b)) {
            (Some(of_a), Some(of_b)) if of_b.compare(of_a).is_gt() => b,
            (None, Some(_)) => b,
            _ => a,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bracket, Choice};
    use crate::rank::frontier::queue::Entry;
    use crate::rng::Rng;

    #[test]
    fn the_best_is_known_whatever_changes() {
        let mut rng = Rng::for_key(3, &[]);
        let mut bracket = Bracket::default();
        let mut scores: Vec<Option<f64>> = Vec::new();
        for round in 0..3000 {
            let mut changed = Vec::new();
            if round % 40 == 0 {
                changed.push(scores.len() as u32);
                scores.push(None);
                bracket.push();
            }
            for _ in 0..rng.below(4) {
                let lane = rng.below(scores.len() as u64) as u32;
                if !changed.contains(&lane) {
                    changed.push(lane);
                }
            }
            for &lane in &changed {
                let score = (rng.below(4) > 0).then(|| rng.below(50) as f64);
                scores[lane as usize] = score;
                let choice = |score| Choice {
                    lane,
                    queue: 0,
                    entry: Entry::new(score, lane.into(), lane),
                    score,
                };
                bracket.set(lane, score.map(choice));
            }
            bracket.update(&changed);
            let lanes = scores
                .iter()
                .enumerate()
                .filter_map(|(lane, score)| Some((*score, lane)).filter(|it| it.0.is_some()));
            let best = lanes.max_by(|a, b| a.0.partial_cmp(&b.0).unwrap().then(b.1.cmp(&a.1)));
            let found = bracket.best().map(|choice| (Some(choice.score), choice.lane as usize));
            assert_eq!(found, best, "round {round}");
        }
    }
}
