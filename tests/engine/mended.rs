//! What was found wrong once: each test is of one thing.

use stowplan::engine::{
    AllocationCommandError, AllocationUpdate, CollectGarbage, CommandError, DeleteEvaluations,
    DeleteNamespace, DeregisterJob, EvaluateNode, PauseDeployment, PromoteDeployment, RegisterJob,
    RevertJob, SetNodeStatus, SetSchedulerConfiguration, Topic, UpdateAllocations, UpsertNamespace,
    UpsertNodePool,
};
use stowplan::model::{
    ClientStatus, Job, JobSpec, JobType, Namespace, NodePool, ParameterizedJobConfig,
    PreemptionConfig, SchedulerConfiguration, UpdateStrategy,
};

use crate::world::{World, service};

fn purge(world: &mut World, job_id: &str) {
    world.tell(DeregisterJob { job_id: job_id.into(), purge: true, ..DeregisterJob::default() });
    world.settle();
}

#[test]
fn what_a_client_knows_for_longer_does_not_keep_the_rest_from_being_told() {
    let mut world = World::new(1);
    world.run(&service("web", 2).build().unwrap());
    let mut told: Vec<AllocationUpdate> = world
        .live("web")
        .iter()
        .map(|id| AllocationUpdate::new(id, ClientStatus::Complete))
        .collect();
    told.insert(0, AllocationUpdate::new("forgotten", ClientStatus::Running));
    world.tell(UpdateAllocations { allocations: told });
    world.settle();
    let summary = world.job("default", "web").unwrap().summary().unwrap();
    assert_eq!(summary.summary["front"].complete, 2);
}

#[test]
fn a_node_says_nothing_of_another_nodes_allocations() {
    let mut world = World::new(2);
    world.run(&service("web", 1).build().unwrap());
    let id = world.live("web").remove(0);
    let on = world.view(&id).unwrap().node_id().to_owned();
    let other = if on == "n1" { "n2" } else { "n1" };
    let update = |node_id: &str| UpdateAllocations {
        allocations: vec![AllocationUpdate {
            node_id: node_id.into(),
            ..AllocationUpdate::new(&id, ClientStatus::Failed)
        }],
    };
    let expected =
        AllocationCommandError::ForeignNode { id: id.clone(), node_id: other.to_owned() };
    let error = world.try_to(update(other)).unwrap_err();
    assert_eq!(error, CommandError::Allocation(expected));
    world.tell(update(&on));
}

#[test]
fn a_job_that_was_purged_begins_anew() {
    let mut world = World::new(1);
    let job = service("web", 3).job_type(JobType::Batch).build().unwrap();
    world.register(&job);
    world.settle();
    let first = world.live("web");
    world.report(&first[..2], ClientStatus::Complete);
    world.settle();
    purge(&mut world, "web");
    let registered = world.register(&job);
    let summary = world.job("default", "web").unwrap().summary().unwrap();
    let counts = &summary.summary["front"];
    assert_eq!((counts.complete, counts.starting, summary.create_index), (0, 0, registered.index));
    // What is left of the one before is none of its.
    world.report(&first[2..], ClientStatus::Complete);
    world.settle();
    let summary = world.job("default", "web").unwrap().summary().unwrap();
    assert_eq!((summary.summary["front"].complete, summary.summary["front"].starting), (0, 3));
}

#[test]
fn a_sysbatch_job_that_was_purged_runs_anew_on_every_node() {
    let mut world = World::new(2);
    let job = service("web", 1).job_type(JobType::Sysbatch).build().unwrap();
    world.register(&job);
    world.settle();
    let first = world.live("web");
    world.report(&first, ClientStatus::Running);
    purge(&mut world, "web");
    assert!(world.live("web").is_empty());
    world.register(&job);
    world.settle();
    let second = world.live("web");
    assert!(second.len() == 2 && !second.iter().any(|id| first.contains(id)));
    // What it has run itself is not run again.
    world.report(&second, ClientStatus::Complete);
    world.register(&job);
    world.settle();
    assert!(world.live("web").is_empty());
}

#[test]
fn what_a_purged_job_left_stops_though_its_name_is_taken_at_once() {
    let mut world = World::new(1);
    let job = service("web", 2).build().unwrap();
    world.run(&job);
    let first = world.live("web");
    let purge = DeregisterJob { purge: true, ..DeregisterJob::default() };
    world.tell(DeregisterJob { job_id: "web".into(), ..purge });
    world.report(&first[..1], ClientStatus::Complete);
    world.register(&job);
    world.settle();
    let second = world.live("web");
    assert!(second.len() == 2 && !second.iter().any(|id| first.contains(id)));
    assert!(world.allocation(&first[0]).is_none());
    let left = world.allocation(&first[1]).unwrap();
    let told = (left.desired_status.as_str(), left.desired_description.as_str());
    assert_eq!(told, ("stop", "alloc not needed due to job update"));
    world.report(&first[1..], ClientStatus::Complete);
    assert!(world.allocation(&first[1]).is_none());
}

