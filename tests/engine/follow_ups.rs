//! What failed is replaced in its time, whatever becomes of the evaluation that it waits for.

use stowplan::Span;
use stowplan::engine::{CollectGarbage, SetEligibility, SetNodeStatus};
use stowplan::model::{ClientStatus, DisconnectStrategy, Job, ReschedulePolicy};

use crate::world::{World, service};

/// A service whose failed allocations are replaced after 30 s.
fn patient() -> Job {
    let policy = ReschedulePolicy {
        unlimited: Some(true),
        delay: Some(Span::from_secs(30)),
        delay_function: "constant".into(),
        ..ReschedulePolicy::default()
    };
    let lost_after = Some(Span::from_secs(600));
    let disconnect = DisconnectStrategy { lost_after, ..DisconnectStrategy::default() };
    let job = service("web", 1).build().unwrap();
    let job = job.changed(|spec| {
        spec.task_groups[0].reschedule_policy = Some(policy);
        spec.task_groups[0].disconnect = Some(Box::new(disconnect));
    });
    job.unwrap()
}

fn let_in(world: &mut World, eligibility: &str) {
    world.tell(SetEligibility { node_id: "n1".into(), eligibility: eligibility.into() });
    world.settle();
}

#[test]
fn what_failed_waits_anew_where_there_was_no_room_in_its_time() {
    let mut world = World::new(1);
    world.run(&patient());
    let first = world.live("web");
    world.report(&first, ClientStatus::Failed);
    world.settle();
    let_in(&mut world, "ineligible");
    world.pass(30);
    assert!(world.evaluations("web").contains(&("queued-allocs".into(), "blocked".into())));
    // No task says when it failed: it is when it was written to last, just now.
    world.pass(10);
    let_in(&mut world, "eligible");
    assert_eq!((world.live("web").len(), world.next()), (0, Some(20)));
    world.pass(20);
    assert_eq!((world.live("web").len(), world.next()), (1, None));
}

#[test]
fn what_fails_anew_after_what_it_waited_for_waits_anew() {
    let mut world = World::new(1);
    world.run(&patient());
    let first = world.live("web");
    world.fail(&first[0]);
    let_in(&mut world, "ineligible");
    world.pass(30);
    world.tell(CollectGarbage {});
    world.fail(&first[0]);
    let_in(&mut world, "eligible");
    assert_eq!((world.live("web").len(), world.next()), (0, Some(30)));
    world.pass(30);
    assert_eq!((world.live("web").len(), world.next()), (1, None));
}

#[test]
fn what_fails_after_it_came_back_is_replaced_in_its_time() {
    let mut world = World::new(1);
    world.run(&patient());
    let first = world.live("web");
    for status in ["disconnected", "ready"] {
        world.tell(SetNodeStatus { node_id: "n1".into(), status: status.into() });
        world.settle();
    }
    world.report(&first, ClientStatus::Running);
    world.settle();
    world.tell(SetNodeStatus { node_id: "n1".into(), status: "ready".into() });
    world.settle();
    assert_eq!(world.live("web"), first);
    world.pass(60);
    world.fail(&first[0]);
    world.pass(30);
    let second = world.live("web");
    assert!(second.len() == 1 && second != first);
}

/// Two versions on a node that is out of reach share an evaluation at the time of the one that waits less.
#[test]
fn what_is_out_of_reach_for_longer_than_its_evaluation_waits_is_lost_in_its_own_time() {
    let mut world = World::new(1);
    let version = |number: u32, secs: i64| {
        let lost_after = Some(Span::from_secs(secs));
        let disconnect = DisconnectStrategy { lost_after, ..DisconnectStrategy::default() };
        let job = service("web", 2).build().unwrap().changed(|spec| {
            spec.task_groups[0].disconnect = Some(Box::new(disconnect));
            spec.meta.insert("version".into(), number.to_string());
        });
        job.unwrap()
    };
    world.run(&version(1, 60));
    world.register(&version(2, 63));
    world.settle();
    let live = world.live("web");
    world.report(&live, ClientStatus::Running);
    let numbers = |world: &World| -> Vec<Option<u64>> {
        live.iter().map(|id| world.allocation(id).unwrap().job_version).collect()
    };
    assert_eq!(numbers(&world), [Some(1), Some(0)]);
    world.tell(SetNodeStatus { node_id: "n1".into(), status: "disconnected".into() });
    world.settle();
    let clients = |world: &World| -> Vec<ClientStatus> {
        live.iter().map(|id| world.view(id).unwrap().client()).collect()
    };
    assert_eq!(clients(&world), [ClientStatus::Unknown; 2]);
    world.pass(60);
    assert_eq!(clients(&world), [ClientStatus::Unknown, ClientStatus::Lost]);
    world.pass(3);
    assert_eq!(clients(&world), [ClientStatus::Lost; 2]);
}
