//! Spread: towards values of an attribute that have fewer of a group's allocations than they should
//! (docs/placement.md, section 3.6).

use std::sync::Arc;

use indexmap::IndexMap;

use crate::feasibility::column::{Column, NO_VALUE, Symbol};
use crate::feasibility::target::{facts_of, resolve};
use crate::feasibility::view::NodeView;
use crate::model::Job;
use crate::model::TaskGroup;
use crate::model::constraint;
use crate::rank::value_counts::ValueCounts;
use crate::state::fast_map::FastMap;
use crate::state::node::NodeRecord;
use crate::state::slots::NodeSlot;
use crate::syntax::target::Target;

/// The value that stands for all values not listed.
const OTHERS: &str = "*";

/// The score of a node whose value should have nothing, or that has no value.
const LOWEST: f64 = -1.0;

/// How many allocations each value of an attribute has.
pub(crate) type UsedByValue = IndexMap<Arc<str>, u32>;

/// One spread of a group.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    pub(crate) target: Target,
    /// The share of this spread's weight in the sum of all.
    weight: f64,
    /// How many allocations each listed value should have, the others included where they should have
    /// any; empty for an even spread.
    desired: Vec<(Arc<str>, f64)>,
}

impl Spread {
    /// The spreads of a job and a group, of which `count` allocations are wanted.
    pub(crate) fn of(job: &Job, group: &TaskGroup) -> Vec<Spread> {
        if job.spreads.is_empty() && group.spreads.is_empty() {
            return Vec::new();
        }
        let spreads = || job.spec().spreads.iter().chain(&group.spreads);
        let weight_sum: f64 = spreads().map(|spread| spread.weight() as f64).sum();
        let count = f64::from(group.count());
        spreads().map(|spread| Spread::new(spread, count, weight_sum)).collect()
    }

    fn new(spread: &constraint::Spread, count: f64, weight_sum: f64) -> Spread {
        let wanted = |target: &constraint::SpreadTarget| {
            (Arc::from(target.value.as_str()), target.percent as f64 / 100.0 * count)
        };
        let mut desired: Vec<(Arc<str>, f64)> = spread.spread_target.iter().map(wanted).collect();
        let sum: f64 = desired.iter().map(|(_, desired)| desired).sum();
        let lists_others = desired.iter().any(|(value, _)| &**value == OTHERS);
        // The sum is compared without tolerance, as the original does: what is left over may be as
        // little as a rounding error.
        if sum > 0.0 && sum < count && !lists_others {
            desired.push((OTHERS.into(), count - sum));
        }
        Spread {
            target: Target::right(&spread.attribute),
            weight: spread.weight() as f64 / weight_sum,
            desired,
        }
    }

    /// The value that a node's allocations count under.
    pub(crate) fn value<'a>(&'a self, node: &'a NodeRecord) -> Option<&'a str> {
        resolve(&self.target, NodeView::alone(node, facts_of(&self.target)))
    }

    /// The score of nodes with this value, given how many allocations each value has.
    pub(crate) fn score(&self, value: Option<&str>, used: &UsedByValue) -> f64 {
        let Some(value) = value else { return LOWEST };
        if self.is_even() {
            let (Some(&min), Some(&max)) = (used.values().min(), used.values().max()) else {
                return 0.0;
            };
            return even_score(used.get(value).copied().unwrap_or(0), min, max);
        }
        let mut used_by_bucket = vec![0; self.desired.len()];
        for (value, used) in used {
            if let Some(bucket) = self.bucket(value) {
                used_by_bucket[bucket] += used;
            }
        }
        self.score_of_bucket(self.bucket(value), &used_by_bucket)
    }

    /// Whether all values should have as many.
    fn is_even(&self) -> bool {
        self.desired.is_empty()
    }

    /// Which of the listed values a value counts under: its own, or that of the others.
    fn bucket(&self, value: &str) -> Option<usize> {
        self.position(value).or_else(|| self.position(OTHERS))
    }

