//! Jobs: registering, scaling, going back, stopping.

use stowplan::Span;
use stowplan::engine::{
    DeleteNodePool, DeregisterJob, DrainNode, DrainSpec, EvalOptions, EvaluateJob,
    PromoteDeployment, RegisterJob, RevertJob, ScaleJob, SetJobStability, Topic, UpsertNodePool,
};
use stowplan::model::{ClientStatus, Job, JobType, NodePool, UpdateStrategy};

use crate::world::{World, node, service};

/// The job `sum`, of as many allocations.
fn batch(count: u32, cpu: i64) -> Job {
    let job = Job::builder("sum").job_type(JobType::Batch);
    job.group("front", count, |g| g.task("add", "docker", |t| t.cpu_shares(cpu).memory_mb(64)))
        .build()
        .unwrap()
}

fn look(world: &mut World, job_id: &str) {
    world.tell(EvaluateJob { job_id: job_id.into(), ..EvaluateJob::default() });
    world.settle();
}

fn call_stable(world: &mut World, job_id: &str, job_version: u64) {
    let job_id = job_id.into();
    world.tell(SetJobStability { job_id, job_version, stable: true, ..SetJobStability::default() });
}

/// Drains a node and leaves it no time: that ends batch work for good (docs/lifecycle.md, section 3,
/// *Migrations*).
fn drain_at_once(world: &mut World, node_id: &str) {
    let drain_spec = Some(DrainSpec { deadline: Span::from_secs(-1), ..DrainSpec::default() });
    world.tell(DrainNode { node_id: node_id.into(), drain_spec, ..DrainNode::default() });
    world.settle();
}

#[test]
fn registering_makes_a_version_and_an_evaluation_at_one_index() {
    let mut world = World::new(1);
    let job = service("web", 2).build().unwrap();
    let applied = world.register(&job);
    assert_eq!((applied.index, applied.job_modify_index), (2, 2));
    let evaluation = world.evaluation(&applied.evaluation_id());
    assert_eq!(evaluation.triggered_by, "job-register");
    assert_eq!((evaluation.create_index, evaluation.job_modify_index), (2, 2));
    assert_eq!((evaluation.priority, evaluation.evaluation_type.as_str()), (50, "service"));
    let topics: Vec<Topic> = world.events(1).iter().map(|event| event.topic).collect();
    assert_eq!(topics, [Topic::Job, Topic::Evaluation, Topic::JobSummary]);
    // Registered again as it is, it is the same version, and looked at anew.
    let again = world.register(&job);
    assert_eq!((again.job_modify_index, again.evaluation_create_index), (2, again.index));
    assert_eq!(world.job("default", "web").unwrap().versions().count(), 1);
}

#[test]
fn registering_warns_of_what_is_not_heeded_as_a_dry_run_does() {
    let mut world = World::new(1);
    let job = service("web", 2).build().unwrap();
    assert_eq!(world.register(&job).warnings, "");
    let odd = job.changed(|spec| {
        for group in &mut spec.task_groups {
            group.stop_after_client_disconnect = Some(Span::from_secs(60));
        }
    });
    let odd = odd.unwrap();
    let spec = odd.spec().clone();
    let planned = world.snapshot().dry_run(world.options(), spec, world.now()).unwrap();
    let warnings = world.register(&odd).warnings;
    assert!(warnings.contains("StopAfterClientDisconnect is not heeded any more"), "{warnings}");
    assert_eq!(planned.reply(false).warnings, warnings);
}

#[test]
fn a_service_gets_the_blocks_that_a_real_agent_gives_it() {
    let mut world = World::new(0);
    world.register(&service("web", 2).build().unwrap());
    let web = world.job("default", "web").unwrap().versions().next().unwrap().clone();
    let group = &web.task_groups[0];
    assert_eq!(group.update.as_ref().unwrap().max_parallel(), 1);
    assert!(group.reschedule_policy.as_ref().unwrap().unlimited());
}

#[test]
fn a_job_of_another_index_is_not_registered() {
    let mut world = World::new(0);
    let job = service("web", 1).build().unwrap().spec().clone();
    let mut enforce = |index| {
        let body =
            RegisterJob { enforce_index: true, job_modify_index: index, ..job.clone().into() };
        world.try_to(body).map(|applied| applied.job_modify_index).map_err(|it| it.to_string())
    };
    let missing = "Enforcing job modify index 5: job does not exist";
    assert_eq!(enforce(5), Err(missing.into()));
    assert_eq!(enforce(0), Ok(1));
    assert_eq!(enforce(0), Err("Enforcing job modify index 0: job already exists".into()));
    let conflict = "Enforcing job modify index 7: job exists with conflicting job modify index: 1";
    assert_eq!(enforce(7), Err(conflict.into()));
    assert_eq!(enforce(1), Ok(1));
}

