//! CPU, memory, disk and the number of allocations (docs/placement.md, section 7).

use super::exhausted::Exhausted;
use crate::state::usage::Amounts;

/// What of an ask's amounts ran out first, if anything did; an exact fit passes.
pub(crate) fn fits(free: Amounts, ask: Amounts) -> Result<(), Exhausted> {
    if ask.cpu_mhz > free.cpu_mhz {
        Err(Exhausted::Cpu)
    } else if ask.memory_mb > free.memory_mb {
        Err(Exhausted::Memory)
    } else if ask.disk_mb > free.disk_mb {
        Err(Exhausted::Disk)
    } else {
        Ok(())
    }
}
