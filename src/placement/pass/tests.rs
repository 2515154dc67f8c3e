//! What a placement costs where every node has a value of its own.

use std::sync::Arc;

use super::{Pass, Scratch};
use crate::feasibility::distinct::VALUES_NAMED;
use crate::model::{Job, Node};
use crate::placement::caches::Caches;
use crate::placement::group::GroupPlan;
use crate::placement::options::PlaceOptions;
use crate::state::State;
use crate::time::Timestamp;

/// The most lanes that are searched for each placement: those of the best few that metrics show, and
/// of what changed.
const MOST_SEARCHED: usize = 12;

fn node(at: usize) -> Node {
    let node = format!(
        r#"{{"ID": "n{at}", "Name": "client-{at}", "Datacenter": "dc1",
        "Attributes": {{"driver.docker": "1"}}, "Meta": {{"rack": "r{}"}},
        "NodeResources": {{"Cpu": {{"CpuShares": 1000}}, "Memory": {{"MemoryMB": 1000}},
                           "Disk": {{"DiskMB": 10000}}}}}}"#,
        at % 10,
    );
    Node::from_json(&node).unwrap()
}

/// Places 100 on so many nodes, and gives how many lanes were searched.
fn searched_lanes(nodes: usize, rules: &str) -> usize {
    let (mut state, mut caches) = (State::new(0), Caches::default());
    let mut transaction = state.begin(Timestamp::EPOCH);
    (0..nodes).for_each(|at| _ = transaction.upsert_node(node(at)));
    transaction.commit();
    let job = format!(
        r#"{{"ID": "web", "TaskGroups": [{{"Name": "front", "Count": 100, {rules},
            "Tasks": [{{"Name": "nginx", "Driver": "docker"}}]}}]}}"#
    );
    let job = Job::from_json(&job).unwrap();
    let plan = GroupPlan::new(&state, &job, 0, 0, &PlaceOptions::default()).unwrap();
    let (prepared, mut frontier) = caches.prepare(&state, &plan);
    let (basis, frontier) = (prepared.basis(&state), Arc::make_mut(&mut frontier));
    let lanes = (&*prepared.partition, &*prepared.columns);
    let mut scratch = Scratch::default();
    let mut pass = Pass::new(basis, &plan, frontier, lanes, &mut scratch);
    for _ in 0..100 {
        pass.best(basis, 5);
        let choice = pass.take().unwrap();
        pass.placed(basis, &choice);
        assert!(pass.tally(basis).filtered.by_rule.len() <= VALUES_NAMED, "{rules}");
    }
    pass.finish(basis);
    scratch.leaderboard.searched_lanes
}

#[test]
fn the_number_of_lanes_searched_does_not_grow_with_the_number_of_nodes() {
    let by_name = r#""Spreads": [{"Attribute": "${node.unique.name}"}]"#;
    let one_each = r#""Constraints": [{"LTarget": "${node.unique.name}",
        "Operand": "distinct_property"}]"#;
    let one_each_over_racks = r#""Spreads": [{"Attribute": "${meta.rack}"}], "Constraints": [
        {"LTarget": "${node.unique.name}", "Operand": "distinct_property"}]"#;
    for (rules, most) in [
        (by_name, MOST_SEARCHED),
        (one_each, MOST_SEARCHED),
        // Each placement changes the boost of a rack, and some of them that of all ten.
        (one_each_over_racks, 30),
    ] {
        for nodes in [150, 1_500] {
            let searched = searched_lanes(nodes, rules);
            assert!(searched <= most * 100, "{searched} on {nodes} nodes with {rules}");
        }
    }
}