    /// Where a value stands among those listed.
    fn position(&self, value: &str) -> Option<usize> {
        self.desired.iter().position(|(it, _)| **it == *value)
    }

    fn score_of_bucket(&self, bucket: Option<usize>, used: &[u32]) -> f64 {
        match bucket {
            None => LOWEST,
            Some(at) if self.desired[at].1 == 0.0 => {
                let wanted = (0..self.desired.len()).filter(|&at| self.desired[at].1 != 0.0);
                wanted.map(|at| self.boost(at, used[at])).fold(LOWEST, f64::min)
            }
            Some(at) => self.boost(at, used[at]),
        }
    }

    /// By how much a listed value would still be short of what it should have.
    fn boost(&self, at: usize, used: u32) -> f64 {
        let desired = self.desired[at].1;
        let with_this = f64::from(used) + 1.0;
        (desired - with_this) / desired * self.weight
    }
}

/// What the values of one spread count under: of an even spread the symbol of the value, or
/// [`RARE`](crate::rank::frontier::partition::RARE) for all that have nothing and share lanes; else the place of a listed value, or [`NO_BUCKET`].
pub(crate) type Bucket = u32;

/// What values count under that should have nothing, or that there is none of.
const NO_BUCKET: Bucket = u32::MAX;

/// The allocations of a spread counted by bucket, so that a score costs no look at texts.
#[derive(Debug)]
pub(crate) struct SpreadCounter<'a> {
    spread: &'a Spread,
    /// The buckets of the listed values that any node has.
    listed: FastMap<Symbol, Bucket>,
    /// The bucket of all other values.
    others: Bucket,
    used: ValueCounts,
    /// The fewest and the most that any value has that has any, of an even spread.
    range: Option<(u32, u32)>,
    /// How many values have so many, of an even spread.
    values_with: Vec<u32>,
    /// Whether there are values that should have nothing, whose score depends on all the others.
    has_unwanted: bool,
}

