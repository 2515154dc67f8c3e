//! Drains: what leaves when.

use stowplan::engine::{
    DrainNode, DrainSpec, EngineOptions, RegisterNode, SetEligibility, SetSchedulerConfiguration,
    StopAllocation,
};
use stowplan::model::{ClientStatus, Job, JobType, MigrateStrategy, SchedulerConfiguration};
use stowplan::{Span, Timestamp};

use crate::world::{World, service};

fn drain(id: &str, deadline_secs: i64) -> DrainNode {
    DrainNode {
        node_id: id.into(),
        drain_spec: Some(DrainSpec {
            deadline: Span::from_secs(deadline_secs),
            ignore_system_jobs: false,
        }),
        ..DrainNode::default()
    }
}

fn job(count: u32, max_parallel: i64) -> Job {
    let job = service("web", count).build().unwrap();
    let migrate =
        MigrateStrategy { max_parallel: Some(max_parallel), ..MigrateStrategy::default() };
    job.changed(|spec| spec.task_groups[0].migrate = Some(migrate)).unwrap()
}

/// How many allocations on a node were told to leave.
fn flagged(world: &World, node: &str) -> usize {
    let on_node = world.allocations_on(node).filter_map(|it| world.allocation(&it.id()));
    on_node.filter(|it| it.desired_transition.migrates()).count()
}

/// A world of one full node, with another beside it.
fn world(max_parallel: i64) -> World {
    let mut world = World::new(1);
    world.run(&job(8, max_parallel));
    assert_eq!(world.allocations_on("n1").count(), 8);
    world.join(&crate::world::node("n2"));
    world.settle();
    world
}

#[test]
fn case_79_as_many_leave_as_the_group_allows() {
    for (max_parallel, expected) in [(1, 1), (2, 2), (8, 8)] {
        let mut world = world(max_parallel);
        let applied = world.tell(drain("n1", 3_600));
        assert_eq!(flagged(&world, "n1"), expected);
        let trigger = world.evaluation(&applied.evaluation_id()).triggered_by;
        assert_eq!(trigger, "node-drain");
    }
}

#[test]
fn case_80_none_leaves_before_the_replacement_is_healthy() {
    let mut world = world(1);
    world.tell(drain("n1", 3_600));
    world.settle();
    assert_eq!((flagged(&world, "n1"), world.allocations_on("n2").count()), (1, 1));
    world.pass(60);
    assert_eq!(flagged(&world, "n1"), 1);
    let replacement: Vec<String> = world.allocations_on("n2").map(|it| it.id()).collect();
    world.report(&replacement, ClientStatus::Running);
    world.settle();
    assert_eq!(flagged(&world, "n1"), 1);
    world.judge(&replacement, true);
    assert_eq!(flagged(&world, "n1"), 2);
}

/// Case 81: of ten that are well five may be away, and four are on their way already.
#[test]
fn case_81_what_is_on_its_way_counts_as_away() {
    let mut world = World::with(EngineOptions::default(), 0);
    let large = stowplan::model::Node::builder("n1").cpu_shares(8_000).memory_mb(8_192);
    world.join(&large.disk_mb(100_000).driver("docker").build().unwrap());
    world.run(&job(10, 5));
    assert_eq!(world.allocations_on("n1").count(), 10);
    // Nobody replaces anything meanwhile.
    let configuration =
        SchedulerConfiguration { pause_eval_broker: true, ..SchedulerConfiguration::default() };
    world.tell(SetSchedulerConfiguration { configuration, ..SetSchedulerConfiguration::default() });
    for allocation_id in world.live("web").into_iter().take(4) {
        world.tell(StopAllocation { allocation_id, ..StopAllocation::default() });
    }
    assert_eq!(flagged(&world, "n1"), 4);
    world.tell(drain("n1", 3_600));
    assert_eq!(flagged(&world, "n1"), 5);
}

/// What the document of the first node tells of its life.
fn messages(world: &World) -> Vec<String> {
    let events = &world.node("n1").unwrap().spec().extra["Events"];
    let events = events.as_array().unwrap().iter();
    events.map(|it| it["Message"].as_str().unwrap().replacen("Node ", "", 1)).collect()
}

#[test]
fn a_drain_ends_when_nothing_is_left_and_the_node_takes_nothing_new() {
    let mut world = world(3);
    world.tell(drain("n1", 3_600));
    world.settle();
    world.bring_up("web");
    assert_eq!(world.allocations_on("n2").count(), 8);
    let node = world.node("n1").unwrap().spec().clone();
    assert!(!node.is_draining());
    assert_eq!(node.scheduling_eligibility, "ineligible");
    assert_eq!(node.extra["LastDrain"]["Status"], "complete");
    assert_eq!(messages(&world), ["registered", "drain strategy set", "drain complete"]);
    assert_eq!(world.next(), None);
    let eligible = SetEligibility { node_id: "n1".into(), eligibility: "eligible".into() };
    world.tell(eligible);
    assert!(world.node("n1").unwrap().is_ready());
}

#[test]
fn at_its_deadline_all_that_is_left_goes_and_batch_work_ends() {
    let mut world = World::new(1);
    world.run(&job(3, 1));
    world.run(&service("sum", 1).job_type(JobType::Batch).build().unwrap());
    world.run(&service("log", 1).job_type(JobType::System).build().unwrap());
    let began = world.secs;
    world.tell(drain("n1", 100));
    world.settle();
    // Nothing can be moved yet, and the batch job may end.
    assert_eq!((flagged(&world, "n1"), world.next()), (1, Some(100)));
    world.pass(100);
    assert_eq!(
        (world.live("web").len(), world.live("sum").len(), world.live("log").len()),
        (0, 0, 0)
    );
    assert!(!world.node("n1").unwrap().spec().is_draining());
    assert_eq!(world.now(), Timestamp::from_secs(began + 100));
}

#[test]
fn a_drain_that_is_taken_back_lets_the_node_be() {
    let mut world = world(1);
    let refused = SetEligibility { node_id: "n1".into(), eligibility: "eligible".into() };
    world.tell(drain("n1", 0));
    assert_eq!(
        world.try_to(refused).unwrap_err().to_string(),
        "can not set node's scheduling eligibility to eligible while it is draining"
    );
    // Drained once more, it has another deadline.
    world.tell(drain("n1", 50));
    let back = DrainNode { node_id: "n1".into(), mark_eligible: true, ..DrainNode::default() };
    let applied = world.tell(back);
    assert_eq!(world.evaluation(&applied.evaluation_id()).triggered_by, "node-update");
    assert!(world.node("n1").unwrap().is_ready());
    let last = &world.node("n1").unwrap().spec().extra["LastDrain"];
    assert_eq!(last["Status"], "canceled");
    let set = "drain strategy set";
    assert_eq!(messages(&world), ["registered", set, set, "drain disabled"]);
    // Its client has nothing to say of that.
    let mut again = world.node("n1").unwrap().spec().clone();
    again.extra.remove("Events");
    world.tell(RegisterNode::from(again));
    assert_eq!(messages(&world).len(), 4);
    world.pass(1_000);
    assert!(world.allocations_on("n1").count() >= 7);
}

#[test]
fn a_forced_drain_takes_all_at_once() {
    let mut world = world(1);
    world.tell(drain("n1", -1));
    assert_eq!(flagged(&world, "n1"), 8);
    world.settle();
    assert_eq!(world.live("web").len(), 8);
    assert_eq!(world.allocations_on("n2").count(), 8);
}
