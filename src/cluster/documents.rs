//! What placing gave as JSON, in the shapes of the API.

use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::failed::FailedGroup;
use super::placement::{PlacedAllocation, Placement};
use crate::model::Allocation;

/// `Allocations`, `FailedTGAllocs` (metrics by group, as an evaluation has them) and `FailedAllocations`
/// (one for each group, as the first API has them).
impl Serialize for Placement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let allocations: Vec<PlacedAllocation<'_>> = self.allocations().collect();
        let failed: IndexMap<&str, &FailedGroup> =
            self.failed().iter().map(|group| (group.name(), group)).collect();
        let failed_allocations: Vec<Allocation> =
            self.failed().iter().filter_map(FailedGroup::to_allocation).collect();
        let mut document = serializer.serialize_struct("Placement", 3)?;
        document.serialize_field("Allocations", &allocations)?;
        document.serialize_field("FailedTGAllocs", &failed)?;
        document.serialize_field("FailedAllocations", &failed_allocations)?;
        document.end()
    }
}

/// The allocation as the API has it.
impl Serialize for PlacedAllocation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_allocation().serialize(serializer)
    }
}

/// Its metrics, as they stand in an evaluation's `FailedTGAllocs`.
impl Serialize for FailedGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.metrics().serialize(serializer)
    }
}
