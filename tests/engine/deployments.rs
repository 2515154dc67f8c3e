//! Deployments: verdicts, deadlines, canaries, going back, and what people do to them.

use stowplan::Span;
use stowplan::engine::{
    DeregisterJob, EvaluateJob, FailDeployment, PauseDeployment, PromoteDeployment,
    SetAllocationHealth, SetEligibility, SetNodeStatus, StopAllocation,
};
use stowplan::model::{ClientStatus, Job, ReschedulePolicy, UpdateStrategy};

use crate::world::{World, node, service};

/// A service whose tasks have a version, with an update block.
fn job(count: u32, version: &str, update: &str) -> Job {
    let job = service("web", count).build().unwrap();
    let update: UpdateStrategy = serde_json::from_str(update).unwrap();
    job.changed(|spec| {
        let group = &mut spec.task_groups[0];
        group.update = Some(update);
        group.tasks[0].meta.insert("version".into(), version.into());
    })
    .unwrap()
}

const ROLLING: &str = r#"{"MaxParallel": 2}"#;

#[test]
fn a_new_version_rolls_as_its_allocations_become_healthy() {
    let mut world = World::new(4);
    world.run(&job(6, "0", ROLLING));
    assert_eq!(world.deployment("web").1, "Deployment completed successfully");
    assert_eq!(world.job("default", "web").unwrap().version_numbers().next(), Some((0, true)));
    world.register(&job(6, "1", ROLLING));
    world.settle();
    assert_eq!((world.running("web", 0), world.running("web", 1)), (4, 2));
    world.bring_up("web");
    assert_eq!((world.running("web", 0), world.running("web", 1)), (0, 6));
    assert_eq!(world.deployment("web").0, "successful");
    let triggers = world.evaluations("web").into_iter().map(|(trigger, _)| trigger);
    assert!(triggers.filter(|it| it == "deployment-watcher").count() >= 3);
    assert_eq!(world.next(), None);
}

#[test]
fn case_82_an_unhealthy_allocation_without_a_deadline_fails_the_deployment_and_goes_back() {
    let update = r#"{"MaxParallel": 2, "AutoRevert": true, "ProgressDeadline": 0}"#;
    let mut world = World::new(4);
    world.run(&job(4, "0", update));
    world.register(&job(4, "1", update));
    world.settle();
    let new: Vec<String> = world
        .live("web")
        .into_iter()
        .filter(|id| world.allocation(id).unwrap().job_version() == 1)
        .collect();
    world.judge(&new[..1], false);
    let failed = world.deployments_of("default", "web").find(|it| it.job_version == 1).unwrap();
    assert_eq!(
        (failed.status.as_str(), failed.status_description.as_str()),
        ("failed", "Failed due to unhealthy allocations - rolling back to job version 0")
    );
    world.settle();
    world.bring_up("web");
    assert_eq!(world.running("web", 2), 4);
}

#[test]
fn case_83_a_stable_version_with_the_same_specification_is_not_gone_back_to() {
    let update = r#"{"MaxParallel": 2, "AutoRevert": true, "ProgressDeadline": 0}"#;
    let mut world = World::new(4);
    world.run(&job(2, "0", update));
    // Neither of the next two is well; the second of them asks for what the stable one did.
    for version in ["1", "0"] {
        world.register(&job(2, version, update));
        world.settle();
        let deployment = world.deployment_id("web");
        if version == "1" {
            let pause = PauseDeployment { deployment_id: deployment, pause: true };
            world.tell(pause);
        } else {
            world.tell(FailDeployment { deployment_id: deployment });
        }
    }
    assert_eq!(
        world.deployment("web").1,
        "Deployment marked as failed - not rolling back to stable job version 0 as current job has \
         same specification"
    );
}

