//! Cores of a task's own: the lowest free ones of a node (docs/placement.md, section 3.3, step 4).

use super::ask::Ask;
use crate::state::allocation::core_mhz;
use crate::state::node::NodeRecord;
use crate::state::usage::{Amounts, HeldCore, Holdings, Taken};

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

/// The amounts of an ask on a node, with the CPU of the cores that it would have there. Where it cannot
/// have them all, they are what is short, and what they would have of CPU is left out.
pub(crate) fn amounts_with_cores(node: &NodeRecord, taken: &Taken, ask: &Ask) -> Amounts {
    let mut holdings = Holdings::default();
    let mut assigned = ask.tasks.iter();
    if !assigned.all(|task| assign(node, taken, task.task, task.cores, &mut holdings)) {
        return ask.amounts;
    }
    Amounts { cpu_mhz: ask.amounts.cpu_mhz.saturating_add(core_mhz(&holdings)), ..ask.amounts }
}
