//! Slots: the numbers under which the state keeps its records.

/// Defines a number for one kind of record, so that kinds cannot be mixed up.
macro_rules! slot {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) u32);

        impl $name {
            /// No record.
            #[allow(dead_code, reason = "not every kind of record may be missing")]
            pub(crate) const NONE: $name = $name(u32::MAX);

            /// The slot for a place in a table. Tables end long before `u32` does.
            pub(crate) fn new(at: usize) -> $name {
                debug_assert!(at < u32::MAX as usize);
                $name(at as u32)
            }

            /// The place in a table.
            pub(crate) fn at(self) -> usize {
                self.0 as usize
            }
        }
    };
}

slot! {
    /// A node.
    NodeSlot
}
slot! {
    /// A job.
    JobSlot
}
slot! {
    /// An allocation.
    AllocationSlot
}
slot! {
    /// The placements of one group by one call.
    RunSlot
}

/// A node that may have left since: its slot, and how many nodes had that before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeRef {
    pub(crate) slot: NodeSlot,
    pub(crate) generation: u32,
}

/// A job that may be gone since, likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct JobRef {
    pub(crate) slot: JobSlot,
    pub(crate) generation: u32,
}