#[test]
fn a_deployment_that_does_not_come_further_fails_by_its_deadline_unless_it_is_held() {
    let mut world = World::new(4);
    world.run(&job(4, "0", ROLLING));
    world.register(&job(4, "1", ROLLING));
    world.settle();
    let deployment = world.deployment_id("web");
    assert_eq!(world.next(), Some(600));
    world.pass(500);
    let pause = |pause| PauseDeployment { deployment_id: deployment.clone(), pause };
    world.tell(pause(true));
    assert_eq!(world.deployment("web").1, "Deployment is paused");
    world.pass(1_000);
    assert_eq!((world.deployment("web").0.as_str(), world.next()), ("paused", None));
    let resumed = world.tell(pause(false));
    assert_eq!(world.evaluation(&resumed.evaluation_id()).triggered_by, "deployment-watcher");
    world.settle();
    assert_eq!(world.next(), Some(600));
    world.pass(600);
    assert_eq!(world.deployment("web").1, "Failed due to progress deadline");
    for error in [
        world.try_to(pause(true)).unwrap_err().to_string(),
        world.try_to(FailDeployment { deployment_id: deployment.clone() }).unwrap_err().to_string(),
    ] {
        assert!(error.ends_with("terminal deployment"), "{error}");
    }
}

#[test]
fn case_84_canaries_are_promoted_once_they_are_well() {
    let update = r#"{"MaxParallel": 4, "Canary": 2}"#;
    let mut world = World::new(4);
    world.run(&job(4, "0", update));
    world.register(&job(4, "1", update));
    world.settle();
    assert_eq!(world.deployment("web").1, "Deployment is running but requires manual promotion");
    assert_eq!((world.running("web", 0), world.running("web", 1)), (4, 2));
    let deployment = world.deployment_id("web");
    let promote = PromoteDeployment {
        deployment_id: deployment.clone(),
        all: true,
        ..PromoteDeployment::default()
    };
    let before = world.dump();
    let error = world.try_to(promote.clone()).unwrap_err().to_string();
    assert_eq!(error, "Task group \"front\" has 0/2 healthy allocations");
    assert!(world.dump() == before, "a refused promotion changes something");
    world.bring_up("web");
    assert_eq!((world.running("web", 0), world.running("web", 1)), (4, 2));
    world.tell(promote.clone());
    world.settle();
    world.bring_up("web");
    assert_eq!((world.running("web", 0), world.running("web", 1)), (0, 4));
    assert_eq!(world.deployment("web").0, "successful");
    let error = world.try_to(promote).unwrap_err().to_string();
    assert_eq!(error, "can't promote terminal deployment");
}

/// Canaries are for what runs an earlier version (docs/lifecycle.md, section 3, *Canaries*): where all of it has
/// left, a pass replaces what had failed, and the next one has something to place a canary for.
#[test]
fn canaries_lost_with_all_that_was_there_come_once_something_is_replaced() {
    let update = r#"{"MaxParallel": 2, "Canary": 1}"#;
    let job = |version: &str| {
        let job = job(2, version, update);
        job.changed(|spec| {
            let policy = ReschedulePolicy {
                unlimited: Some(true),
                delay: Some(Span::from_secs(3_600)),
                max_delay: Some(Span::from_secs(3_600)),
                delay_function: "constant".into(),
                ..ReschedulePolicy::default()
            };
            spec.task_groups[0].reschedule_policy = Some(policy);
        })
        .unwrap()
    };
    let mut world = World::new(1);
    world.run(&job("0"));
    world.run(&job("1"));
    assert_eq!((world.running("web", 0), world.running("web", 1)), (2, 1));
    let old =
        world.live("web").into_iter().filter(|id| world.allocation(id).unwrap().job_version() == 0);
    let old: Vec<String> = old.collect();
    world.fail(&old[0]);
    world.tell(SetNodeStatus { node_id: "n1".into(), status: "down".into() });
    world.settle();
    assert_eq!(world.live("web").len(), 0);
    world.pass(3_600);
    world.join(&node("n2"));
    world.settle();
    assert_eq!((world.running("web", 0), world.running("web", 1)), (1, 0));
    world.tell(EvaluateJob { job_id: "web".into(), ..EvaluateJob::default() });
    world.settle();
    assert_eq!((world.running("web", 0), world.running("web", 1)), (1, 1));
}

#[test]
fn canaries_that_are_well_are_promoted_by_themselves_where_the_job_says_so() {
    let update = r#"{"MaxParallel": 4, "Canary": 1, "AutoPromote": true}"#;
    let mut world = World::new(4);
    world.run(&job(4, "0", update));
    world.run(&job(4, "1", update));
    assert_eq!(world.running("web", 1), 4);
    assert_eq!(world.deployment("web").0, "successful");
}