#[test]
fn counts_are_kept_where_they_are_to_be() {
    let mut world = World::new(0);
    world.register(&service("web", 3).build().unwrap());
    let body = RegisterJob {
        preserve_counts: true,
        ..service("web", 9).meta("version", "2").build().unwrap().spec().clone().into()
    };
    world.tell(body);
    let job = world.job("default", "web").unwrap();
    let counts: Vec<u32> = job.versions().map(|job| job.task_groups[0].count()).collect();
    assert_eq!(counts, [3, 3]);
}

#[test]
fn a_job_is_scaled_within_its_bounds() {
    let mut world = World::new(0);
    // A service would be on its way to its first version.
    world.register(&service("web", 3).job_type(JobType::Batch).build().unwrap());
    let scale = |group: &str, count| ScaleJob {
        job_id: "web".into(),
        count,
        target: [("Group".to_owned(), group.to_owned())].into_iter().collect(),
        ..ScaleJob::default()
    };
    let applied = world.tell(scale("front", Some(5)));
    assert_eq!(world.evaluation(&applied.evaluation_id()).triggered_by, "job-scaling");
    let job = world.job("default", "web").unwrap();
    assert_eq!(job.versions().next().unwrap().task_groups[0].count(), 5);
    for (body, error) in [
        (scale("", Some(1)), "missing task group name for scaling action"),
        (scale("back", Some(1)), "task group \"back\" specified for scaling does not exist in job"),
        (scale("front", Some(-1)), "scaling action count can't be negative"),
        (ScaleJob { job_id: "db".into(), ..scale("front", None) }, "job not found"),
        (
            ScaleJob { error: true, ..scale("front", Some(1)) },
            "scaling action should not contain count if error is true",
        ),
    ] {
        assert_eq!(world.try_to(body).unwrap_err().to_string(), error);
    }
    // A note alone makes no version and no evaluation.
    let noted = world.tell(ScaleJob { message: "soon".into(), ..scale("front", None) });
    assert!(noted.evaluation_ids().is_empty());
    assert_eq!(world.job("default", "web").unwrap().versions().count(), 2);
}

#[test]
fn a_job_goes_back_to_an_earlier_version_as_a_new_one() {
    let mut world = World::new(0);
    for count in [1, 2] {
        world.register(&service("web", count).build().unwrap());
    }
    let back =
        |version| RevertJob { job_id: "web".into(), job_version: version, ..RevertJob::default() };
    for (body, error) in [
        (back(1), "can't revert to current version"),
        (back(9), "job \"web\" in namespace \"default\" at version 9 not found"),
        (
            RevertJob { enforce_prior_version: Some(0), ..back(0) },
            "Current job has version 1; enforcing version 0",
        ),
    ] {
        assert_eq!(world.try_to(body).unwrap_err().to_string(), error);
    }
    let applied = world.tell(back(0));
    assert_eq!(applied.reverted_job_version, Some(0));
    let job = world.job("default", "web").unwrap();
    let versions: Vec<(u64, u32)> =
        job.versions().map(|job| (job.version, job.task_groups[0].count())).collect();
    assert_eq!(versions, [(2, 1), (1, 2), (0, 1)]);
    let stable = SetJobStability {
        job_id: "web".into(),
        job_version: 0,
        stable: true,
        ..SetJobStability::default()
    };
    world.tell(stable.clone());
    let job = world.job("default", "web").unwrap();
    assert_eq!(job.version_numbers().last(), Some((0, true)));
    assert!(world.try_to(SetJobStability { job_version: 8, ..stable }).is_err());
}

