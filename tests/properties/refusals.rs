//! What holds of the plan of an evaluation that a node refuses (docs/lifecycle.md, section 5).

use std::collections::BTreeSet;

use proptest::prelude::*;
use stowplan::model::{Allocation, Node};
use stowplan::{Cluster, NodeRejection};

use crate::evaluations::{allocations, check, plan, text};

/// A node that changed meanwhile refuses its part of the plan, stops and all, and what is on it is what was
/// there. What the others take is what was planned for them.
#[test]
fn a_refused_node_changes_nothing() {
    check(|mut live, _, mut random| {
        let plan = plan(&live);
        let nodes: BTreeSet<String> = plan.placements().map(|it| it.node_id().to_owned()).collect();
        let nodes: Vec<String> = nodes.into_iter().collect();
        if nodes.is_empty() {
            return Ok(());
        }
        let node = random.pick(&nodes);
        let change = random.below(3);
        spoil(&mut live.cluster, &node, change);
        let before = allocations(&live.cluster);
        let is_whole = plan.to_document().all_at_once;
        let planned = plan.placements().filter(|it| it.node_id() != node).count();
        let committed = live.cluster.commit(plan, live.now);
        let refused: Vec<&String> = committed.rejected().iter().map(|(node, _)| node).collect();
        prop_assert_eq!(refused, vec![&node]);
        let expected = match change {
            0 => NodeRejection::NotEligible,
            1 => NodeRejection::Down,
            _ => NodeRejection::DoesNotExist,
        };
        prop_assert_eq!(&committed.rejected()[0].1, &expected);
        let after = allocations(&live.cluster);
        let placed = after.keys().filter(|id| !before.contains_key(*id)).count();
        prop_assert_eq!(placed, if is_whole { 0 } else { planned });
        for (id, it) in after.iter().filter(|(_, it)| it.node_id == node || is_whole) {
            // What it was replaced with on another node is noted.
            let unlinked = |it: &Allocation| {
                let (modify_index, alloc_modify_index) = (0, 0);
                let next_allocation = String::new();
                let it =
                    Allocation { modify_index, alloc_modify_index, next_allocation, ..it.clone() };
                text(Allocation { modify_time: 0, ..it })
            };
            let was = before.get(id).map(unlinked);
            prop_assert_eq!(was, Some(unlinked(it)));
        }
        prop_assert_eq!(live.cluster.check(), Ok(()));
        Ok(())
    });
}

/// Makes a node one that takes nothing new.
fn spoil(cluster: &mut Cluster, node: &str, change: usize) {
    let changed = |key: &str, value: &str| {
        let mut document = serde_json::to_value(cluster.node(node).unwrap().spec()).unwrap();
        document[key] = value.into();
        Node::from_json(document.to_string()).unwrap()
    };
    match change {
        0 => {
            let node = changed("SchedulingEligibility", "ineligible");
            cluster.upsert_node(node);
        }
        1 => {
            let node = changed("Status", "down");
            cluster.upsert_node(node);
        }
        _ => {
            cluster.remove_node(node).unwrap();
        }
    }
}
