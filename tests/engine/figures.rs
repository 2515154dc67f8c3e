//! The figures of what waits (section 6), and what it costs that much waits.

use stowplan::Timestamp;
use stowplan::engine::{
    BlockedPlace, Dequeue, EngineOptions, Heartbeat, RegisterNode, UpsertNamespace,
};
use stowplan::model::{JobType, Namespace, Node};

use crate::world::{World, node, options, service};

#[test]
fn what_waits_for_room_is_counted_by_its_job_and_by_where_there_is_none() {
    let mut world = World::new(0);
    let classed = Node::builder("n1").cpu_shares(4_000).memory_mb(4_096).disk_mb(100_000);
    world.join(&classed.class("a").driver("docker").build().unwrap());
    let large = |id: &str, cpu: i64| {
        service(id, 3).build().unwrap().changed(|spec| {
            let resources = spec.task_groups[0].tasks[0].resources.get_or_insert_default();
            resources.cpu = Some(cpu);
        })
    };
    world.register(&large("web", 3_000).unwrap());
    world.register(&large("db", 5_000).unwrap());
    world.settle();
    let stats = world.stats();
    assert_eq!((stats.blocked, stats.escaped, stats.quota_limited), (2, 0, 0));
    let by_job: Vec<(&str, i64, i64)> = stats
        .blocked_by_job
        .iter()
        .map(|((_, job), missing)| (job.as_str(), missing.cpu_mhz, missing.memory_mb))
        .collect();
    assert_eq!(by_job, [("db", 15_000, 0), ("web", 6_000, 0)]);
    let by_place = stats.blocked_by_place.iter().map(|(place, it)| {
        let BlockedPlace { class, datacenter, node_pool, .. } = place;
        (class.as_str(), datacenter.as_str(), node_pool.as_str(), it.cpu_mhz)
    });
    assert_eq!(by_place.collect::<Vec<_>>(), [("a", "dc1", "default", 21_000)]);
    // Two more nodes are all that one of them waits for.
    world.join(&node("n2"));
    world.join(&node("n3"));
    world.settle();
    assert_eq!(world.stats().blocked_by_job.len(), 1);
}

#[test]
fn what_is_out_is_counted_by_its_type() {
    let processed = vec![JobType::Batch];
    let mut world = World::with(EngineOptions { processed, ..options() }, 1);
    let namespace = Namespace { name: "ops".into(), ..Namespace::default() };
    world.tell(UpsertNamespace { namespace });
    for id in ["web", "db"] {
        world.register(&service(id, 1).build().unwrap());
    }
    assert_eq!(world.stats().ready_by_type[&JobType::Service], 2);
    world.tell(Dequeue { types: vec!["service".into()] });
    let stats = world.stats();
    assert_eq!((stats.unacked, stats.unacked_by_type[&JobType::Service]), (1, 1));
    assert_eq!(stats.ready_by_type[&JobType::Service], 1);
}

/// What looking at the clock and letting time pass cost while many timers stand.
/// `CARGO_PROFILE_TEST_OPT_LEVEL=3 cargo test --test engine -- --ignored --nocapture many_timers` prints it.
#[test]
#[ignore = "it takes long, and its time means something in an optimised build only"]
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "it measures")]
fn many_timers_cost_no_more_than_few() {
    let engine_of = |timers: usize| {
        let mut world = World::new(0);
        for at in 0..timers {
            let id = format!("n{at:06}");
            world.tell(RegisterNode::from(node(&id).spec().clone()));
            world.tell(Heartbeat { node_id: id });
        }
        world.settle();
        world
    };
    let (mut few, mut many) = (engine_of(100), engine_of(100_000));
    let calls = 200_000_u32;
    let mut measure = |rounds: usize| {
        let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            for (world, times) in [(&mut few, &mut of_few), (&mut many, &mut of_many)] {
                let begin = world.now().as_nanos() + round as i64 * i64::from(calls);
                let began = std::time::Instant::now();
                for call in 0..calls {
                    let now = Timestamp::from_nanos(begin + i64::from(call));
                    std::hint::black_box(world.next_deadline());
                    world.advance(now).unwrap();
                }
                times.push(began.elapsed().as_nanos() as f64 / f64::from(calls));
            }
        }
        // The least is what the rest of the machine disturbs least.
        let least = |times: Vec<f64>| times.into_iter().fold(f64::INFINITY, f64::min);
        (least(of_few), least(of_many))
    };
    let (of_few, of_many) = measure(15);
    println!(
        "next_deadline and advance: {of_few:.1} ns with 100 timers, {of_many:.1} ns with 100,000: {:.3} times",
        of_many / of_few
    );
    assert!(of_many <= 1.2 * of_few, "{of_many} ns against {of_few} ns");
}
