//! Scores of nodes: what each scorer gave, and their mean (docs/placement.md, sections 3.1 and 8).

use super::codec::{Flaw, Reader, Saved, Writer};
use super::slots::NodeSlot;
use crate::model::metrics::NodeScoreMeta;

/// A scorer, in the order in which the scores are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scorer {
    Binpack,
    Devices,
    JobAntiAffinity,
    ReschedulePenalty,
    NodeAffinity,
    Spread,
    Preemption,
}

impl Scorer {
    pub(crate) const ALL: [Scorer; 7] = [
        Scorer::Binpack,
        Scorer::Devices,
        Scorer::JobAntiAffinity,
        Scorer::ReschedulePenalty,
        Scorer::NodeAffinity,
        Scorer::Spread,
        Scorer::Preemption,
    ];

    /// The name in the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scorer::Binpack => "binpack",
            Scorer::Devices => "devices",
            Scorer::JobAntiAffinity => "job-anti-affinity",
            Scorer::ReschedulePenalty => "node-reschedule-penalty",
            Scorer::NodeAffinity => "node-affinity",
            Scorer::Spread => "allocation-spread",
            Scorer::Preemption => "preemption",
        }
    }

    /// Whether the metrics show it as 0 when it is not active.
    fn shows_zero(self) -> bool {
        matches!(self, Scorer::JobAntiAffinity | Scorer::ReschedulePenalty | Scorer::NodeAffinity)
    }
}

/// What the scorers gave one node. Only active scorers count in the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Scores {
    values: [f64; 7],
    /// A bit for each active scorer, and [`OF_SYSTEM`].
    active: u8,
}

/// The bit that no scorer has: the scores are of a system job, whose nodes are ranked without the
/// scorers that show a zero.
const OF_SYSTEM: u8 = 1 << Scorer::ALL.len();

impl Scores {
    /// No scores yet, of a system job.
    pub(crate) fn of_system() -> Scores {
        Scores { active: OF_SYSTEM, ..Scores::default() }
    }

    /// The scores that the metrics of a node show. Of those that are shown as 0 as many are active as the
    /// mean tells.
    pub(crate) fn of_metrics(shown: &NodeScoreMeta) -> Scores {
        let value = |scorer: Scorer| shown.scores.get(scorer.name()).copied();
        let is_of_system = Scorer::ALL.into_iter().any(|it| it.shows_zero() && value(it).is_none());
        let mut scores = if is_of_system { Scores::of_system() } else { Scores::default() };
        let of = Scorer::ALL.into_iter().filter_map(|scorer| Some((scorer, value(scorer)?)));
        let (zeros, others): (Vec<_>, Vec<_>) =
            of.partition(|(scorer, value)| scorer.shows_zero() && *value == 0.0);
        others.into_iter().for_each(|(scorer, value)| scores.set(scorer, value));
        for (scorer, value) in zeros {
            if scores.mean().to_bits() == shown.norm_score.to_bits() {
                break;
            }
            scores.set(scorer, value);
        }
        scores
    }

    /// The fit score, and no others yet.
    pub(crate) fn of_fit(fit: f64) -> Scores {
        let mut scores = Scores::default();
        scores.set(Scorer::Binpack, fit);
        scores
    }

    pub(crate) fn set(&mut self, scorer: Scorer, value: f64) {
        self.values[scorer as usize] = value;
        self.active |= 1 << scorer as u8;
    }

    fn is_active(&self, scorer: Scorer) -> bool {
        self.active & (1 << scorer as u8) != 0
    }

    /// How many scorers are active.
    pub(crate) fn count(&self) -> u32 {
        (self.active & !OF_SYSTEM).count_ones()
    }

    /// The sum of what belongs to the node itself: everything but spread and preemption.
    pub(crate) fn local(&self) -> f64 {
        // Inactive scorers are zeros, and adding a zero changes no bit of a sum.
        self.values[0] + self.values[1] + self.values[2] + self.values[3] + self.values[4]
    }

    /// The mean of the active scorers.
    pub(crate) fn mean(&self) -> f64 {
        mean(self.local(), self.values[5], self.values[6], self.count())
    }

    fn shows_zero(&self, scorer: Scorer) -> bool {
        scorer.shows_zero() && self.active & OF_SYSTEM == 0
    }

    /// By name, as the metrics show them.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, f64)> {
        Scorer::ALL
            .into_iter()
            .filter(|&scorer| self.is_active(scorer) || self.shows_zero(scorer))
            .map(|scorer| (scorer.name(), self.values[scorer as usize]))
    }
}

/// The mean of `count` scores whose sum comes in three parts, added in this order everywhere, so that
/// whoever computes it gets the same bits.
pub(crate) fn mean(local: f64, spread: f64, preemption: f64, count: u32) -> f64 {
    (local + spread + preemption) / f64::from(count.max(1))
}

/// The scores that the placements of a batch keep for their metrics, and which of them each placement
/// shows. Consecutive placements share all nodes that did not change between them.
///
/// One list of words holds both, since most batches are short. Of a node: its slot, which scorers were
/// active, and two words for each of their scores. Of a placement: how many nodes it shows, and the
/// place of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScoreLog {
    words: Vec<u32>,
}