#[test]
fn a_version_that_is_called_stable_or_not_is_the_present_one() {
    let mut world = World::new(2);
    for count in [1, 2, 3] {
        world.run(&service("web", count).build().unwrap());
    }
    let call = |version, stable| SetJobStability {
        job_id: "web".into(),
        job_version: version,
        stable,
        ..SetJobStability::default()
    };
    let of = |world: &World| {
        let document = world.job("default", "web").unwrap().document().unwrap();
        (document.version, document.modify_index, document.status)
    };
    let before = (of(&world), world.evaluations("web").len());
    // Nothing changes where it is so already.
    world.tell(call(1, false));
    assert_eq!(of(&world), before.0);
    let applied = world.tell(call(1, true));
    assert_eq!(of(&world), (1, applied.index, "running".into()));
    assert_eq!((world.evaluations("web").len(), world.running("web", 2)), (before.1, 3));
    let numbers: Vec<(u64, bool)> =
        world.job("default", "web").unwrap().version_numbers().collect();
    assert_eq!(numbers, [(2, false), (1, true), (0, true)]);
    // What would be registered is compared with it, and gets the next number.
    let spec = |count| service("web", count).build().unwrap().spec().clone();
    let dry_run =
        |world: &World, count| world.snapshot().dry_run(world.options(), spec(count), world.now());
    let same = dry_run(&world, 2).unwrap();
    assert_eq!((same.diff.diff_type.as_str(), same.job.version), ("None", 1));
    let registered_at = world.job("default", "web").unwrap().present_version().unwrap();
    assert_eq!(same.job_modify_index, registered_at.job_modify_index);
    assert_eq!(same.annotations.desired_tg_updates["front"].stop, 1);
    let changed = dry_run(&world, 3).unwrap();
    assert_eq!((changed.diff.diff_type.as_str(), changed.job.version), ("Edited", 3));
    // It is kept in saved states, and the next look brings the job to it.
    let saved: Vec<u8> = world.snapshot().save().flatten().collect();
    let loaded = stowplan::engine::Engine::load(&saved).unwrap();
    assert_eq!(loaded.job("default", "web").unwrap().document().unwrap().version, 1);
    world.tell(EvaluateJob { job_id: "web".into(), ..EvaluateJob::default() });
    world.settle();
    assert_eq!((world.running("web", 1), world.live("web").len()), (2, 2));
    let back =
        |version| RevertJob { job_id: "web".into(), job_version: version, ..RevertJob::default() };
    assert!(world.try_to(back(1)).is_err());
    world.tell(back(2));
    assert_eq!(of(&world).0, 3);
    assert_eq!(world.check(), Ok(()));
}

/// Only what an older version than the present one has done is to be done again (docs/lifecycle.md, section 3,
/// step 3): that of a later one counts, unless other tasks have done it or a drain has ended it for good.
#[test]
fn what_a_later_version_than_the_present_one_has_done_counts() {
    for (count, other_cpu, expected) in [(2, 500, 0), (3, 500, 1), (2, 400, 2)] {
        let mut world = World::new(1);
        for job in [batch(count, 500), batch(4, other_cpu)] {
            world.register(&job);
            world.settle();
        }
        let live = world.live("sum");
        assert_eq!((live.len(), world.running("sum", 1)), (4, 4));
        world.report(&live[..2], ClientStatus::Complete);
        world.settle();
        world.join(&node("n2"));
        drain_at_once(&mut world, "n1");
        look(&mut world, "sum");
        assert_eq!(world.live("sum").len(), 0);
        call_stable(&mut world, "sum", 0);
        for _ in 0..2 {
            look(&mut world, "sum");
            assert_eq!((world.live("sum").len(), world.running("sum", 0)), (expected, expected));
        }
        // Registered anew it is a later version than all of them, and does all of its work.
        world.register(&batch(4, other_cpu));
        world.settle();
        assert_eq!((world.live("sum").len(), world.running("sum", 2)), (4, 4));
    }
}

/// Where an earlier version is called stable, what a drain has ended of it for good counts still, and what a
/// later one runs is more than the count: that stops, and at once (docs/lifecycle.md, section 13).
#[test]
fn what_a_drain_has_ended_for_good_leaves_no_room_for_a_later_version() {
    let mut world = World::new(1);
    world.register(&batch(3, 500));
    world.settle();
    drain_at_once(&mut world, "n1");
    world.join(&node("n2"));
    world.register(&batch(3, 400));
    world.settle();
    assert_eq!((world.live("sum").len(), world.running("sum", 1)), (3, 3));
    call_stable(&mut world, "sum", 0);
    for _ in 0..3 {
        look(&mut world, "sum");
        assert_eq!(world.live("sum").len(), 0);
    }
}

/// A deployment that was cancelled for a newer version stays so where its version is made the present one
/// (docs/lifecycle.md, section 13): a new one begins, whose canaries are counted and can be promoted.
#[test]
fn a_version_that_is_made_the_present_one_again_has_a_deployment_of_its_own() {
    let mut world = World::new(2);
    let job = |max_parallel, cpu| {
        let job = service("web", 3).build().unwrap();
        job.changed(|spec| {
            let group = &mut spec.task_groups[0];
            group.update = Some(UpdateStrategy {
                max_parallel: Some(max_parallel),
                canary: Some(max_parallel),
                ..UpdateStrategy::default()
            });
            group.tasks[0].resources.as_mut().unwrap().cpu = Some(cpu);
        })
        .unwrap()
    };
    let look = |world: &mut World| {
        look(world, "web");
        (world.running("web", 0), world.running("web", 1))
    };
    world.register(&job(1, 500));
    world.settle();
    // Without a limit there is no deployment (section 3, *Creation of a deployment*).
    world.run(&job(0, 400));
    let cancelled = (world.deployment_id("web"), world.deployment("web"));
    assert_eq!(cancelled.1.1, "Cancelled due to newer version of job");
    call_stable(&mut world, "web", 0);
    assert_eq!([look(&mut world), look(&mut world), look(&mut world)], [(1, 3); 3]);
    let deployment_id = world.deployment_id("web");
    assert_ne!(deployment_id, cancelled.0);
    world.bring_up("web");
    world.tell(PromoteDeployment { deployment_id, all: true, ..PromoteDeployment::default() });
    world.settle();
    world.bring_up("web");
    assert_eq!((world.running("web", 0), world.live("web").len()), (3, 3));
    assert_eq!(world.deployment("web").0, "successful");
}