#[test]
fn what_is_left_of_a_purged_job_goes_when_its_client_has_ended() {
    let mut world = World::new(1);
    world.run(&service("web", 2).build().unwrap());
    let ids = world.live("web");
    purge(&mut world, "web");
    assert_eq!(world.allocations_on("n1").count(), 2);
    let applied = world.report(&ids[..1], ClientStatus::Complete);
    assert_eq!((world.allocation(&ids[0]), applied.evaluation_id().as_str()), (None, ""));
    assert!(world.events(applied.index - 1).iter().any(|it| it.key == ids[0] && it.is_gone));
    // Also when another job has its name by then.
    world.register(&service("web", 1).build().unwrap());
    world.settle();
    world.report(&ids[1..], ClientStatus::Complete);
    world.settle();
    assert!(world.allocation(&ids[1]).is_none() && world.live("web").len() == 1);
}

/// A job that fills a node of 4000 MHz.
fn filling(id: &str, priority: i64) -> Job {
    let job = Job::builder(id).priority(priority);
    let job = job.group("g", 1, |g| g.task("t", "docker", |t| t.cpu_shares(3_900).memory_mb(64)));
    job.build().unwrap()
}

#[test]
fn who_waits_for_room_is_woken_when_a_client_has_ended_what_was_purged() {
    let mut world = World::new(1);
    world.run(&filling("low", 50));
    world.register(&filling("next", 50));
    world.settle();
    let leaving = world.live("low");
    purge(&mut world, "low");
    assert_eq!((world.stats().blocked, world.live("next").len()), (1, 0));
    world.report(&leaving, ClientStatus::Complete);
    world.settle();
    assert_eq!((world.stats().blocked, world.live("next").len()), (0, 1));
}

#[test]
fn what_is_only_told_to_stop_wakes_nobody() {
    let mut world = World::new(1);
    world.run(&filling("low", 50));
    world.register(&filling("next", 50));
    world.settle();
    assert_eq!(world.stats().blocked, 1);
    let leaving = world.live("low");
    world.tell(DeregisterJob { job_id: "low".into(), ..DeregisterJob::default() });
    world.settle();
    let waiting = |world: &World| -> Vec<u64> {
        let all = world.evaluations_of("default", "next");
        all.filter(|it| it.status == "blocked").map(|it| it.snapshot_index).collect()
    };
    let before = waiting(&world);
    assert_eq!(before.len(), 1);
    world.pass(1);
    assert_eq!(waiting(&world), before);
    world.report(&leaving, ClientStatus::Complete);
    assert_eq!((world.stats().blocked, world.stats().ready), (0, 1));
    world.settle();
    assert_eq!(world.live("next").len(), 1);
}

#[test]
fn a_lowered_priority_lets_others_evict() {
    let mut world = World::new(1);
    world.tell(SetSchedulerConfiguration {
        configuration: SchedulerConfiguration {
            preemption_config: Some(PreemptionConfig {
                service_scheduler_enabled: true,
                ..PreemptionConfig::default()
            }),
            ..SchedulerConfiguration::default()
        },
        ..SetSchedulerConfiguration::default()
    });
    world.run(&filling("low", 60));
    world.register(&filling("high", 65));
    world.settle();
    assert_eq!((world.stats().blocked, world.live("high").len()), (1, 0));
    // It may be evicted once it runs at its new priority.
    world.register(&filling("low", 20));
    world.settle();
    assert_eq!(world.live("high").len(), 1);
    assert_eq!(world.live("low").len(), 0);
}

#[test]
fn a_service_that_ended_by_itself_is_replaced_when_its_node_is_looked_at() {
    for is_by_hand in [false, true] {
        let mut world = World::new(2);
        world.run(&service("web", 1).build().unwrap());
        let id = world.live("web").remove(0);
        let on = world.view(&id).unwrap().node_id().to_owned();
        world.report(&[id], ClientStatus::Complete);
        world.settle();
        assert_eq!(world.live("web").len(), 0);
        match is_by_hand {
            true => drop(world.tell(EvaluateNode { node_id: on })),
            false => drop(world.tell(SetNodeStatus { node_id: on, status: "down".into() })),
        }
        world.settle();
        assert_eq!(world.live("web").len(), 1);
    }
}