/// The words as they are.
impl Saved for ScoreLog {
    fn save(&self, out: &mut Writer) {
        let ScoreLog { words } = self;
        out.number(words.len() as u64);
        words.iter().for_each(|word| out.raw(&word.to_le_bytes()));
    }

    fn load(input: &mut Reader<'_>) -> Result<ScoreLog, Flaw> {
        let bytes = input.length()?.checked_mul(4).ok_or(Flaw::Short)?;
        let words = input.raw(bytes)?.as_chunks::<4>().0;
        Ok(ScoreLog { words: words.iter().map(|word| u32::from_le_bytes(*word)).collect() })
    }
}

impl ScoreLog {
    /// Adds a node's scores and gives their place.
    pub(crate) fn push(&mut self, node: NodeSlot, scores: &Scores) -> u32 {
        let place = self.words.len() as u32;
        self.words.push(node.0);
        self.words.push(u32::from(scores.active));
        let mut active = scores.active & !OF_SYSTEM;
        while active != 0 {
            let bits = scores.values[active.trailing_zeros() as usize].to_bits();
            self.words.push(bits as u32);
            self.words.push((bits >> 32) as u32);
            active &= active - 1;
        }
        place
    }

    /// The node and the scores at a place.
    pub(crate) fn get(&self, place: u32) -> Option<(NodeSlot, Scores)> {
        let (head, values) = self.words.get(place as usize..)?.split_first_chunk::<2>()?;
        let mut values = values.as_chunks::<2>().0.iter();
        let of_system = head[1] as u8 & OF_SYSTEM;
        let mut scores = Scores { active: of_system, ..Scores::default() };
        for scorer in Scorer::ALL {
            if head[1] & (1 << scorer as u32) != 0 {
                let [low, high] = *values.next()?;
                scores.set(scorer, f64::from_bits(u64::from(high) << 32 | u64::from(low)));
            }
        }
        Some((NodeSlot(head[0]), scores))
    }

    /// Adds the places of the nodes that a placement shows, and gives the place of that.
    pub(crate) fn push_best(&mut self, best: &[u32]) -> u32 {
        let place = self.words.len() as u32;
        self.words.push(best.len() as u32);
        self.words.extend_from_slice(best);
        place
    }

    /// The places of the nodes that a placement shows.
    pub(crate) fn best(&self, place: u32) -> Option<&[u32]> {
        let (&count, places) = self.words.get(place as usize..)?.split_first()?;
        places.get(..count as usize)
    }

    /// Empties it, so that as much of its memory is left as `empty` leaves.
    pub(crate) fn empty(&mut self, empty: impl FnOnce(&mut Vec<u32>)) {
        empty(&mut self.words);
    }

    /// A copy that takes no more memory than it needs.
    pub(crate) fn exact(&self) -> ScoreLog {
        ScoreLog { words: self.words.as_slice().to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::{NodeSlot, ScoreLog, Scorer, Scores};

    #[test]
    fn rows_11_to_13_the_mean_counts_active_scorers_only() {
        let mut scores = Scores::default();
        scores.set(Scorer::JobAntiAffinity, -0.75);
        scores.set(Scorer::ReschedulePenalty, -1.0);
        assert_eq!(scores.mean(), -0.875);
        let mut scores = Scores::default();
        scores.set(Scorer::Binpack, 0.759747);
        scores.set(Scorer::JobAntiAffinity, -0.75);
        assert!((scores.mean() - 0.0048735).abs() < 1e-12);
    }

    #[test]
    fn an_active_zero_counts_and_an_inactive_one_is_only_shown() {
        let mut scores = Scores::default();
        scores.set(Scorer::Binpack, 0.5);
        assert_eq!(scores.mean(), 0.5);
        let shown: Vec<_> = scores.named().collect();
        let names = ["binpack", "job-anti-affinity", "node-reschedule-penalty", "node-affinity"];
        assert!(shown.iter().map(|(name, _)| *name).eq(names));
        scores.set(Scorer::NodeAffinity, 0.0);
        assert_eq!(scores.mean(), 0.25);
    }

    #[test]
    fn scores_of_a_system_job_show_nothing_that_is_not_active() {
        let mut scores = Scores::of_system();
        scores.set(Scorer::Binpack, 0.5);
        assert_eq!((scores.mean(), scores.count()), (0.5, 1));
        let mut log = ScoreLog::default();
        let entry = log.push(NodeSlot(1), &scores);
        let (_, logged) = log.get(entry).unwrap_or((NodeSlot(1), Scores::default()));
        assert!(logged.named().eq([("binpack", 0.5)]));
    }

    #[test]
    fn a_log_gives_back_what_was_put_in() {
        let mut log = ScoreLog::default();
        let mut scores = Scores::default();
        scores.set(Scorer::Binpack, 0.25);
        scores.set(Scorer::Spread, -1.5);
        let first = log.push(NodeSlot(7), &scores);
        scores.set(Scorer::Preemption, 0.99);
        let second = log.push(NodeSlot(8), &scores);
        assert_eq!(log.get(second), Some((NodeSlot(8), scores)));
        assert_eq!(
            log.get(first).map(|(node, scores)| (node, scores.count())),
            Some((NodeSlot(7), 2))
        );
        let best = log.push_best(&[second, first]);
        assert_eq!(log.exact().best(best), Some([second, first].as_slice()));
        assert!(log.get(best + 3).is_none() && log.best(best + 3).is_none());
    }
}
