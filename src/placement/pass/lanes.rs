//! The lanes of a pass: those of its frontier, and those that it makes for nodes with rare values, once
//! its job has something on any of them.
//!
//! A lane is known by what its nodes' values count under: of each spread a bucket, of each
//! `distinct_property` the value. Nodes for which all of this is the same have the same boost and close
//! together.

use crate::state::fast_map::FastMap;

/// What the values of lanes count under.
#[derive(Debug, Default)]
pub(super) struct PassLanes {
    /// How many values a lane has.
    width: usize,
    /// How many lanes the frontier has.
    of_frontier: usize,
    /// How many lanes there are.
    len: usize,
    /// Lane by lane, as many as it has values.
    buckets: Vec<u32>,
    /// The lanes that the frontier does not have.
    made: FastMap<Box<[u32]>, u32>,
}

impl PassLanes {
    /// Makes ready for lanes with so many values.
    pub(super) fn begin(&mut self, width: usize) {
        (self.width, self.of_frontier, self.len) = (width, 0, 0);
        self.buckets.clear();
        self.made.clear();
    }

    /// Adds a lane of the frontier.
    pub(super) fn add_of_frontier(&mut self, buckets: impl Iterator<Item = u32>) {
        self.buckets.extend(buckets);
        self.of_frontier += 1;
        self.len += 1;
    }

    /// How many lanes there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// What the values of a lane count under.
    pub(super) fn buckets(&self, lane: usize) -> &[u32] {
        &self.buckets[lane * self.width..][..self.width]
    }

    /// The lane of nodes of a frontier's lane whose values count under these, and whether it is new.
    pub(super) fn find_or_make(&mut self, of_frontier: usize, buckets: &[u32]) -> (usize, bool) {
        if self.buckets(of_frontier) == buckets {
            return (of_frontier, false);
        }
        if let Some(&lane) = self.made.get(buckets) {
            return (lane as usize, false);
        }
        let lane = self.len;
        self.made.insert(buckets.into(), lane as u32);
        self.buckets.extend_from_slice(buckets);
        self.len += 1;
        (lane, true)
    }
}
