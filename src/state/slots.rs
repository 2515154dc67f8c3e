//! Slots: the numbers under which the state keeps its records.

use super::codec::{Flaw, Reader, Saved, Writer, saved};

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
            #[allow(dead_code, reason = "not every kind of record is made by its place")]
            #[inline]
            pub(crate) fn new(at: usize) -> $name {
                debug_assert!(at < u32::MAX as usize);
                $name(at as u32)
            }

            /// The place in a table.
            #[allow(dead_code, reason = "not every kind of record is found by its place")]
            #[inline]
            pub(crate) fn at(self) -> usize {
                self.0 as usize
            }
        }

        /// One more than its number, so that no record takes the fewest bytes.
        impl Saved for $name {
            #[inline]
            fn save(&self, out: &mut Writer) {
                out.number(self.0.wrapping_add(1).into());
            }

            #[inline]
            fn load(input: &mut Reader<'_>) -> Result<$name, Flaw> {
                Ok($name(input.fitting::<u32>()?.wrapping_sub(1)))
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
    BatchSlot
}

/// Defines a reference to a record that may be gone since: its slot, and how many records had that
/// before it.
macro_rules! reference {
    ($(#[$meta:meta])* $name:ident, $slot:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name {
            pub(crate) slot: $slot,
            pub(crate) generation: u32,
        }

        impl $name {
            /// No record.
            #[allow(dead_code, reason = "not every kind of record may be missing")]
            pub(crate) const NONE: $name = $name { slot: $slot::NONE, generation: 0 };
        }

        saved!($name { slot, generation });

        impl Default for $name {
            fn default() -> $name {
                $name::NONE
            }
        }
    };
}

slot! {
    /// An evaluation.
    EvaluationSlot
}
slot! {
    /// A deployment.
    DeploymentSlot
}

reference! {
    /// A node that may have left since.
    NodeRef, NodeSlot
}
reference! {
    /// A job that may be gone since.
    JobRef, JobSlot
}
reference! {
    /// An allocation that may be gone since.
    AllocationRef, AllocationSlot
}
reference! {
    /// An evaluation that may be gone since.
    EvaluationRef, EvaluationSlot
}
reference! {
    /// A deployment that may be gone since.
    DeploymentRef, DeploymentSlot
}
