//! From a command to what runs, and on.

use stowplan::Timestamp;
use stowplan::engine::{DeregisterJob, Engine, PurgeNode, SetNodeStatus, StopAllocation};
use stowplan::model::ClientStatus;

use crate::world::{World, node, options, service};

#[test]
fn a_job_is_placed_runs_fails_and_is_replaced() {
    let mut world = World::new(2);
    world.register(&service("web", 2).build().unwrap());
    assert_eq!((world.next(), world.live("web").len()), (Some(0), 0));
    world.settle();
    let placed = world.live("web");
    assert_eq!(placed.len(), 2);
    assert_eq!(world.evaluations("web"), [("job-register".into(), "complete".into())]);
    world.report(&placed, ClientStatus::Running);
    world.settle();
    assert_eq!(world.evaluations("web").len(), 1);
}

#[test]
fn a_failed_allocation_is_replaced_after_its_delay() {
    let mut world = World::new(2);
    let job = service("web", 2).build().unwrap();
    let job = job
        .changed(|spec| {
            spec.task_groups[0].update =
                Some(serde_json::from_str(r#"{"MaxParallel": 0}"#).unwrap())
        })
        .unwrap();
    world.register(&job);
    world.settle();
    let placed = world.live("web");
    world.report(&placed, ClientStatus::Running);
    world.secs += 60;
    world.report(&placed[..1], ClientStatus::Failed);
    world.settle();
    let evaluations = world.evaluations("web");
    assert_eq!(evaluations[1], ("alloc-failure".into(), "complete".into()));
    assert_eq!(evaluations[2], ("alloc-reschedule".into(), "pending".into()));
    assert_eq!((world.stats().delayed, world.next()), (1, Some(30)));
    world.pass(29);
    assert_eq!(world.live("web").len(), 1);
    world.pass(1);
    assert_eq!(world.live("web").len(), 2);
    let replacement = world.live("web").into_iter().find(|id| !placed.contains(id)).unwrap();
    assert_eq!(world.allocation(&replacement).unwrap().previous_allocation, placed[0]);
}

#[test]
fn what_was_on_a_node_that_went_down_is_lost_and_replaced() {
    let mut world = World::new(2);
    world.register(&service("web", 4).build().unwrap());
    world.settle();
    let on_n1: Vec<String> = world.allocations_on("n1").map(|it| it.id()).collect();
    assert!(!on_n1.is_empty());
    world.tell(SetNodeStatus { node_id: "n1".into(), status: "down".into() });
    world.settle();
    assert_eq!(world.live("web").len(), 4);
    assert_eq!(world.allocations_on("n1").count(), 0);
    for id in on_n1 {
        let lost = world.allocation(&id).unwrap();
        assert_eq!((lost.client_status.as_str(), lost.desired_status.as_str()), ("lost", "stop"));
    }
    world.tell(PurgeNode { node_id: "n2".into() });
    world.settle();
    assert_eq!((world.live("web").len(), world.stats().blocked), (0, 1));
    world.join(&node("n3"));
    world.settle();
    assert_eq!((world.live("web").len(), world.stats().blocked), (4, 0));
}

#[test]
fn a_stopped_job_is_dead_and_its_room_is_free_once_it_has_ended() {
    let mut world = World::new(1);
    world.register(&service("web", 8).build().unwrap());
    world.settle();
    let placed = world.live("web");
    assert_eq!(placed.len(), 8);
    world.register(&service("db", 1).build().unwrap());
    world.settle();
    assert_eq!((world.live("db").len(), world.stats().blocked), (0, 1));
    world.tell(DeregisterJob { job_id: "web".into(), ..DeregisterJob::default() });
    world.settle();
    assert_eq!((world.live("web").len(), world.live("db").len()), (0, 0));
    world.report(&placed[..1], ClientStatus::Complete);
    world.settle();
    assert_eq!((world.live("db").len(), world.stats().blocked), (1, 0));
}

#[test]
fn an_allocation_that_is_stopped_by_hand_is_replaced() {
    let mut world = World::new(2);
    world.register(&service("web", 1).build().unwrap());
    world.settle();
    let placed = world.live("web");
    let stop = StopAllocation { allocation_id: placed[0].clone(), ..StopAllocation::default() };
    world.tell(stop);
    world.settle();
    let after = world.live("web");
    assert!(after.len() == 1 && after != placed);
    assert_eq!(world.allocation(&placed[0]).unwrap().desired_status, "stop");
}

/// The same commands give the same bytes, however many calls lie between.
#[test]
fn calls_between_commands_change_nothing() {
    let mut world = World::new(3);
    for round in 0..6 {
        let id = format!("job{round}");
        world.register(&service(&id, 3).build().unwrap());
        world.pass(100);
        let live = world.live(&id);
        world.report(&live, ClientStatus::Running);
        if round % 2 == 0 {
            world.report(&live[..1], ClientStatus::Failed);
        }
        world.pass(24);
        let status = if round == 3 { "ready" } else { "down" };
        world.tell(SetNodeStatus { node_id: "n2".into(), status: status.into() });
        world.pass(240);
    }
    assert!(world.allocation_count() > 15);
    let replay = |calls: i64| {
        let mut engine = Engine::new(options());
        for (at, command) in &world.told {
            let length = at.since(engine.now()).as_nanos();
            for _ in 0..calls {
                let next = engine.now().as_nanos() + length / (calls + 1);
                engine.advance(Timestamp::from_nanos(next)).unwrap();
            }
            engine.apply(*at, command.clone()).unwrap();
        }
        engine.advance(world.now()).unwrap();
        engine.dump()
    };
    for calls in [0, 1, 5] {
        assert!(world.dump() == replay(calls), "{calls} calls");
    }
}
