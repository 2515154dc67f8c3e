//! Cores of a task's own: the lowest free ones of a node (specification, section 3.3, step 4).

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

/// The amounts of an ask on a node, with the CPU of the cores that it would have there: free ones, or
/// where there are too few, those that would have to be free.
pub(crate) fn amounts_with_cores(node: &NodeRecord, taken: &Taken, ask: &Ask) -> Amounts {
    let mut holdings = Holdings::default();
    for task in &ask.tasks {
        let before = holdings.cores.len();
        if !assign(node, taken, task.task, task.cores, &mut holdings) {
            holdings.cores.truncate(before);
            assign(node, &Taken::default(), task.task, task.cores, &mut holdings);
        }
    }
    Amounts { cpu_mhz: ask.amounts.cpu_mhz.saturating_add(core_mhz(&holdings)), ..ask.amounts }
}
