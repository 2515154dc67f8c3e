//! How a node is chosen: the options that `place` and `explain` have in common.

use clap::{Args, ValueEnum};
use stowplan::{Algorithm, PlaceOptions, Preemption};

use crate::flags::whole_number;

/// How a node is chosen.
#[derive(Args)]
pub(crate) struct Choice {
    /// Which nodes to prefer: the fullest that will do, or the emptiest
    #[arg(long, value_enum, default_value_t = AlgorithmName::Binpack)]
    algorithm: AlgorithmName,

    /// Evict allocations of jobs of lower priority (by at least 10) where nothing else helps; without
    /// it nothing is evicted, for jobs of no type
    #[arg(long)]
    preempt: bool,

    /// Let tasks use more memory than they ask for, where they say so (`MemoryMaxMB`)
    #[arg(long)]
    memory_oversubscription: bool,

    /// Orders equal nodes, and chooses ports and identities; the same seed gives the same answer
    #[arg(
        long, value_name = "N", default_value_t = 0, allow_negative_numbers = true,
        value_parser = whole_number::<u64>(0, u64::MAX)
    )]
    pub(crate) seed: u64,
}

/// The names of the algorithms.
#[derive(Clone, Copy, ValueEnum)]
enum AlgorithmName {
    /// The fullest node that will do
    Binpack,
    /// The emptiest node
    Spread,
}

impl Choice {
    /// The options of the library.
    pub(crate) fn options(&self) -> PlaceOptions {
        let algorithm = match self.algorithm {
            AlgorithmName::Binpack => Algorithm::Binpack,
            AlgorithmName::Spread => Algorithm::Spread,
        };
        let preemption = if self.preempt { Preemption::all() } else { Preemption::none() };
        PlaceOptions::default()
            .algorithm(algorithm)
            .preemption(preemption)
            .memory_oversubscription(self.memory_oversubscription)
            .seed(self.seed)
    }
}
