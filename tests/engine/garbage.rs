//! Forgetting what has ended.

use stowplan::Span;
use stowplan::engine::{
    CollectGarbage, DeleteEvaluations, DeregisterJob, EngineOptions, EvaluateJob, GarbageOptions,
    SetNodeStatus,
};
use stowplan::model::{ClientStatus, DisconnectStrategy, Job, UpdateStrategy};

use crate::world::{self, World, service};

#[test]
fn what_has_ended_is_forgotten_and_what_lives_stays() {
    let mut world = World::new(2);
    for id in ["web", "db"] {
        world.run(&service(id, 2).build().unwrap());
    }
    world.tell(DeregisterJob { job_id: "web".into(), ..DeregisterJob::default() });
    world.settle();
    let ended: Vec<String> = world.allocations_of("default", "web").map(|it| it.id()).collect();
    world.tell(CollectGarbage {});
    assert_eq!(world.allocations_of("default", "web").count(), 2);
    world.report(&ended, ClientStatus::Complete);
    world.settle();
    let applied = world.tell(CollectGarbage {});
    assert!(applied.collected > 3, "{}", applied.collected);
    assert!(world.job("default", "web").is_none());
    assert!(world.events(applied.index - 1).iter().any(|event| event.is_gone));
    assert_eq!((world.live("db").len(), world.check()), (2, Ok(())));
    let again = world.tell(CollectGarbage {});
    assert_eq!((again.collected, again.index), (0, applied.index));
}

#[test]
fn only_evaluations_that_have_ended_are_deleted() {
    let mut world = World::new(0);
    let applied = world.register(&service("web", 1).build().unwrap());
    let delete = |ids: &[String]| DeleteEvaluations { ids: ids.to_vec() };
    world.settle();
    let ids: Vec<String> = world.evaluations_of("default", "web").map(|it| it.id).collect();
    let error = world.try_to(delete(&ids)).unwrap_err().to_string();
    assert!(error.ends_with("can't be deleted: it is blocked"), "{error}");
    assert!(world.try_to(delete(&["e1".into()])).is_err());
    world.tell(delete(&applied.evaluation_ids()));
    assert_eq!(world.evaluations("web"), [("queued-allocs".into(), "blocked".into())]);
}

#[test]
fn what_has_ended_is_forgotten_at_its_age() {
    let mut world = World::with(EngineOptions::default(), 2);
    for id in ["web", "db"] {
        world.run(&service(id, 2).build().unwrap());
    }
    world.tell(DeregisterJob { job_id: "web".into(), ..DeregisterJob::default() });
    world.settle();
    let ended: Vec<String> = world.allocations_of("default", "web").map(|it| it.id()).collect();
    world.report(&ended, ClientStatus::Complete);
    world.pass(3_599);
    assert_eq!(world.allocations_of("default", "web").count(), 2);
    world.pass(1);
    assert_eq!(world.allocations_of("default", "web").count(), 0);
    assert!(world.job("default", "web").unwrap().is_registered());
    world.pass(4 * 3_600);
    assert!(world.job("default", "web").is_none());
    // What made allocations that live stays as long as they do.
    world.pass(100 * 3_600);
    assert_eq!((world.live("db").len(), world.next()), (2, None));
    world.tell(stowplan::engine::SetNodeStatus { node_id: "n2".into(), status: "down".into() });
    world.settle();
    world.bring_up("db");
    world.pass(24 * 3_600);
    assert!(world.node("n2").is_none());
    assert_eq!((world.live("db").len(), world.next()), (2, None));
}

/// An engine with some nodes that forgets deployments after ten minutes, and nothing else by its age.
fn forgetting_deployments(nodes: usize) -> World {
    let garbage =
        GarbageOptions { deployments: Some(Span::from_secs(600)), ..world::options().garbage };
    World::with(EngineOptions { garbage, ..EngineOptions::default() }, nodes)
}

