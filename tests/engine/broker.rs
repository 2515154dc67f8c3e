//! Evaluations that go out to schedulers outside and come back, and whom room that became free helps.

use stowplan::engine::{
    Ack, Applied, Dequeue, EngineOptions, EvaluateJob, Nack, SetNodeStatus,
    SetSchedulerConfiguration,
};
use stowplan::model::{JobType, Node, SchedulerConfiguration};

use crate::world::{World, node, options, service};

/// A world in which nobody but the test processes evaluations.
fn world() -> World {
    World::with(EngineOptions { processed: Vec::new(), ..options() }, 0)
}

fn take(world: &mut World, types: &[&str]) -> Option<(String, String)> {
    let types = types.iter().map(|text| (*text).to_owned()).collect();
    let applied = world.tell(Dequeue { types });
    applied.dequeued.map(|id| (id, applied.token))
}

fn ack((evaluation_id, token): (String, String)) -> Ack {
    Ack { evaluation_id, token }
}

fn nack((evaluation_id, token): (String, String)) -> Nack {
    Nack { evaluation_id, token }
}

fn evaluate(world: &mut World, job: &str) -> Applied {
    world.tell(EvaluateJob { job_id: job.into(), ..EvaluateJob::default() })
}

#[test]
fn case_63_three_nacks_are_the_limit_and_an_ack_of_the_third_delivery_is_fine() {
    for is_done in [false, true] {
        let mut world = world();
        let id = world.register(&service("web", 1).build().unwrap()).evaluation_id();
        for (delivery, delay) in [(1, 1), (2, 20)] {
            let out = take(&mut world, &["service"]).unwrap();
            assert_eq!(out.0, id, "{delivery}");
            assert_eq!(take(&mut world, &["service"]), None);
            world.tell(nack(out));
            // It keeps its job's place while it waits.
            assert_eq!((world.stats().waiting, world.next()), (1, Some(delay)));
            world.pass(delay);
        }
        let out = take(&mut world, &["service"]).unwrap();
        if is_done {
            world.tell(ack(out));
            assert_eq!(world.evaluation(&id).status, "complete");
            continue;
        }
        world.tell(nack(out));
        let failed = world.evaluation(&id);
        assert_eq!(failed.status, "failed");
        assert_eq!(failed.status_description, "evaluation reached delivery limit (3)");
        let follow_up = world.evaluation(&failed.next_eval);
        assert_eq!(
            (follow_up.triggered_by.as_str(), &follow_up.previous_eval),
            ("failed-follow-up", &id)
        );
        let wait = world.next().unwrap();
        assert!((60..360).contains(&wait), "{wait}");
        world.pass(wait + 1);
        assert_eq!(take(&mut world, &["service"]).map(|out| out.0), Some(failed.next_eval));
    }
}

/// Trap 16 too: what is cancelled does not vanish.
#[test]
fn case_64_the_newest_that_waits_comes_next_and_the_others_are_cancelled() {
    let mut world = world();
    world.register(&service("web", 1).build().unwrap());
    let first = take(&mut world, &["service"]).unwrap();
    let waiting: Vec<String> =
        (0..10).map(|_| evaluate(&mut world, "web").evaluation_id()).collect();
    assert_eq!((world.stats().pending, world.stats().ready), (10, 0));
    world.tell(ack(first));
    assert_eq!((world.stats().pending, world.stats().ready), (0, 1));
    for id in &waiting[..9] {
        let canceled = world.evaluation(id);
        assert_eq!(canceled.status, "canceled");
        assert_eq!(canceled.status_description, "canceled after more recent eval was processed");
    }
    assert_eq!(take(&mut world, &["service"]).map(|out| out.0).as_ref(), waiting.last());
}

/// Trap 18 too: across types it is the highest priority that goes out.
#[test]
fn case_65_the_highest_priority_goes_first_and_of_equals_the_oldest() {
    let mut world = world();
    for (id, priority, job_type) in [
        ("a", 50, JobType::Service),
        ("b", 50, JobType::Service),
        ("c", 80, JobType::Batch),
        ("d", 20, JobType::Service),
    ] {
        world.register(&service(id, 1).priority(priority).job_type(job_type).build().unwrap());
    }
    let mut order = Vec::new();
    while let Some((id, _)) = take(&mut world, &["service", "batch"]) {
        order.push(world.evaluation(&id).job_id);
    }
    assert_eq!(order, ["c", "a", "b", "d"]);
    assert_eq!(take(&mut world, &["system"]), None);
}

#[test]
fn case_66_jobs_of_one_name_in_two_namespaces_are_two_jobs() {
    let mut world = world();
    let dev = stowplan::model::Namespace { name: "dev".into(), ..Default::default() };
    world.tell(stowplan::engine::UpsertNamespace { namespace: dev });
    let job = service("web", 1).build().unwrap();
    world.register(&job);
    world.register(&job.changed(|spec| spec.namespace = "dev".into()).unwrap());
    assert!(take(&mut world, &["service"]).is_some() && take(&mut world, &["service"]).is_some());
}