#[test]
fn people_judge_allocations() {
    let mut world = World::new(4);
    world.register(&job(2, "0", ROLLING));
    world.settle();
    let (deployment, live) = (world.deployment_id("web"), world.live("web"));
    let judge = |healthy: &[String], unhealthy: &[String]| SetAllocationHealth {
        deployment_id: deployment.clone(),
        healthy: healthy.to_vec(),
        unhealthy: unhealthy.to_vec(),
    };
    let error = world.try_to(judge(&[], &[])).unwrap_err().to_string();
    assert_eq!(error, "must specify at least one healthy/unhealthy allocation ID");
    assert!(world.try_to(judge(&["a1".into()], &[])).is_err());
    let applied = world.tell(judge(&live[..1], &[]));
    assert_eq!(applied.deployment_modify_index, applied.index);
    world.settle();
    let group = &world.deployments_of("default", "web").next().unwrap().task_groups["front"];
    assert_eq!((group.healthy_allocs, group.unhealthy_allocs), (1, 0));
    world.tell(judge(&[], &live[1..]));
    assert_eq!(world.deployment("web").1, "Failed due to unhealthy allocations");
}

#[test]
fn what_failed_under_a_deployment_that_went_well_is_replaced_by_its_policy() {
    let mut world = World::new(4);
    world.register(&job(2, "0", ROLLING));
    world.settle();
    let live = world.live("web");
    world.judge(&live[..1], true);
    world.pass(1);
    // It was found well before, so that the deployment goes on without it.
    world.report(&live[..1], ClientStatus::Failed);
    world.pass(1);
    assert_eq!(world.deployment("web").0, "running");
    assert_eq!(world.live("web"), live[1..]);
    world.judge(&live[1..], true);
    world.pass(1);
    assert_eq!(world.deployment("web").0, "successful");
    // From now on its policy says when it is replaced: after 30 s.
    assert_eq!(world.live("web").len(), 1);
    assert!(world.next().is_some_and(|secs| (1..=30).contains(&secs)), "{:?}", world.next());
    world.pass(30);
    assert_eq!(world.live("web").len(), 2);
    let replaced = world.allocation(&live[0]).unwrap();
    assert_eq!(replaced.desired_description, "alloc was rescheduled because it failed");
}

/// What is missing while a deployment is paused is held back, and does not keep it from ending well.
#[test]
fn what_a_paused_deployment_held_back_is_looked_for_once_it_has_ended() {
    let mut world = World::new(1);
    world.register(&job(1, "0", ROLLING));
    world.settle();
    let placed = world.live("web");
    let deployment = world.deployment_id("web");
    world.tell(PauseDeployment { deployment_id: deployment.clone(), pause: true });
    let full = SetEligibility { node_id: "n1".into(), eligibility: "ineligible".into() };
    world.tell(full);
    world.tell(StopAllocation { allocation_id: placed[0].clone(), ..StopAllocation::default() });
    world.settle();
    assert!(world.live("web").is_empty());
    // It runs still, and is well, which is all that the deployment waits for.
    world.judge(&placed, true);
    world.pass(1);
    let ended = world.deployments_of("default", "web").find(|it| it.id == deployment).unwrap();
    assert_eq!(ended.status, "successful");
    let is_blocked = |(_, status): &(String, String)| status == "blocked";
    assert_eq!(world.evaluations("web").iter().filter(|it| is_blocked(it)).count(), 1);
    world.join(&node("n2"));
    world.settle();
    assert_eq!(world.live("web").len(), 1);
}

/// The same of what a service has completed by itself meanwhile.
#[test]
fn what_ended_while_a_deployment_was_paused_is_replaced_once_that_has_ended() {
    let mut world = World::new(1);
    world.register(&job(2, "0", ROLLING));
    world.settle();
    let placed = world.live("web");
    world.tell(PauseDeployment { deployment_id: world.deployment_id("web"), pause: true });
    world.judge(&placed[..1], true);
    world.pass(1);
    world.report(&placed[..1], ClientStatus::Complete);
    world.pass(1);
    assert_eq!(world.live("web").len(), 1);
    world.judge(&placed[1..], true);
    world.pass(1);
    assert_eq!(world.live("web").len(), 2);
}