#[test]
fn a_deployment_of_which_nothing_is_left_is_forgotten_at_its_own_age() {
    let mut world = forgetting_deployments(1);
    let deployments = |world: &World| -> Vec<(u64, String)> {
        let all = world.deployments_of("default", "web");
        all.map(|it| (it.job_version, it.status)).collect()
    };
    let done = |version| (version, "successful".to_owned());
    world.run(&service("web", 1).build().unwrap());
    world.pass(1);
    // A change in place takes what runs over into the new deployment.
    world.register(&service("web", 1).priority(60).build().unwrap());
    world.settle();
    let live = world.live("web");
    world.judge(&live, true);
    world.pass(1);
    assert_eq!(deployments(&world), [done(1), done(0)]);
    world.pass(590);
    assert_eq!(deployments(&world), [done(1), done(0)]);
    world.pass(20);
    // What runs is of the latest one, which stays as long as that does.
    assert_eq!((deployments(&world), world.next()), (vec![done(1)], None));
    world.tell(DeregisterJob { job_id: "web".into(), ..DeregisterJob::default() });
    world.settle();
    let ended: Vec<String> = world.allocations_of("default", "web").map(|it| it.id()).collect();
    world.report(&ended, ClientStatus::Complete);
    world.settle();
    world.pass(1_000);
    assert_eq!(deployments(&world), [done(1)]);
    world.tell(CollectGarbage {});
    assert_eq!(deployments(&world), []);
    world.settle();
}

/// While canaries wait, what fails is replaced by the version of the latest deployment without any (docs/lifecycle.md,
/// section 2): that deployment is not forgotten, though nothing of it was ever placed.
#[test]
fn a_deployment_that_replacements_go_back_to_is_not_forgotten_while_canaries_wait() {
    let mut world = forgetting_deployments(2);
    let job = |version: &str, datacenter: &str, canary| {
        let job = service("web", 1).build().unwrap();
        let changed = job.changed(|spec| {
            spec.datacenters = vec![datacenter.to_owned()];
            let group = &mut spec.task_groups[0];
            let max_parallel = Some(i64::from(datacenter != "dc1"));
            group.update = Some(UpdateStrategy { max_parallel, canary, ..Default::default() });
            group.tasks[0].meta.insert("version".into(), version.into());
        });
        changed.unwrap()
    };
    let versions = |world: &World| -> Vec<u64> {
        world.deployments_of("default", "web").map(|it| it.job_version).collect()
    };
    let look = |world: &mut World| {
        world.tell(EvaluateJob { job_id: "web".into(), ..EvaluateJob::default() });
        world.settle();
    };
    // Only the first version has a node that it may run on.
    world.run(&job("0", "dc1", None));
    for (version, canary) in [("1", None), ("2", Some(1))] {
        world.register(&job(version, "elsewhere", canary));
        world.settle();
    }
    let live = world.live("web");
    world.report(&live, ClientStatus::Failed);
    world.pass(1_000);
    assert_eq!((versions(&world), world.live("web").len(), world.next()), (vec![2, 1], 0, None));
    look(&mut world);
    world.tell(CollectGarbage {});
    look(&mut world);
    assert_eq!((versions(&world), world.live("web").len(), world.next()), (vec![2, 1], 0, None));
    // Where no canaries wait any more nothing goes back to it.
    world.register(&job("3", "elsewhere", None));
    world.pass(601);
    assert_eq!((versions(&world), world.next()), (vec![3], None));
}

/// A job that its client stops so long after it has lost its server.
fn stopped_by_clients(secs: i64) -> Job {
    let job = service("web", 1).build().unwrap();
    let stop_on_client_after = Some(Span::from_secs(secs));
    let disconnect = DisconnectStrategy { stop_on_client_after, ..DisconnectStrategy::default() };
    job.changed(|spec| spec.task_groups[0].disconnect = Some(Box::new(disconnect))).unwrap()
}

