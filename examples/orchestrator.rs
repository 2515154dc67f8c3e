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

    // Nodes join, and two jobs are registered.
    for id in ["n1", "n2", "n3"] {
        cluster.upsert_node(node(id)?);
    }
    for job in [job("web", 2)?, job("db", 1)?] {
        cluster.register_job(&job);
        cluster.place(&job, &options);
    }
    show("two jobs", &cluster);

    // One of them is scaled up: what is missing is placed, the rest stays where it is.
    let version = cluster.register_job(&job("web", 4)?).version;
    cluster.place(&job("web", 4)?, &options);
    show(&format!("web is scaled to four, version {version}"), &cluster);

    // An allocation fails, and is replaced away from the node it failed on.
    let first = cluster.allocations_of("default", "web").next().ok_or("nothing runs")?;
    let (id, name, failed_on) = (first.id(), first.name(), first.node_id().to_owned());
    cluster.set_client_status(&id, ClientStatus::Failed)?;
    let missing = cluster.missing(&job("web", 4)?).into_iter();
    let requests: Vec<_> = missing.map(|request| request.penalty_node(&failed_on)).collect();
    cluster.place_requests(&requests, &options)?;
    show(&format!("{name} failed on {failed_on}"), &cluster);

    // A node goes down: what it ran is given up, and placed anew.
    let unreachable = cluster.set_node_status("n3", NodeStatus::Down)?;
    cluster.mark_lost(&unreachable)?;
    for (id, count) in [("web", 4), ("db", 1)] {
        cluster.place(&job(id, count)?, &options);
    }
    show(&format!("n3 is down, {} lost", unreachable.len()), &cluster);

    // A node drains: it takes nothing new, what it runs moves one after the other, and it leaves.
    cluster.upsert_node(node("n4")?);
    let draining = cluster.node("n2").ok_or("n2 is gone")?;
    let draining = draining.changed(|spec| spec.scheduling_eligibility = "ineligible".into())?;
    cluster.upsert_node(draining);
    let on_node = cluster
        .allocations_on("n2")
        .filter_map(|it| Some((it.id(), it.job_id().to_owned(), it.name_index()?)));
    for (id, job_id, index) in on_node.collect::<Vec<_>>() {
        let job = job(&job_id, 4)?;
        let request = [PlacementRequest::new(&job, "main", index).replaces(&id)];
        if cluster.place_requests(&request, &options)?.is_complete() {
            cluster.finish([&id])?; // its client says that it has ended
        }
    }
    let unreachable = cluster.remove_node("n2")?;
    show(&format!("n4 joined, n2 was drained and left, {} lost", unreachable.len()), &cluster);

    // A job is stopped. Once its clients have ended, nothing is left of it.
    cluster.unregister_job("default", "web");
    let stopped = cluster.stop_job("default", "web");
    cluster.finish(&stopped)?;
    show("web is stopped", &cluster);
    Ok(cluster.check()?)
}

fn node(id: &str) -> Result<Node> {
    Ok(Node::builder(id).cpu_shares(4_000).memory_mb(8_192).driver("docker").build()?)
}

fn job(id: &str, count: u32) -> Result<Job> {
    let job = Job::builder(id).group("main", count, |g| {
        g.task("server", "docker", |t| t.cpu_shares(500).memory_mb(1_024))
    });
    Ok(job.build()?)
}

/// Prints the nodes with what is on them.
fn show(what: &str, cluster: &Cluster) {
    println!("{what}:");
    let mut nodes: Vec<&Node> = cluster.nodes().collect();
    nodes.sort_by_key(|node| &node.id);
    for node in nodes {
        let mut names: Vec<String> = cluster.allocations_on(&node.id).map(|it| it.name()).collect();
        names.sort();
        println!("  {} ({}): {}", node.id, node.status(), names.join(", "));
    }
}
