//! An orchestrator's loop on a cluster: nodes join and leave, jobs are registered, scaled and stopped,
//! what fails is replaced elsewhere, and a node drains.
//!
//! ```text
//! cargo run --example orchestrator
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use stowplan::model::{ClientStatus, Job, Node, NodeStatus};
use stowplan::{Cluster, PlaceOptions, PlacementRequest};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut cluster = Cluster::default();
    let options = PlaceOptions::default();

    // Nodes join.
    for id in ["n1", "n2", "n3"] {
        cluster.upsert_node(node(id)?);
    }

    // A job is registered, and scaled up.
    cluster.place(&web(2)?, &options);
    cluster.place(&web(4)?, &options);
    show("scaled to four", &cluster);

    // An allocation fails, and is replaced away from the node it failed on.
    let (failed, node_id) = {
        let first = cluster.allocations_of("default", "web").next().ok_or("nothing runs")?;
        (first.id(), first.node_id().to_owned())
    };
    cluster.set_client_status(&failed, ClientStatus::Failed)?;
    let missing = cluster.missing(&web(4)?).into_iter();
    let requests: Vec<_> = missing.map(|request| request.penalty_node(&node_id)).collect();
    cluster.place_requests(&requests, &options)?;
    show("one was replaced", &cluster);

    // A node goes down: what it ran is lost and placed anew.
    let unreachable = cluster.set_node_status("n3", NodeStatus::Down)?;
    cluster.mark_lost(&unreachable)?;
    cluster.place(&web(4)?, &options);
    show("n3 is down", &cluster);

    // A node drains: it takes nothing new, and what it runs moves, one after the other.
    let draining = cluster.node("n2").ok_or("n2 is gone")?;
    let draining = draining.changed(|spec| spec.scheduling_eligibility = "ineligible".into())?;
    cluster.upsert_node(draining);
    let on_node = cluster.allocations_on("n2").filter_map(|it| Some((it.id(), it.name_index()?)));
    for (id, index) in on_node.collect::<Vec<_>>() {
        let request = [PlacementRequest::new(&web(4)?, "front", index).replaces(&id)];
        if cluster.place_requests(&request, &options)?.is_complete() {
            cluster.finish([&id])?; // its client says that it has ended
        }
    }
    cluster.remove_node("n2")?;
    show("n2 was drained", &cluster);

    // The job is stopped. Once its clients have ended, nothing is left of it.
    let stopped = cluster.stop_job("default", "web");
    cluster.finish(&stopped)?;
    cluster.forget_ended(u64::MAX);
    show("stopped", &cluster);
    Ok(cluster.check()?)
}

fn node(id: &str) -> Result<Node> {
    let node = Node::builder(id).cpu_shares(4_000).memory_mb(8_192).driver("docker");
    Ok(node.build()?)
}

fn web(count: u32) -> Result<Job> {
    let job = Job::builder("web")
        .group("front", count, |g| g.task("nginx", "docker", |t| t.cpu_shares(500).memory_mb(256)));
    Ok(job.build()?)
}

fn show(what: &str, cluster: &Cluster) {
    println!("{what}:");
    let mut lines: Vec<String> = cluster
        .allocations_of("default", "web")
        .filter(|it| it.is_live())
        .map(|it| format!("  {} on {}", it.name(), it.node_id()))
        .collect();
    lines.sort();
    lines.iter().for_each(|line| println!("{line}"));
}