#[test]
fn what_a_client_may_still_run_is_not_forgotten_while_its_job_waits_for_that() {
    let mut world = World::new(2);
    world.run(&stopped_by_clients(30));
    let node_id = world.view(&world.live("web")[0]).unwrap().node_id().to_owned();
    world.tell(SetNodeStatus { node_id, status: "down".into() });
    world.settle();
    assert!(world.live("web").is_empty());
    world.tell(CollectGarbage {});
    world.tell(EvaluateJob { job_id: "web".into(), ..EvaluateJob::default() });
    world.settle();
    assert!(world.live("web").is_empty());
    world.pass(60);
    assert_eq!(world.live("web").len(), 1);
}

#[test]
fn nor_is_it_forgotten_at_the_age_of_what_has_ended() {
    let mut world = World::with(EngineOptions::default(), 2);
    world.run(&stopped_by_clients(7_200));
    let node_id = world.view(&world.live("web")[0]).unwrap().node_id().to_owned();
    world.tell(SetNodeStatus { node_id, status: "down".into() });
    world.settle();
    let lost: Vec<String> = world.allocations_of("default", "web").map(|it| it.id()).collect();
    // Evaluations that have ended are forgotten after an hour, with what they made.
    world.pass(7_100);
    assert!(world.allocation(&lost[0]).is_some());
    world.tell(EvaluateJob { job_id: "web".into(), ..EvaluateJob::default() });
    world.settle();
    assert!(world.live("web").is_empty());
    world.pass(200);
    assert_eq!(world.live("web").len(), 1);
    world.pass(3_600);
    assert!(world.allocation(&lost[0]).is_none());
}

/// An allocation that may come back is compared with what has its place by then, which is found from one to the next.
#[test]
fn what_took_the_place_of_what_may_come_back_is_kept() {
    for reconcile in ["keep_replacement", "keep_original"] {
        let mut world = World::with(EngineOptions::default(), 2);
        let job = service("web", 1).build().unwrap().changed(|spec| {
            let group = &mut spec.task_groups[0];
            let disconnect =
                format!(r#"{{"LostAfter": 86400000000000, "Reconcile": "{reconcile}"}}"#);
            group.disconnect = Some(serde_json::from_str(&disconnect).unwrap());
            let policy = r#"{"Unlimited": true, "Delay": 5000000000, "DelayFunction": "constant"}"#;
            group.reschedule_policy = Some(serde_json::from_str(policy).unwrap());
        });
        world.run(&job.unwrap());
        let original = world.live("web").remove(0);
        let node_id = world.view(&original).unwrap().node_id().to_owned();
        world.tell(SetNodeStatus { node_id: node_id.clone(), status: "disconnected".into() });
        world.pass(5);
        let others = |world: &World| -> Vec<String> {
            world.live("web").into_iter().filter(|id| *id != original).collect()
        };
        let first = others(&world).remove(0);
        world.report(std::slice::from_ref(&first), ClientStatus::Running);
        world.fail(&first);
        world.pass(5);
        let second = others(&world).remove(0);
        world.judge(std::slice::from_ref(&second), true);
        world.pass(8_000);
        world.tell(CollectGarbage {});
        assert!(world.view(&first).is_some(), "{reconcile}");
        for _ in 0..2 {
            world.tell(SetNodeStatus { node_id: node_id.clone(), status: "ready".into() });
            world.report(std::slice::from_ref(&original), ClientStatus::Running);
        }
        world.pass(1);
        let kept = if reconcile == "keep_original" { &original } else { &second };
        assert_eq!(world.live("web"), std::slice::from_ref(kept), "{reconcile}");
        // From then on nothing holds it.
        world.report(std::slice::from_ref(&original), ClientStatus::Complete);
        world.pass(20_000);
        assert!(world.view(&first).is_none(), "{reconcile}");
    }
}