#[test]
fn a_deployment_that_is_held_says_so_after_its_promotion() {
    let mut world = World::new(2);
    let update = |auto: bool| UpdateStrategy {
        canary: Some(1),
        max_parallel: Some(1),
        auto_promote: Some(auto),
        ..UpdateStrategy::default()
    };
    let job = |v: &str, auto| {
        let job = service("web", 2).build().unwrap();
        let changed = job.changed(|spec| {
            spec.task_groups[0].update = Some(update(auto));
            let env = serde_json::json!({ "V": v });
            spec.task_groups[0].tasks[0].extra.insert("Env".into(), env);
        });
        changed.unwrap()
    };
    world.run(&job("1", false));
    world.register(&job("2", false));
    world.settle();
    let pause =
        |world: &World, pause| PauseDeployment { deployment_id: world.deployment_id("web"), pause };
    let live = world.live("web");
    world.judge(&live, true);
    world.pass(1);
    let held = pause(&world, true);
    world.tell(held);
    let deployment_id = world.deployment_id("web");
    world.tell(PromoteDeployment { deployment_id, all: true, ..PromoteDeployment::default() });
    assert_eq!(world.deployment("web").1, "Deployment is paused");
    let on = pause(&world, false);
    world.tell(on);
    assert_eq!(world.deployment("web").1, "Deployment is running");
    world.bring_up("web");
    world.register(&job("3", true));
    world.settle();
    for (is_held, text) in [
        (true, "Deployment is paused"),
        (false, "Deployment is running pending automatic promotion"),
    ] {
        let body = pause(&world, is_held);
        world.tell(body);
        assert_eq!(world.deployment("web").1, text);
    }
}

#[test]
fn what_an_operator_sets_is_told_by_its_name() {
    let mut world = World::new(0);
    let mut told = |command: stowplan::engine::Command| {
        let index = world.tell(command).index;
        let events = world.events(index - 1).into_iter();
        let told: Vec<_> = events.map(|it| (it.topic, it.event_type, it.key, it.is_gone)).collect();
        told
    };
    let namespace = Namespace { name: "dev".into(), ..Namespace::default() };
    let pool = NodePool { name: "gpu".into(), ..NodePool::default() };
    assert_eq!(
        told(UpsertNamespace { namespace }.into()),
        [(Topic::Namespace, "NamespaceUpserted", "dev".to_owned(), false)]
    );
    assert_eq!(
        told(UpsertNodePool { pool }.into()),
        [(Topic::NodePool, "NodePoolUpserted", "gpu".to_owned(), false)]
    );
    assert_eq!(
        told(DeleteNamespace { name: "dev".into() }.into()),
        [(Topic::Namespace, "NamespaceDeleted", "dev".to_owned(), true)]
    );
    let topics: Vec<Topic> =
        told(SetSchedulerConfiguration::default().into()).into_iter().map(|it| it.0).collect();
    assert_eq!(topics, [Topic::Operator]);
}

#[test]
fn a_namespace_without_jobs_that_go_on_can_be_deleted() {
    let mut world = World::new(0);
    let namespace = Namespace { name: "dev".into(), ..Namespace::default() };
    world.tell(UpsertNamespace { namespace });
    let job = service("web", 1).build().unwrap();
    world.register(&job.changed(|spec| spec.namespace = "dev".into()).unwrap());
    let delete = || DeleteNamespace { name: "dev".into() };
    assert_eq!(world.try_to(delete()).unwrap_err().to_string(), "\"dev\" is in use");
    world.tell(DeregisterJob {
        job_id: "web".into(),
        namespace: "dev".into(),
        purge: true,
        ..DeregisterJob::default()
    });
    world.tell(delete());
}

#[test]
fn an_evaluation_of_which_allocations_are_left_is_not_deleted() {
    let mut world = World::new(1);
    let id = world.register(&service("web", 1).build().unwrap()).evaluation_id();
    world.settle();
    let delete = DeleteEvaluations { ids: vec![id.clone()] };
    let error = world.try_to(delete).unwrap_err().to_string();
    assert_eq!(error, format!("eval \"{id}\" can't be deleted: it has allocations"));
}

#[test]
fn a_batch_job_that_is_done_is_forgotten_with_all_that_there_was_of_it() {
    let mut world = World::new(1);
    world.register(&service("web", 2).job_type(JobType::Batch).build().unwrap());
    world.settle();
    let live = world.live("web");
    world.report(&live, ClientStatus::Complete);
    world.settle();
    world.tell(CollectGarbage {});
    assert_eq!((world.job("default", "web").is_none(), world.allocation_count()), (true, 0));
    assert_eq!(world.evaluations_of("default", "web").count(), 0);
    world.settle();
}

#[test]
fn going_back_launches_nothing_of_a_job_that_is_launched_later() {
    let mut world = World::new(1);
    let job = |priority| {
        let job = service("mail", 1).job_type(JobType::Batch).priority(priority).build().unwrap();
        let parameterized_job = Some(Box::<ParameterizedJobConfig>::default());
        RegisterJob::from(JobSpec { parameterized_job, ..job.spec().clone() })
    };
    world.tell(job(50));
    world.tell(job(60));
    let back = world.tell(RevertJob { job_id: "mail".into(), ..RevertJob::default() });
    assert_eq!((back.reverted_job_version, back.evaluation_id().as_str()), (Some(0), ""));
    let stop = DeregisterJob { job_id: "mail".into(), ..DeregisterJob::default() };
    assert_eq!(world.tell(stop).evaluation_id(), "");
    world.settle();
    assert_eq!(world.allocation_count(), 0);
}
