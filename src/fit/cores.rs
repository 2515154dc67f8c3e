//! Cores of a task's own: the lowest free ones of a node (specification, section 3.3, step 4).

use crate::state::node::NodeRecord;
use crate::state::usage::{HeldCore, Holdings, Taken};

/// Gives a task `count` cores; false if the node has too few that are free.
pub(crate) fn assign(
    node: &NodeRecord,
    taken: &Taken,
    task: u16,
    count: usize,
    holdings: &mut Holdings,
) -> bool {
    let before = holdings.cores.len();
    for core in node.node.cores() {
        if holdings.cores.len() - before == count {
            break;
        }
        let is_taken = taken.cores.binary_search(&core.id).is_ok();
        if !is_taken && !holdings.cores.iter().any(|held| held.id == core.id) {
            holdings.cores.push(HeldCore { task, id: core.id, speed_mhz: core.speed_mhz });
        }
    }
    holdings.cores.len() - before == count
}
