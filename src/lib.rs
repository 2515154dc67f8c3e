//! stowplan
#![forbid(unsafe_code)]

mod exp10;
mod feasibility;
mod fit;
pub mod model;
mod placement;
mod rank;
mod rng;
mod state;
mod syntax;

pub use feasibility::base::NotCandidate;
pub use placement::cluster::check::BrokenCluster;
pub use placement::cluster::usage::{NodeUsage, Usage};
pub use placement::cluster::{Cluster, ClusterError, Proposal};
pub use placement::explain::{Explanation, NodeVerdict, Shortage, Verdict};
pub use placement::fixes::{Fix, FixAction, FixError};
pub use placement::inventory::{Inventory, InventoryError};
pub use placement::options::{PlaceOptions, Preemption, ScoreDetail, Search};
pub use placement::outcome::{FailedGroup, PlacedAllocation, Placement};
pub use placement::place;
pub use rank::binpack::Algorithm;
pub use state::check::BrokenInvariant;
