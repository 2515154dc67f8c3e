//! The few numbers that a world is made from.

use super::random::Random;

/// What a world may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// Constraints, secrets and soft constraints.
    Constraints,
    /// Affinities of jobs, groups and tasks.
    Affinities,
    /// Spreads, with and without targets.
    Spreads,
    /// `distinct_hosts` and `distinct_property`.
    Distinct,
    /// Networks of groups and of tasks, with ports and bandwidth.
    Networks,
    /// Devices of several models.
    Devices,
    /// Reserved cores.
    Cores,
    /// Host volumes, fixed and dynamic.
    Volumes,
    /// What nodes keep for themselves.
    Reserved,
    /// Nodes that take only so many allocations.
    MaxAllocations,
    /// Nodes that are down, drain, or are of another pool.
    NotReady,
    /// Allocations that are there already.
    Allocations,
    /// Allocations of the first job that are there already.
    OwnAllocations,
    /// Nodes with more on them than they have.
    Overcommit,
    /// Evictions for jobs of every type.
    Preemption,
    /// Jobs that are placed whole or not at all.
    AllAtOnce,
    /// Jobs of the types system and sysbatch.
    SystemJobs,
}

impl Feature {
    /// How many there are.
    pub const COUNT: u32 = Feature::SystemJobs as u32 + 1;
}

/// What a world is made from. Less of anything makes a simpler world with the rest unchanged, as far as
/// that goes, so that failures shrink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// What is drawn from.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: usize,
    /// How many jobs there are.
    pub jobs: usize,
    /// The most groups a job has.
    pub groups: usize,
    /// A bit for each [`Feature`].
    pub features: u32,
}

impl Recipe {
    /// A recipe of a seed alone, with any of the features.
    pub fn from_seed(seed: u64) -> Recipe {
        let mut random = Random::new(seed, 0);
        Recipe {
            seed,
            nodes: random.pick(&[0, 1, 2, 3, 4, 5, 7, 9, 12, 16, 20, 24]),
            jobs: 1 + random.below(3),
            groups: 1 + random.below(3),
            // Every feature is in half of the worlds, and all of them are in some.
            features: if random.percent(10) { u32::MAX } else { random.next() as u32 },
        }
    }

    /// Whether the world has a feature.
    pub fn has(&self, feature: Feature) -> bool {
        self.features & (1 << feature as u32) != 0
    }

    /// The same world with a feature.
    pub fn with(mut self, feature: Feature) -> Recipe {
        self.features |= 1 << feature as u32;
        self
    }

    /// The same world without a feature.
    pub fn without(mut self, feature: Feature) -> Recipe {
        self.features &= !(1 << feature as u32);
        self
    }
}
