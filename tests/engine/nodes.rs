//! Nodes: registering, statuses, heartbeats, eligibility.

use stowplan::Span;
use stowplan::engine::{
    DeregisterJob, EvaluateNode, Heartbeat, PurgeNode, RegisterNode, Resume, SetEligibility,
    SetNodeStatus,
};
use stowplan::model::{ClientStatus, DisconnectStrategy, Job, JobType, Node, NodeSpec};

use crate::world::{World, node, options, service};

fn status(id: &str, status: &str) -> SetNodeStatus {
    SetNodeStatus { node_id: id.into(), status: status.into() }
}

fn eligibility(id: &str, eligibility: &str) -> SetEligibility {
    SetEligibility { node_id: id.into(), eligibility: eligibility.into() }
}

/// A world with a system job, which every node that comes is looked at for.
fn world() -> World {
    let mut world = World::new(0);
    world.register(&service("log", 1).job_type(JobType::System).build().unwrap());
    world
}

#[test]
fn a_node_registers_as_initializing_and_keeps_what_is_not_its_clients_to_say() {
    let mut world = world();
    let spec = NodeSpec { status: String::new(), ..node("n1").spec().clone() };
    let applied = world.tell(RegisterNode::from(spec.clone()));
    assert_eq!(world.node("n1").unwrap().spec().status, "initializing");
    assert_eq!((applied.node_modify_index, applied.evaluation_ids().len()), (applied.index, 0));
    let created = applied.index;
    let applied = world.tell(status("n1", "ready"));
    assert_eq!(world.evaluation(&applied.evaluation_id()).triggered_by, "node-update");
    assert_eq!(world.evaluation(&applied.evaluation_id()).node_id, "n1");
    world.tell(eligibility("n1", "ineligible"));
    // The same again changes nothing; other facts are looked at.
    let before = world.modify_index();
    assert_eq!(world.tell(RegisterNode::from(spec.clone())).index, before);
    let other = NodeSpec { node_class: "large".into(), ..spec };
    assert_eq!(world.tell(RegisterNode::from(other)).evaluation_ids().len(), 1);
    let known = world.node("n1").unwrap().spec();
    assert_eq!(
        (known.status.as_str(), known.scheduling_eligibility.as_str()),
        ("ready", "ineligible")
    );
    assert_eq!(known.extra["CreateIndex"], created);
}

#[test]
fn the_events_of_a_node_that_are_looked_at() {
    let mut world = world();
    assert_eq!(world.join(&node("n1")).evaluation_ids().len(), 1);
    let steps = [
        ("down", 1),
        ("down", 0),
        ("ready", 1),
        ("disconnected", 1),
        // One that comes back says first what became of its allocations.
        ("ready", 1),
        ("ready", 1),
    ];
    for (to, evaluations) in steps {
        assert_eq!(world.tell(status("n1", to)).evaluation_ids().len(), evaluations, "{to}");
    }
    assert_eq!(world.node("n1").unwrap().spec().status, "ready");
    assert_eq!(world.tell(eligibility("n1", "ineligible")).evaluation_ids().len(), 0);
    assert_eq!(world.tell(eligibility("n1", "ineligible")).evaluation_ids().len(), 0);
    assert_eq!(world.tell(eligibility("n1", "eligible")).evaluation_ids().len(), 1);
    assert_eq!(world.tell(EvaluateNode { node_id: "n1".into() }).evaluation_ids().len(), 1);
    assert_eq!(world.tell(PurgeNode { node_id: "n1".into() }).evaluation_ids().len(), 1);
    assert!(world.node("n1").is_none());
}

