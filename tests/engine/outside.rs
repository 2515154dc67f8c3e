//! Schedulers outside: they take evaluations, submit plans, and say what has become of them.

use stowplan::engine::{
    Ack, Applied, CollectGarbage, CreateEvaluation, Dequeue, EngineOptions, Nack, PurgeNode,
    SubmitPlan, UpdateEvaluation,
};
use stowplan::model::{Deployment, Evaluation, JobType, Plan as PlanDocument};
use stowplan::schedule::process_with;
use stowplan::{Attempt, Cluster, Timestamp};

use crate::world::{World, node, options, service};

/// A world in which services are scheduled outside.
fn world(nodes: usize) -> World {
    let processed = vec![JobType::Batch, JobType::System, JobType::Sysbatch];
    World::with(EngineOptions { processed, ..options() }, nodes)
}

/// An evaluation that is out.
struct Out {
    evaluation: Evaluation,
    token: String,
}

fn take(world: &mut World) -> Option<Out> {
    let applied = world.tell(Dequeue { types: vec!["service".into()] });
    let evaluation = world.evaluation(&applied.dequeued?);
    Some(Out { evaluation, token: applied.token })
}

/// Plans an evaluation on a snapshot's fork, as a scheduler in another process does.
fn plan(world: &World, out: &Out) -> PlanDocument {
    plan_at(world, out, world.now())
}

