//! What tests share: worlds made from seeds, and audits that know nothing of the crate's insides.

#![allow(dead_code, unreachable_pub)]
#![allow(clippy::panic, clippy::unwrap_used)]

pub mod allocations;
pub mod audit;
pub mod check;
pub mod devices;
pub mod jobs;
pub mod nodes;
pub mod random;
pub mod world;

/// What a world may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    Constraints,
    Affinities,
    Spreads,
    Distinct,
    Networks,
    Devices,
    Cores,
    Volumes,
    Reserved,
    MaxAllocations,
    NotReady,
    Allocations,
    OwnAllocations,
    Overcommit,
    Preemption,
    AllAtOnce,
    SystemJobs,
}

impl Feature {
    pub const COUNT: u32 = Feature::SystemJobs as u32 + 1;
}