#[test]
fn nothing_waits_for_room_on_a_node_that_was_purged() {
    for job_type in [JobType::System, JobType::Sysbatch] {
        let mut world = World::new(1);
        world.join(
            &Node::builder("small")
                .cpu_shares(200)
                .memory_mb(512)
                .driver("docker")
                .build()
                .unwrap(),
        );
        world.run(&service("all", 1).job_type(job_type).build().unwrap());
        let waits = |world: &World| {
            world.evaluations("all").iter().filter(|(_, status)| status == "blocked").count()
        };
        assert_eq!((world.live("all").len(), waits(&world)), (1, 1), "{job_type:?}");
        world.tell(PurgeNode { node_id: "small".into() });
        world.settle();
        assert_eq!((world.live("all").len(), waits(&world)), (1, 0), "{job_type:?}");
        let ended = |(_, status): &(String, String)| status == "complete" || status == "canceled";
        assert!(world.evaluations("all").iter().all(ended));
    }
}

#[test]
fn a_node_that_is_not_heard_of_is_down() {
    let mut world = World::new(2);
    assert_eq!(world.next(), None);
    let ttl = world.tell(Heartbeat { node_id: "n1".into() }).heartbeat_ttl.unwrap();
    let due = ttl.as_nanos() / 1_000_000_000 + 10;
    assert!((20..=30).contains(&due), "{due}");
    assert_eq!(world.next(), Some(due));
    world.pass(due);
    assert_eq!(world.node("n1").unwrap().spec().status, "ready");
    world.pass(1);
    assert_eq!(world.node("n1").unwrap().spec().status, "down");
    assert_eq!(world.node("n2").unwrap().spec().status, "ready");
    assert_eq!(world.next(), None);
    // Heard of again, it is watched again.
    world.tell(status("n1", "ready"));
    assert!(world.next().is_some());
}

#[test]
fn after_a_restart_watched_nodes_have_300_seconds() {
    let mut options = options();
    options.heartbeats.is_watched_from_registration = true;
    let mut world = World::with(options, 1);
    assert!(world.next().is_some_and(|next| next < 40));
    world.secs += 86_400;
    world.tell(Resume {});
    assert_eq!(world.next(), Some(300));
    assert_eq!(world.node("n1").unwrap().spec().status, "ready");
}

/// A job of a type whose allocations outlive an hour's silence of their node.
fn lasting(job_type: JobType) -> Job {
    let job = service("web", 1).job_type(job_type).build().unwrap();
    let changed = job.changed(|spec| {
        let lost_after = Some(Span::from_secs(3_600));
        spec.task_groups[0].disconnect =
            Some(Box::new(DisconnectStrategy { lost_after, ..DisconnectStrategy::default() }));
    });
    changed.unwrap()
}

/// Lets the node be heard of once, and not again.
fn fall_silent(world: &mut World) {
    world.tell(Heartbeat { node_id: "n1".into() });
    world.settle();
    world.pass(60);
}

#[test]
fn what_has_ended_on_a_node_that_falls_silent_counts_for_each_type() {
    for job_type in [JobType::Service, JobType::Batch, JobType::System, JobType::Sysbatch] {
        let mut world = World::new(1);
        world.register(&lasting(job_type));
        world.settle();
        let live = world.live("web");
        world.report(&live, ClientStatus::Complete);
        // Of a service another one comes, which is to end too.
        fall_silent(&mut world);
        assert_eq!(world.node("n1").unwrap().spec().status, "disconnected", "{job_type}");
    }
}

#[test]
fn a_node_on_which_nothing_lives_is_ready_as_soon_as_it_is_back() {
    let mut world = World::new(1);
    world.run(&lasting(JobType::Service));
    fall_silent(&mut world);
    world.tell(DeregisterJob { job_id: "web".into(), ..DeregisterJob::default() });
    world.settle();
    assert!(world.live("web").is_empty());
    world.tell(Heartbeat { node_id: "n1".into() });
    assert_eq!(world.node("n1").unwrap().spec().status, "initializing");
    world.tell(Heartbeat { node_id: "n1".into() });
    assert_eq!(world.node("n1").unwrap().spec().status, "ready");
}
