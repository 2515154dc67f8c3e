//! What a transaction placed is verified against the state that it stands in: each rule, broken within the
//! transaction.

use super::pass::process_in;
use crate::cluster::Cluster;
use crate::model::{ClientStatus, Evaluation, Job, Node, NodeSpec, UpdateStrategy};
use crate::placement::options::PlaceOptions;
use crate::plan::verify::verify_placed;
use crate::state::imported::Imported;
use crate::state::transaction::Transaction;
use crate::time::Timestamp;

/// A node for all that a task can hold of it.
fn node() -> Node {
    let node = Node::builder("n1")
        .cpu_shares(4_000)
        .cores(4)
        .memory_mb(4_096)
        .disk_mb(10_000)
        .driver("docker");
    let node = node.address("default", "10.0.0.1").max_allocations(9);
    node.device("nvidia/gpu/t4", |it| it.instance("g1").instance("g2")).build().unwrap()
}

fn job(image: &str, memory_mb: i64) -> Job {
    let job = Job::builder("web").group("front", 2, |group| {
        let group = group.disk_mb(100);
        group.task("nginx", "docker", |task| task.cpu_shares(100).memory_mb(memory_mb))
    });
    let update: UpdateStrategy = serde_json::from_str(r#"{"MaxParallel": 2}"#).unwrap();
    let job = job.build().unwrap().changed(|spec| {
        spec.task_groups[0].update = Some(update);
        spec.task_groups[0].meta.insert("image".into(), image.into());
    });
    job.unwrap()
}

/// A cluster with an evaluation of a job.
fn cluster(job: &Job) -> (Cluster, String) {
    let mut cluster = Cluster::new([node()]).unwrap();
    cluster.register_job(job);
    let id = evaluate(&mut cluster);
    (cluster, id)
}

fn evaluate(cluster: &mut Cluster) -> String {
    let evaluation = Evaluation {
        job_id: "web".into(),
        evaluation_type: "service".into(),
        triggered_by: "job-register".into(),
        ..Evaluation::default()
    };
    cluster.upsert_evaluation(&evaluation).unwrap()
}

/// Which nodes refuse, where something comes between placing and verifying.
fn refused(
    cluster: &mut Cluster,
    id: &str,
    between: impl FnOnce(&mut Transaction<'_>),
) -> Vec<String> {
    let (state, caches) = cluster.parts_mut();
    let slot = state.find_evaluation(id).unwrap();
    let mut transaction = state.begin(Timestamp::EPOCH);
    let options = PlaceOptions::default();
    let processed = process_in(&mut transaction, caches, slot, &options, false);
    between(&mut transaction);
    let rejected = verify_placed(&transaction, &processed.outcome, &processed.effects);
    rejected.iter().map(|it| format!("{}: {}", it.node_id, it.why)).collect()
}

/// The same of a job that is placed, with a change of its node.
fn refused_with(change: impl FnOnce(&mut NodeSpec)) -> Vec<String> {
    let (mut cluster, id) = cluster(&job("a", 100));
    refused(&mut cluster, &id, |transaction| {
        _ = transaction.upsert_node(node().changed(change).unwrap());
    })
}

/// The same where others come that are all like one of those that were placed.
fn refused_beside_others(job: &Job, others: usize) -> Vec<String> {
    let (mut cluster, id) = cluster(job);
    refused(&mut cluster, &id, |transaction| {
        let placed = transaction.allocations().map(|(slot, _)| slot).next().unwrap();
        let document = transaction.allocation_document(placed).unwrap();
        for at in 0..others {
            let mut other = document.clone();
            (other.id, other.job_id) = (format!("other-{at}"), "other".into());
            transaction.import(Imported::new(other, None));
        }
    })
}

#[test]
fn what_is_placed_is_taken_as_nothing_has_changed() {
    assert_eq!(refused_with(|_| {}), [] as [&str; 0]);
    assert_eq!(refused_beside_others(&job("a", 100), 1), [] as [&str; 0]);
}

#[test]
fn a_node_that_takes_nothing_new_refuses() {
    let ineligible = refused_with(|node| node.scheduling_eligibility = "ineligible".into());
    assert_eq!(ineligible, ["n1: node is not eligible"]);
    let down = refused_with(|node| node.status = "down".into());
    assert_eq!(down, ["n1: node is down and contains invalid updates"]);
    let disconnected = refused_with(|node| node.status = "disconnected".into());
    assert_eq!(disconnected, ["n1: node is disconnected and contains invalid updates"]);
    let initializing = refused_with(|node| node.status = "initializing".into());
    assert_eq!(initializing, ["n1: node is not ready for placements"]);
    let (mut cluster, id) = cluster(&job("a", 100));
    let gone = refused(&mut cluster, &id, |transaction| {
        let node = transaction.find_node("n1").unwrap();
        transaction.remove_node(node);
    });
    assert_eq!(gone, ["n1: node does not exist"]);
}

#[test]
fn a_node_without_room_refuses() {
    let lacks = |others: usize, memory_mb: i64| refused_beside_others(&job("a", memory_mb), others);
    assert_eq!(lacks(3, 1_000), ["n1: node has too little free: memory"]);
    assert_eq!(lacks(2, 1_000), [] as [&str; 0]);
    assert_eq!(lacks(8, 10), ["n1: node has too little free: max allocations"]);
}

/// Others that hold the same are in the way of what is placed.
#[test]
fn what_another_one_holds_is_refused() {
    let holder = |change: fn(&mut crate::model::JobSpec)| {
        let job = job("a", 100).changed(|spec| {
            spec.task_groups[0].count = Some(1);
            change(spec);
        });
        refused_beside_others(&job.unwrap(), 1)
    };
    let port = holder(|spec| {
        let network = r#"[{"ReservedPorts": [{"Label": "http", "Value": 8080}]}]"#;
        spec.task_groups[0].networks = serde_json::from_str(network).unwrap();
    });
    assert_eq!(port, ["n1: node has too little free: port 8080"]);
    let cores = holder(|spec| {
        let resources = r#"{"Cores": 2, "MemoryMB": 10}"#;
        spec.task_groups[0].tasks[0].resources = Some(serde_json::from_str(resources).unwrap());
    });
    assert_eq!(cores, ["n1: node has too little free: cores"]);
    let devices = holder(|spec| {
        let resources = r#"{"CPU": 100, "MemoryMB": 10, "Devices": [{"Name": "gpu", "Count": 1}]}"#;
        spec.task_groups[0].tasks[0].resources = Some(serde_json::from_str(resources).unwrap());
    });
    assert_eq!(devices, ["n1: node has too little free: devices"]);
}

/// What lives there may be written anew on a node that takes nothing new, but not on one that is down.
#[test]
fn updates_in_place_need_a_node_that_answers() {
    let (mut cluster, id) = cluster(&job("a", 100));
    let options = PlaceOptions::default();
    let placed = cluster.process_verified(&id, Timestamp::EPOCH, &options).unwrap();
    let ids: Vec<String> = placed.allocations().map(|it| it.id()).collect();
    assert_eq!((placed.is_complete(), ids.len()), (true, 2));
    ids.iter().for_each(|id| cluster.set_client_status(id, ClientStatus::Running).unwrap());
    let spec = job("a", 100).changed(|spec| spec.priority = Some(60)).unwrap();
    cluster.register_job(&spec);
    let id = evaluate(&mut cluster);
    for (status, eligibility, expected) in [
        ("ready", "eligible", vec![]),
        ("ready", "ineligible", vec![]),
        ("down", "eligible", vec!["n1: node is down and contains invalid updates"]),
    ] {
        let refused = refused(&mut cluster, &id, |transaction| {
            let changed = node().changed(|node| {
                node.status = status.into();
                node.scheduling_eligibility = eligibility.into();
            });
            transaction.upsert_node(changed.unwrap());
        });
        assert_eq!(refused, expected, "{status}, {eligibility}");
    }
    let updated = cluster.process_verified(&id, Timestamp::EPOCH, &options).unwrap();
    assert_eq!((updated.updated().len(), updated.rejected().len()), (2, 0));
}