fn plan_at(world: &World, out: &Out, now: Timestamp) -> PlanDocument {
    let snapshot = world.snapshot();
    let mut fork: Cluster = snapshot.fork();
    let options = world.place_options();
    let plan = process_with(&mut fork, &out.evaluation, now, &options, Attempt::default());
    let text = serde_json::to_string(&plan.to_document()).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn submit(out: &Out, plan: PlanDocument) -> SubmitPlan {
    SubmitPlan { token: out.token.clone(), plan }
}

fn ack(out: &Out) -> Ack {
    Ack { evaluation_id: out.evaluation.id.clone(), token: out.token.clone() }
}

fn nack(out: &Out) -> Nack {
    Nack { evaluation_id: out.evaluation.id.clone(), token: out.token.clone() }
}

/// Does from outside all that is due by now, each thing at its own instant.
fn schedule(world: &mut World) {
    let now = world.now();
    loop {
        let at = world.next_deadline().map_or(now, |at| at.min(now));
        world.advance(at).unwrap();
        let dequeue = Dequeue { types: vec!["service".into()] };
        let applied = world.apply(at, dequeue.into()).unwrap();
        match applied.dequeued {
            Some(id) => {
                let evaluation = world.evaluation(&id);
                let out = Out { evaluation, token: applied.token };
                let plan = plan_at(world, &out, at);
                world.apply(at, submit(&out, plan).into()).unwrap();
                world.apply(at, ack(&out).into()).unwrap();
            }
            None if at == now => return,
            None => {}
        }
    }
}

fn deployments(world: &World) -> Vec<Deployment> {
    world.deployments_of("default", "web").collect()
}

fn evaluations(world: &World) -> Vec<Evaluation> {
    world.evaluations_of("default", "web").collect()
}

/// Two engines live through the same: in one of them services are scheduled outside.
#[test]
fn a_type_of_jobs_that_is_scheduled_outside_comes_to_the_same_as_inside() {
    let mut inside = World::with(options(), 3);
    let mut outside = world(3);
    let jobs = [service("web", 6), service("web", 9).meta("v", "2"), service("web", 40)];
    for (step, job) in jobs.into_iter().enumerate() {
        let job = job.build().unwrap();
        if step == 2 {
            for world in [&mut inside, &mut outside] {
                world.tell(PurgeNode { node_id: "n3".into() });
            }
            inside.settle();
            schedule(&mut outside);
        }
        inside.register(&job);
        outside.register(&job);
        for _ in 0..30 {
            inside.settle();
            schedule(&mut outside);
            let pending = |world: &World| -> Vec<String> {
                let live = world.allocations_of("default", "web").filter(|it| it.is_live());
                let pending = live.filter(|it| it.client().as_str() == "pending");
                let mut pending: Vec<(String, String)> =
                    pending.map(|it| (it.name(), it.id())).collect();
                pending.sort();
                pending.into_iter().map(|(_, id)| id).collect()
            };
            let ids = pending(&inside);
            assert_eq!(ids, pending(&outside), "{step}");
            if !ids.is_empty() {
                inside.judge(&ids, true);
                outside.judge(&ids, true);
            }
            (inside.secs, outside.secs) = (inside.secs + 1, outside.secs + 1);
        }
        inside.settle();
        schedule(&mut outside);
        let allocations = |world: &World| {
            let mut all: Vec<_> = world
                .allocations_of("default", "web")
                .map(|it| {
                    let document = it.document();
                    (document.name.clone(), document.id.clone(), document)
                })
                .collect();
            all.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
            all
        };
        assert!(allocations(&inside) == allocations(&outside), "allocations of step {step}");
        assert!(deployments(&inside) == deployments(&outside), "deployments of step {step}");
        assert!(evaluations(&inside) == evaluations(&outside), "evaluations of step {step}");
        assert_eq!(inside.modify_index(), outside.modify_index(), "{step}");
    }
    assert!(evaluations(&inside).iter().any(|it| it.status == "blocked"));
}

#[test]
fn what_nodes_refuse_of_a_plan_is_said() {
    let mut world = world(2);
    let applied = world.register(&service("web", 12).build().unwrap());
    let out = take(&mut world).unwrap();
    assert_eq!(out.evaluation.id, applied.evaluation_id());
    let made = plan(&world, &out);
    assert_eq!(made.node_allocation.len(), 2);
    // One of the nodes is gone by the time of the commit.
    world.tell(PurgeNode { node_id: "n2".into() });
    let committed = world.tell(submit(&out, made));
    let result = committed.plan_result.unwrap();
    assert_eq!(
        (result.rejected_nodes, result.refresh_index),
        (vec!["n2".to_owned()], committed.index)
    );
    assert_eq!(result.node_allocation["n1"].len(), world.live("web").len());
    assert!(!world.live("web").is_empty());
    // It is tried again, on the state as it is now.
    assert_eq!(world.evaluation(&out.evaluation.id).status, "pending");
    let again = plan(&world, &out);
    let committed = world.tell(submit(&out, again));
    assert!(committed.plan_result.unwrap().rejected_nodes.is_empty());
    world.tell(ack(&out));
    world.settle();
    assert_eq!(
        (world.evaluation(&out.evaluation.id).status.as_str(), world.live("web").len()),
        ("complete", 8)
    );
}

/// Trap 17: while a plan is carried out, no time passes for its evaluation.
#[test]
fn trap_17_a_plan_that_was_submitted_gives_its_evaluation_time_anew() {
    let mut world = world(1);
    world.register(&service("web", 2).build().unwrap());
    let out = take(&mut world).unwrap();
    let made = plan(&world, &out);
    world.pass(59);
    world.tell(submit(&out, made.clone()));
    world.pass(59);
    assert_eq!(world.stats().unacked, 1);
    assert!(take(&mut world).is_none());
    world.tell(ack(&out));
    // One that is done and was not said to be is done nevertheless.
    world.register(&service("db", 1).build().unwrap());
    let out = take(&mut world).unwrap();
    let made = plan(&world, &out);
    world.tell(submit(&out, made));
    world.pass(61);
    assert_eq!((world.stats().unacked, world.stats().waiting), (0, 0));
    world.register(&service("db", 2).build().unwrap());
    assert!(take(&mut world).is_some());
}

#[test]
fn a_plan_needs_the_token_of_its_evaluation() {
    let mut world = world(1);
    world.register(&service("web", 1).build().unwrap());
    let out = take(&mut world).unwrap();
    let made = plan(&world, &out);
    let refused = |world: &mut World, body: SubmitPlan| {
        let before = world.dump();
        let error = world.try_to(body).unwrap_err().to_string();
        assert_eq!(world.dump(), before);
        error
    };
    let wrong = SubmitPlan { token: "token".into(), plan: made.clone() };
    assert_eq!(refused(&mut world, wrong), "evaluation token does not match");
    let none = SubmitPlan { token: String::new(), plan: made.clone() };
    assert_eq!(refused(&mut world, none), "evaluation token does not match");
    let unknown = SubmitPlan {
        plan: PlanDocument { eval_id: "e1".into(), ..made.clone() },
        ..submit(&out, made.clone())
    };
    assert_eq!(refused(&mut world, unknown), "evaluation is not outstanding");
    let mut senseless = made.clone();
    for allocation in senseless.node_allocation.values_mut().flatten() {
        allocation.task_group = "back".into();
    }
    assert!(refused(&mut world, submit(&out, senseless)).contains("NodeAllocation"));
    world.pass(60);
    assert_eq!(refused(&mut world, submit(&out, made.clone())), "evaluation nack timeout reached");
    world.pass(1);
    let again = take(&mut world).unwrap();
    assert_eq!(refused(&mut world, submit(&out, made.clone())), "evaluation token does not match");
    // The plan may say the token itself.
    let plan = PlanDocument { eval_token: again.token.clone(), ..made };
    world.tell(SubmitPlan { token: String::new(), plan });
    world.tell(ack(&again));
    assert_eq!(world.live("web").len(), 1);
}

fn update(out: &Out, edit: impl FnOnce(&mut Evaluation)) -> UpdateEvaluation {
    let mut evaluation = out.evaluation.clone();
    edit(&mut evaluation);
    UpdateEvaluation { token: out.token.clone(), evaluation }
}

/// Who has an evaluation in hand may say that it has ended, and submit a plan for it still.
#[test]
fn an_evaluation_that_has_ended_is_kept_by_what_is_placed_for_it() {
    let mut world = world(1);
    world.register(&service("web", 1).build().unwrap());
    let out = take(&mut world).unwrap();
    let made = plan(&world, &out);
    world.tell(update(&out, |it| it.status = "complete".into()));
    world.tell(submit(&out, made));
    assert_eq!(world.check(), Ok(()));
    world.tell(ack(&out));
    // Longer than evaluations are kept of which nothing is left.
    world.pass(2 * 3600);
    assert_eq!(world.evaluation(&out.evaluation.id).status, "complete");
    assert_eq!((world.live("web").len(), world.check()), (1, Ok(())));
}

fn create(out: &Out, edit: impl FnOnce(&mut Evaluation)) -> CreateEvaluation {
    let mut evaluation = Evaluation {
        namespace: "default".into(),
        job_id: "web".into(),
        evaluation_type: "service".into(),
        triggered_by: "queued-allocs".into(),
        status: "blocked".into(),
        priority: 50,
        previous_eval: out.evaluation.id.clone(),
        ..Evaluation::default()
    };
    edit(&mut evaluation);
    CreateEvaluation { token: out.token.clone(), evaluation }
}

fn created(applied: &Applied) -> String {
    applied.evaluation_id()
}

#[test]
fn a_scheduler_outside_says_what_becomes_of_an_evaluation() {
    let mut world = world(0);
    world.register(&service("web", 1).build().unwrap());
    let out = take(&mut world).unwrap();
    let snapshot = world.modify_index();
    let blocked = created(&world.tell(create(&out, |it| it.snapshot_index = snapshot)));
    let done = update(&out, |it| {
        it.status = "complete".into();
        it.blocked_eval.clone_from(&blocked);
        it.queued_allocations = [("front".to_owned(), 1)].into_iter().collect();
        it.failed_tg_allocs = [("front".to_owned(), Default::default())].into_iter().collect();
        it.snapshot_index = snapshot;
    });
    world.tell(done);
    world.tell(ack(&out));
    world.settle();
    let evaluation = world.evaluation(&out.evaluation.id);
    assert_eq!((evaluation.status.as_str(), &evaluation.blocked_eval), ("complete", &blocked));
    assert_eq!(world.evaluation(&blocked).previous_eval, evaluation.id);
    let summary = world.job("default", "web").unwrap().summary().unwrap();
    assert_eq!((summary.summary["front"].queued, world.stats().blocked), (1, 1));
    // A node joins; what waits goes out, and waits again.
    world.join(&node("n1"));
    let out = take(&mut world).unwrap();
    assert_eq!((&out.evaluation.id, out.evaluation.status.as_str()), (&blocked, "blocked"));
    let snapshot = world.modify_index();
    world.tell(update(&out, |it| it.snapshot_index = snapshot));
    world.tell(ack(&out));
    world.settle();
    assert_eq!((world.stats().blocked, world.stats().unacked), (1, 0));
}

/// Case 67: of what was said to be tried again while it was out, a nack leaves one.
#[test]
fn case_67_one_that_is_not_done_goes_out_once() {
    let mut world = world(1);
    world.register(&service("web", 1).build().unwrap());
    let out = take(&mut world).unwrap();
    // Said again while it is out, it is the same one still.
    world.tell(update(&out, |it| it.status_description = "again".into()));
    world.tell(nack(&out));
    assert_eq!((world.stats().waiting, world.stats().ready, world.stats().pending), (1, 0, 0));
    world.pass(1);
    let again = take(&mut world).unwrap();
    assert_eq!(again.evaluation.id, out.evaluation.id);
    assert!(take(&mut world).is_none());
    world.tell(ack(&again));
    world.settle();
    assert!(take(&mut world).is_none());
}

#[test]
fn what_makes_no_sense_of_an_evaluation_is_refused() {
    let mut world = world(1);
    world.register(&service("web", 1).build().unwrap());
    let out = take(&mut world).unwrap();
    let other = created(&world.tell(create(&out, |it| it.status = "pending".into())));
    let before = world.dump();
    let mut refused = |command: stowplan::engine::Command| {
        let error = world.try_to(command).unwrap_err().to_string();
        assert_eq!(world.dump(), before);
        error
    };
    let error = refused(update(&out, |it| it.status = "blocked".into()).into());
    assert_eq!(error, format!("eval \"{}\" is not blocked", out.evaluation.id));
    let error = refused(update(&out, |it| it.status = "lost".into()).into());
    assert_eq!(error, "`lost` is no status of an evaluation");
    let error = refused(update(&out, |it| it.id.clone_from(&other)).into());
    assert_eq!(error, "evaluation is not outstanding");
    let error = refused(create(&out, |it| it.id.clone_from(&other)).into());
    assert_eq!(error, format!("eval \"{other}\" already exists"));
    let error = refused(create(&out, |it| it.status = "complete".into()).into());
    assert_eq!(error, "eval \"\" is new: expected `pending` or `blocked`, found `complete`");
    let error = refused(create(&out, |it| it.job_id = "db".into()).into());
    assert_eq!(error, "job \"db\" not found");
    let error = refused(create(&out, |it| it.previous_eval.clear()).into());
    assert_eq!(error, "evaluation is not outstanding");
    let body = CreateEvaluation { token: "token".into(), ..create(&out, |_| {}) };
    assert_eq!(refused(body.into()), "evaluation token does not match");
}

#[test]
fn an_evaluation_that_was_forgotten_is_out_no_more() {
    let mut world = world(0);
    world.register(&service("web", 1).build().unwrap());
    let out = take(&mut world).unwrap();
    world.tell(update(&out, |it| it.status = "complete".into()));
    world.tell(CollectGarbage {});
    assert_eq!(world.try_to(ack(&out)).unwrap_err().to_string(), "Evaluation ID not found");
    // Nor is the one that comes to be where it was.
    world.register(&service("db", 1).build().unwrap());
    world.settle();
    assert_eq!(world.stats().ready, 1);
    assert_eq!(take(&mut world).unwrap().evaluation.job_id, "db");
}

/// Case 73: what met too many conflicts is tried again, each a minute after it was looked at last.
#[test]
fn case_73_three_evaluations_that_met_conflicts_are_released() {
    let mut world = World::with(EngineOptions { processed: Vec::new(), ..options() }, 0);
    for id in ["a", "b", "c"] {
        world.register(&service(id, 1).build().unwrap());
        let out = take(&mut world).unwrap();
        let body = create(&out, |it| {
            it.job_id = id.into();
            it.triggered_by = "max-plan-attempts".into();
        });
        world.tell(body);
        world.tell(update(&out, |it| it.status = "failed".into()));
        world.tell(ack(&out));
        world.settle();
    }
    assert_eq!((world.stats().blocked, world.next()), (3, Some(60)));
    world.pass(60);
    assert_eq!((world.stats().blocked, world.stats().ready), (0, 3));
    // Looked at and still without room they wait another minute.
    while let Some(out) = take(&mut world) {
        let snapshot = world.modify_index();
        world.tell(update(&out, |it| it.snapshot_index = snapshot));
        world.tell(ack(&out));
        world.settle();
    }
    assert_eq!((world.stats().blocked, world.next()), (3, Some(60)));
    world.pass(60);
    assert_eq!(world.stats().ready, 3);
}
