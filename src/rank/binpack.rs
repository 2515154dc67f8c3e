//! The fit score: how full (binpack) or how empty (spread) a node's CPU and memory would be
//! (docs/placement.md, section 3.4).
//!
//! The score is made of `10^(free share)` of CPU and of memory after the placement. With
//! `10^(1 - (used + ask)/capacity) = 10^(1 - used/capacity) * 10^(-ask/capacity)` it factors into a
//! part of the node, which the state keeps, and a part of the ask and the node's size. One node then
//! costs two multiplications, and it is this product that is the score everywhere, so that whoever
//! computes it gets the same bits.

use crate::state::usage::{Amounts, factor};

/// The highest raw score; the score proper is a share of it.
const MAX_RAW: f64 = 18.0;

/// Which nodes the fit score prefers.
///
/// ```
/// use stowplan::model::{Job, Node};
/// use stowplan::{Algorithm, Cluster, PlaceOptions};
///
/// # let node = |id| Node::builder(id).cpu_shares(1_000).memory_mb(1_024).driver("docker").build();
/// # let job = |id| {
/// #     Job::builder(id)
/// #         .group("all", 1, |g| g.task("nginx", "docker", |t| t.cpu_shares(100).memory_mb(64)))
/// #         .build()
/// # };
/// let mut cluster = Cluster::new([node("n1")?, node("n2")?])?;
/// let spread = PlaceOptions::default().algorithm(Algorithm::Spread);
/// cluster.place(&job("web")?, &spread);
/// cluster.place(&job("shop")?, &spread);
/// assert!(cluster.usage().all(|usage| usage.allocations() == 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Full ones, so that others stay empty.
    #[default]
    Binpack,
    /// Empty ones, so that all are filled alike.
    Spread,
}

/// The ask's part of the score on nodes of one size: CPU, then memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AskFactors(f64, f64);

impl AskFactors {
    pub(crate) fn new(ask: Amounts, capacity: Amounts) -> AskFactors {
        AskFactors(
            factor(-ask.cpu_mhz, capacity.cpu_mhz),
            factor(-ask.memory_mb, capacity.memory_mb),
        )
    }

    /// The part of CPU and that of memory.
    pub(crate) fn parts(self) -> (f64, f64) {
        (self.0, self.1)
    }

    /// Of the part of CPU and that of memory.
    pub(crate) fn of_parts(cpu: f64, memory: f64) -> AskFactors {
        AskFactors(cpu, memory)
    }

    /// The score on a node, from 0 to 1.
    pub(crate) fn score(self, algorithm: Algorithm, cpu_factor: f64, memory_factor: f64) -> f64 {
        let free = cpu_factor * self.0 + memory_factor * self.1;
        let raw = match algorithm {
            Algorithm::Binpack => 20.0 - free,
            Algorithm::Spread => free - 2.0,
        };
        raw.clamp(0.0, MAX_RAW) / MAX_RAW
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Amounts, AskFactors, MAX_RAW, factor};

    /// The raw score of an ask on a node with some of its capacity used.
    fn raw(algorithm: Algorithm, capacity: [i64; 2], used: [i64; 2], ask: [i64; 2]) -> f64 {
        let amounts = |of: [i64; 2]| Amounts { cpu_mhz: of[0], memory_mb: of[1], disk_mb: 0 };
        let node = |at: usize| factor(capacity[at] - used[at], capacity[at]);
        let factors = AskFactors::new(amounts(ask), amounts(capacity));
        factors.score(algorithm, node(0), node(1)) * MAX_RAW
    }

    fn check(capacity: [i64; 2], used: [i64; 2], binpack: f64, spread: f64) {
        for part in [0, 1, 3] {
            // However the use splits into what was there and what is asked, the score is the same.
            let before = used.map(|amount| amount * part / 3);
            let ask = [used[0] - before[0], used[1] - before[1]];
            let of = |algorithm| raw(algorithm, capacity, before, ask);
            assert!((of(Algorithm::Binpack) - binpack).abs() < 5e-7, "{capacity:?} {used:?}");
            assert!((of(Algorithm::Spread) - spread).abs() < 5e-7, "{capacity:?} {used:?}");
        }
    }

    #[test]
    fn rows_1_to_4_full_empty_half_and_reserved() {
        check([2048, 4096], [2048, 4096], 18.0, 0.0);
        check([2048, 4096], [0, 0], 0.0, 18.0);
        check([2048, 4096], [1024, 2048], 13.675445, 4.324555);
        check([3072, 3072], [1024, 1024], 10.716822, 7.283178);
    }

    #[test]
    fn row_5_the_smallest_hole_ranks_first() {
        let score = |capacity| raw(Algorithm::Binpack, [capacity; 2], [0, 0], [1000, 1000]) / 18.0;
        let scores = [1100, 1200, 1500].map(score);
        for (score, expected) in scores.into_iter().zip([0.974128, 0.948022, 0.871729]) {
            assert!((score - expected).abs() < 5e-7);
        }
    }

    #[test]
    fn rows_6_to_8_uneven_large_and_overfull() {
        check([1000, 1000], [250, 750], 12.598307, 5.401693);
        check([13900, 7936], [500, 256], 1.510749, 16.489251);
        check([1000, 1000], [1500, 1500], 18.0, 0.0);
    }

    #[test]
    fn rows_9_and_10_follow_when_reserved_counts_twice_as_the_first_release_had_it() {
        check([3072, 3072], [1024 + 1024, 1024 + 1024], 15.691131, 18.0 - 15.691131);
        let used = [500 + 100, 256 + 256];
        let raw_score = |before, ask| raw(Algorithm::Binpack, [3900, 7936], before, ask);
        assert!((raw_score([0, 0], used) - 4.363426).abs() < 5e-7);
        let twice = raw_score(used, [500, 256]);
        assert!((twice - 6.774153).abs() < 5e-7);
        assert!((twice - 10.0 - -3.225847).abs() < 5e-7);
    }

    #[test]
    fn a_node_without_capacity_has_nothing_free() {
        assert_eq!(raw(Algorithm::Binpack, [0, 0], [0, 0], [0, 0]), 18.0);
        assert_eq!(raw(Algorithm::Spread, [0, 0], [0, 0], [0, 0]), 0.0);
    }
}