impl<'a> SpreadCounter<'a> {
    /// No allocations yet, of the values in a column. `used` is memory to count in.
    pub(crate) fn new(
        spread: &'a Spread,
        column: &Column,
        mut used: ValueCounts,
    ) -> SpreadCounter<'a> {
        let mut listed = FastMap::default();
        // Of values that are listed twice the first one counts.
        for (at, (value, _)) in spread.desired.iter().enumerate() {
            if let Some(symbol) = column.find(value) {
                listed.entry(symbol).or_insert(at as Bucket);
            }
        }
        used.begin(match spread.is_even() {
            true => column.values().len() + 1,
            false => spread.desired.len(),
        });
        SpreadCounter {
            spread,
            listed,
            others: spread.position(OTHERS).map_or(NO_BUCKET, |at| at as Bucket),
            used,
            range: None,
            values_with: Vec::new(),
            has_unwanted: spread.desired.iter().any(|(_, desired)| *desired == 0.0),
        }
    }

    /// The memory that was counted in.
    pub(crate) fn into_counts(self) -> ValueCounts {
        self.used
    }

    /// What a value counts under.
    pub(crate) fn bucket(&self, symbol: Symbol) -> Bucket {
        match self.spread.is_even() {
            true => symbol,
            false if symbol == NO_VALUE => NO_BUCKET,
            false => self.listed.get(&symbol).copied().unwrap_or(self.others),
        }
    }

    /// The values that do not count under the same as all that have nothing and are not listed.
    pub(crate) fn values_apart(&self) -> impl Iterator<Item = Symbol> {
        let used = if self.spread.is_even() { self.used.used() } else { &[] };
        used.iter().chain(self.listed.keys()).copied()
    }

    /// How many allocations count under this.
    pub(crate) fn used(&self, bucket: Bucket) -> u32 {
        self.used.get(bucket)
    }

    /// Counts allocations that are there already, by their nodes. [`SpreadCounter::find_range`] has to follow.
    pub(crate) fn count_all(&mut self, column: &Column, nodes: &[NodeSlot]) {
        let symbols = column.symbols(nodes.iter().copied());
        if self.spread.is_even() {
            return self.used.add_all(symbols.filter(|symbol| *symbol != NO_VALUE));
        }
        for symbol in symbols {
            let bucket = self.bucket(symbol);
            if bucket != NO_BUCKET {
                self.used.add(bucket);
            }
        }
    }

    /// Finds the fewest and the most of what was counted.
    pub(crate) fn find_range(&mut self) {
        if !self.spread.is_even() {
            return;
        }
        for value in self.used.used() {
            let used = self.used.get(*value);
            if self.values_with.len() <= used as usize {
                self.values_with.resize(used as usize + 1, 0);
            }
            self.values_with[used as usize] += 1;
            let (min, max) = self.range.unwrap_or((used, used));
            self.range = Some((min.min(used), max.max(used)));
        }
    }

    /// Whether allocations are counted under this at all.
    fn counts(&self, bucket: Bucket) -> bool {
        bucket != NO_BUCKET && !(self.spread.is_even() && bucket == NO_VALUE)
    }

    /// Counts an allocation. True if that changes the scores of other buckets.
    pub(crate) fn add(&mut self, bucket: Bucket) -> bool {
        if !self.counts(bucket) {
            return false;
        }
        let after = self.used.add(bucket);
        if !self.spread.is_even() {
            return self.has_unwanted;
        }
        let range = self.range_after(after);
        self.range.replace(range) != Some(range)
    }

    /// The fewest and the most, once a value has `after`, which is one more than before.
    fn range_after(&mut self, after: u32) -> (u32, u32) {
        if self.values_with.len() <= after as usize {
            self.values_with.resize(after as usize + 1, 0);
        }
        self.values_with[after as usize] += 1;
        if after > 1 {
            self.values_with[after as usize - 1] -= 1;
        }
        let Some((mut min, max)) = self.range else { return (after, after) };
        min = min.min(after);
        // Only if it was the last one of the fewest are these more now.
        while self.values_with[min as usize] == 0 {
            min += 1;
        }
        (min, max.max(after))
    }

    /// Whether only values that are the same count as the same.
    pub(crate) fn tells_all_apart(&self) -> bool {
        self.spread.is_even()
    }

    /// The score of nodes whose value counts under this.
    pub(crate) fn score(&self, bucket: Bucket) -> f64 {
        if !self.spread.is_even() {
            let at = (bucket != NO_BUCKET).then_some(bucket as usize);
            return self.spread.score_of_bucket(at, self.used.first(self.spread.desired.len()));
        }
        match self.range {
            _ if bucket == NO_VALUE => LOWEST,
            None => 0.0,
            Some((min, max)) => even_score(self.used.get(bucket), min, max),
        }
    }
}

/// The score of a value that has `current` allocations where all should have as many, and those that
/// have any have from `min` to `max`.
fn even_score(current: u32, min: u32, max: u32) -> f64 {
    let [current, min, max] = [current, min, max].map(f64::from);
    if current != min {
        if min == 0.0 { LOWEST } else { (min - current) / min }
    } else if min == max {
        LOWEST
    } else if min == 0.0 {
        1.0
    } else {
        (max - min) / min
    }
}