/// Verdicts carry the time of clients, whose clocks may be slow, and which may report late.
#[test]
fn a_verdict_of_long_ago_takes_no_time_from_a_deployment() {
    let mut world = World::new(4);
    world.register(&job(
        3,
        "0",
        r#"{"MaxParallel": 1, "HealthyDeadline": 60000000000, "ProgressDeadline": 300000000000}"#,
    ));
    world.settle();
    let live = world.live("web");
    let until = |world: &World| {
        let deployment = world.deployments_of("default", "web").next().unwrap();
        deployment.task_groups["front"].require_progress_by.unwrap().since(world.now())
    };
    assert_eq!(until(&world), Span::from_secs(300));
    world.secs += 10;
    world.judge_at(&live[..1], true, Some(world.now() - Span::from_secs(400)));
    world.settle();
    assert_eq!(
        (until(&world), world.deployment("web").0.as_str()),
        (Span::from_secs(290), "running")
    );
    world.judge_at(&live[1..2], true, Some(world.now()));
    world.judge_at(&live[2..], true, Some(world.now() - Span::from_secs(200)));
    assert_eq!(until(&world), Span::from_secs(300));
}

/// A job of two groups with a canary each, of which one has a version of its own.
fn two_groups(version: &str, promotes_first: bool) -> Job {
    let group = |job: stowplan::model::JobBuilder, name: &str| {
        job.group(name, 1, |g| g.task("nginx", "docker", |t| t.cpu_shares(100).memory_mb(64)))
    };
    let job = group(group(Job::builder("web"), "a"), "b").build().unwrap();
    job.changed(|spec| {
        for (group, promotes) in spec.task_groups.iter_mut().zip([promotes_first, true]) {
            let update = format!(r#"{{"MaxParallel": 1, "Canary": 1, "AutoPromote": {promotes}}}"#);
            group.update = Some(serde_json::from_str(&update).unwrap());
            group.tasks[0].meta.insert("version".into(), version.into());
        }
    })
    .unwrap()
}

/// What was promoted by hand holds the other canaries up no more, whatever has become of its own, or says of promoting
/// by itself.
#[test]
fn canaries_are_promoted_by_themselves_beside_a_group_that_was_promoted_by_hand() {
    for promotes_first in [true, false] {
        let mut world = World::new(4);
        world.run(&two_groups("0", promotes_first));
        world.register(&two_groups("1", promotes_first));
        world.settle();
        let canary = |world: &World, group: &str| {
            let live = world.live("web").into_iter();
            let mut of_group = live.filter(|id| {
                let it = world.allocation(id).unwrap();
                (it.job_version(), it.task_group.as_str()) == (1, group)
            });
            of_group.next().unwrap()
        };
        let (a, b) = (canary(&world, "a"), canary(&world, "b"));
        world.judge(std::slice::from_ref(&a), true);
        let (deployment_id, groups) = (world.deployment_id("web"), vec!["a".into()]);
        world.tell(PromoteDeployment { deployment_id, groups, ..PromoteDeployment::default() });
        world.settle();
        assert_eq!(world.deployment("web").1, "Deployment is running pending automatic promotion");
        world.tell(StopAllocation { allocation_id: a, ..StopAllocation::default() });
        world.settle();
        let deadline = |world: &World| {
            let deployment = world.deployments_of("default", "web").next().unwrap();
            deployment.task_groups["a"].require_progress_by
        };
        let before = deadline(&world);
        world.pass(2);
        world.judge(&[b], true);
        world.pass(1);
        let latest = world.deployments_of("default", "web").next().unwrap();
        assert!(latest.task_groups["b"].promoted, "{promotes_first}");
        assert_eq!(deadline(&world), before, "what was promoted before stays as it is");
    }
}

#[test]
fn what_is_new_of_a_deployment_goes_with_it() {
    let mut world = World::new(1);
    world.register(&job(2, "0", ROLLING));
    world.settle();
    let live = world.live("web");
    world.judge(&live[..1], true);
    world.tell(DeregisterJob { job_id: "web".into(), purge: true, ..DeregisterJob::default() });
    world.register(&service("db", 1).build().unwrap());
    world.pass(1);
    // Its deployment has the slot of the one before.
    assert_eq!(world.evaluations("db"), [("job-register".into(), "complete".into())]);
}