#[test]
fn stopping_makes_a_version_each_time_and_purging_forgets() {
    let mut world = World::new(0);
    let stop = |purge| DeregisterJob { job_id: "web".into(), purge, ..DeregisterJob::default() };
    // A job that is not there is looked at nevertheless, as in the original.
    let applied = world.tell(stop(false));
    let evaluation = world.evaluation(&applied.evaluation_id());
    assert_eq!((evaluation.priority, evaluation.triggered_by.as_str()), (50, "job-deregister"));
    world.register(&service("web", 1).job_type(JobType::Batch).priority(70).build().unwrap());
    for versions in [2, 3] {
        let applied = world.tell(stop(false));
        let evaluation = world.evaluation(&applied.evaluation_id());
        assert_eq!((evaluation.priority, evaluation.evaluation_type.as_str()), (70, "service"));
        let job = world.job("default", "web").unwrap();
        assert_eq!(job.versions().count(), versions);
        assert!(job.versions().next().unwrap().stop);
    }
    world.tell(stop(true));
    assert!(!world.job("default", "web").unwrap().is_registered());
}

#[test]
fn a_job_is_evaluated_by_hand() {
    let mut world = World::new(0);
    let evaluate = EvaluateJob {
        job_id: "web".into(),
        eval_options: EvalOptions { force_reschedule: true },
        ..EvaluateJob::default()
    };
    assert_eq!(world.try_to(evaluate.clone()).unwrap_err().to_string(), "job not found");
    world.register(&service("web", 1).build().unwrap());
    let applied = world.tell(evaluate);
    assert_eq!(applied.job_modify_index, 1);
    assert_eq!(world.evaluation(&applied.evaluation_id()).triggered_by, "job-register");
}

/// The service `web` with a value in the metadata of its task.
fn web(value: u64) -> Job {
    let job = service("web", 1).build().unwrap();
    let changed = job.changed(|spec| {
        let task = &mut spec.task_groups[0].tasks[0];
        task.meta.insert("value".into(), value.to_string());
    });
    changed.unwrap()
}

fn versions(world: &World) -> Vec<u64> {
    world.job("default", "web").unwrap().version_numbers().map(|(number, _)| number).collect()
}

/// A stopped version is as stable as the one that it stops, and none to go back to.
#[test]
fn the_latest_stable_version_is_kept_though_the_job_was_stopped_since() {
    let mut world = World::new(1);
    world.register(&web(0));
    call_stable(&mut world, "web", 0);
    world.tell(DeregisterJob { job_id: "web".into(), ..DeregisterJob::default() });
    (2..=8).for_each(|value| _ = world.register(&web(value)));
    assert_eq!(versions(&world), [8, 7, 6, 5, 4, 3, 0]);
}

#[test]
fn a_version_with_a_tag_is_kept() {
    let mut world = World::new(1);
    let tagged = web(0).changed(|spec| {
        _ = spec.extra.insert("VersionTag".into(), serde_json::json!({"Name": "first"}));
    });
    world.register(&tagged.unwrap());
    (1..=8).for_each(|value| _ = world.register(&web(value)));
    assert_eq!(versions(&world), [8, 7, 6, 5, 4, 3, 0]);
    world.tell(RevertJob { job_id: "web".into(), job_version: 0, ..RevertJob::default() });
}

#[test]
fn a_job_does_not_go_back_to_a_version_that_would_be_refused() {
    let mut world = World::new(1);
    let pool = |name: &str| NodePool { name: name.into(), ..NodePool::default() };
    world.tell(UpsertNodePool { pool: pool("x") });
    world.register(&web(0).changed(|spec| spec.node_pool = "x".into()).unwrap());
    world.register(&web(1));
    world.tell(DeleteNodePool { name: "x".into() });
    let back = RevertJob { job_id: "web".into(), job_version: 0, ..RevertJob::default() };
    let error = world.try_to(back).unwrap_err().to_string();
    assert_eq!(error, r#"job "web" is in nonexistent node pool "x""#);
    assert_eq!(versions(&world), [1, 0]);
}