/// Trap 27: time is passed in, and a delivery that lasts too long counts as failed.
#[test]
fn a_delivery_has_its_time_and_its_token() {
    let mut world = world();
    let id = world.register(&service("web", 1).build().unwrap()).evaluation_id();
    let out = take(&mut world, &["service"]).unwrap();
    assert_eq!((world.next(), world.stats().unacked), (Some(60), 1));
    let wrong = (id.clone(), "token".to_owned());
    let error = world.try_to(ack(wrong)).unwrap_err().to_string();
    assert_eq!(error, "Token does not match for Evaluation ID");
    world.pass(60);
    let error = world.try_to(nack(out)).unwrap_err().to_string();
    assert_eq!(error, "Evaluation ID not found");
    world.pass(1);
    assert_eq!(take(&mut world, &["service"]).map(|out| out.0), Some(id));
}

#[test]
fn nothing_goes_out_while_an_operator_says_so() {
    let mut world = World::new(1);
    let pause = |pause| SetSchedulerConfiguration {
        configuration: SchedulerConfiguration {
            pause_eval_broker: pause,
            ..SchedulerConfiguration::default()
        },
        ..SetSchedulerConfiguration::default()
    };
    world.tell(pause(true));
    world.register(&service("web", 1).build().unwrap());
    world.settle();
    assert_eq!((world.live("web").len(), world.next(), world.stats().ready), (0, None, 1));
    assert!(world.try_to(Dequeue { types: vec!["service".into()] }).is_err());
    world.tell(pause(false));
    world.settle();
    assert_eq!(world.live("web").len(), 1);
}

/// A node of a class that differs from others.
fn of_class(id: &str, class: &str) -> Node {
    node(id).changed(|spec| spec.node_class = class.into()).unwrap()
}

/// Trap 15 too: one that still waits is the same one.
#[test]
fn case_71_a_class_that_cannot_help_wakes_nobody() {
    let mut world = World::new(0);
    let job = service("web", 1);
    let job = job.constraint("${node.class}", stowplan::model::Operand::Eq, "large");
    world.join(&of_class("n1", "small"));
    world.register(&job.build().unwrap());
    world.settle();
    let blocked = |world: &World| {
        let all = world.evaluations_of("default", "web").filter(|it| it.status == "blocked");
        all.map(|it| (it.id, it.snapshot_index)).collect::<Vec<_>>()
    };
    let before = blocked(&world);
    assert_eq!(before.len(), 1);
    // Another node of the class that is known, then one of a class that nobody saw.
    world.join(&of_class("n2", "small"));
    world.settle();
    assert_eq!(blocked(&world), before);
    world.join(&of_class("n3", "medium"));
    world.settle();
    let after = blocked(&world);
    assert!(after.len() == 1 && after[0].0 == before[0].0 && after[0].1 > before[0].1);
    world.join(&of_class("n4", "large"));
    world.settle();
    assert_eq!((blocked(&world).len(), world.live("web").len()), (0, 1));
}

#[test]
fn case_68_a_job_waits_for_room_once() {
    let mut world = World::new(0);
    world.register(&service("web", 1).build().unwrap());
    world.settle();
    evaluate(&mut world, "web");
    world.settle();
    let statuses: Vec<(String, String)> = world
        .evaluations_of("default", "web")
        .filter(|it| it.triggered_by == "queued-allocs")
        .map(|it| (it.status, it.status_description))
        .collect();
    let duplicate = "existing blocked evaluation exists for job \"web\"";
    assert_eq!(statuses[0], ("canceled".to_owned(), duplicate.to_owned()));
    assert_eq!((statuses[1].0.as_str(), world.stats().blocked), ("blocked", 1));
}

#[test]
fn a_change_of_the_configuration_wakes_all() {
    let mut world = World::new(0);
    world.register(&service("web", 1).build().unwrap());
    world.settle();
    world.tell(SetSchedulerConfiguration::default());
    assert_eq!((world.stats().blocked, world.stats().ready), (0, 1));
    world.settle();
    assert_eq!((world.stats().blocked, world.stats().ready), (1, 0));
}

/// A node that is lost wakes nobody, one that comes back does.
#[test]
fn a_node_that_comes_back_wakes_who_waits() {
    let mut world = World::new(1);
    let set = |status: &str| SetNodeStatus { node_id: "n1".into(), status: status.into() };
    world.tell(set("down"));
    world.register(&service("web", 1).build().unwrap());
    world.settle();
    assert_eq!(world.stats().blocked, 1);
    world.tell(set("ready"));
    world.settle();
    assert_eq!((world.stats().blocked, world.live("web").len()), (0, 1));
}