/// The sum over the spreads of a group, given each one's score; `None` where it does not count.
pub(crate) fn total(scores: impl Iterator<Item = f64>) -> Option<f64> {
    let sum: f64 = scores.sum();
    (sum != 0.0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::{LOWEST, Spread, UsedByValue, constraint, total};

    fn spread(weight: i64, sum: f64, count: f64, targets: &[(&str, i64)]) -> Spread {
        let target = |&(value, percent): &(&str, i64)| constraint::SpreadTarget {
            value: value.into(),
            percent,
            ..Default::default()
        };
        let spread = constraint::Spread {
            attribute: "${node.datacenter}".into(),
            weight: Some(weight),
            spread_target: targets.iter().map(target).collect(),
            ..Default::default()
        };
        Spread::new(&spread, count, sum)
    }

    fn used(counts: &[(&str, u32)]) -> UsedByValue {
        counts.iter().map(|&(value, used)| (value.into(), used)).collect()
    }

    fn assert_near(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 5e-4, "{actual} is not {expected}");
    }

    #[test]
    fn rows_22_and_23_a_listed_value_and_the_others() {
        let spread = spread(100, 100.0, 10.0, &[("dc1", 80)]);
        let two = used(&[("dc1", 2)]);
        assert_near(spread.score(Some("dc1"), &two), 0.625);
        assert_near(spread.score(Some("dc2"), &two), 0.5);
        let seven = used(&[("dc1", 7)]);
        assert_near(spread.score(Some("dc1"), &seven), 0.0);
        assert_near(spread.score(Some("dc2"), &seven), 0.5);
    }

    #[test]
    fn row_24_two_spreads_share_by_weight() {
        let by_dc = spread(100, 150.0, 10.0, &[("dc1", 60), ("dc2", 40)]);
        let by_rack = spread(50, 150.0, 10.0, &[("r1", 40), ("r2", 60)]);
        let (in_dc, in_rack) = (used(&[("dc1", 2)]), used(&[("r1", 1), ("r2", 1)]));
        for (dc, rack, expected) in [("dc1", "r1", 0.5), ("dc2", "r1", 0.667), ("dc1", "r2", 0.556)]
        {
            let scores = [by_dc.score(Some(dc), &in_dc), by_rack.score(Some(rack), &in_rack)];
            assert_near(total(scores.into_iter()).unwrap(), expected);
        }
    }

    #[test]
    fn rows_25_and_26_values_that_should_have_nothing() {
        let none = UsedByValue::new();
        let halves = spread(100, 100.0, 8.0, &[("dc1", 50), ("dc2", 50), ("*", 0)]);
        assert_eq!(
            ["dc1", "dc2", "dc3"].map(|dc| halves.score(Some(dc), &none)),
            [0.75, 0.75, -1.0]
        );
        let uneven = spread(100, 100.0, 8.0, &[("dc1", 99), ("dc2", 1), ("*", 0)]);
        assert_near(uneven.score(Some("dc1"), &none), 0.873737);
        assert_near(uneven.score(Some("dc2"), &none), -11.5);
        assert_near(uneven.score(Some("dc3"), &none), -11.5);
    }

    #[test]
    fn row_27_a_value_beyond_all_shares() {
        let full = spread(100, 100.0, 10.0, &[("dc1", 60), ("dc2", 40)]);
        assert_eq!(full.score(Some("dc3"), &UsedByValue::new()), LOWEST);
        assert_eq!(full.score(None, &UsedByValue::new()), LOWEST);
    }

    #[test]
    fn row_28_an_even_spread() {
        let even = spread(100, 100.0, 10.0, &[]);
        let scores = |counts: &[(&str, u32)]| {
            ["dc1", "dc2", "dc3"].map(|value| even.score(Some(value), &used(counts)))
        };
        assert_eq!(scores(&[]), [0.0, 0.0, 0.0]);
        assert_eq!(scores(&[("dc1", 2)])[..2], [-1.0, 1.0]);
        assert_eq!(scores(&[("dc1", 2), ("dc2", 3)])[..2], [0.5, -0.5]);
        assert_eq!(scores(&[("dc1", 3), ("dc2", 3)]), [-1.0, -1.0, 1.0]);
        assert_eq!(scores(&[("dc1", 0), ("dc2", 3)])[..2], [1.0, -1.0]);
    }

    #[test]
    fn a_rounding_error_is_a_remainder() {
        let spread = spread(100, 100.0, 6.0, &[("dc1", 70), ("dc2", 30)]);
        assert!(spread.score(Some("dc3"), &UsedByValue::new()) < -1e14);
    }
}
