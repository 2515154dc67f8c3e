//! What is refused, and that it changes nothing.

use stowplan::Timestamp;
use stowplan::engine::{
    AllocationUpdate, Command, DeleteNamespace, DeleteNodePool, EvaluateNode, Heartbeat, PurgeNode,
    RegisterJob, RegisterNode, SetEligibility, SetNodeStatus, SetSchedulerConfiguration,
    StopAllocation, UpdateAllocations, UpsertNamespace, UpsertNodePool,
};
use stowplan::model::{
    ClientStatus, JobSpec, JobType, Namespace, NodePool, NodeSpec, SchedulerConfiguration,
};

use crate::world::{World, node, service};

/// Commands on jobs that make no sense, with what is said of them.
fn of_jobs() -> Vec<(Command, &'static str)> {
    let web = service("web", 1).build().unwrap().spec().clone();
    let job = |edit: fn(&mut JobSpec)| {
        let mut spec = web.clone();
        edit(&mut spec);
        RegisterJob::from(spec).into()
    };
    vec![
        (job(|job| job.task_groups.clear()), "TaskGroups: a job needs at least one task group"),
        (
            job(|job| job.namespace = "dev".into()),
            "job \"web\" is in nonexistent namespace \"dev\"",
        ),
        (
            job(|job| job.node_pool = "gpu".into()),
            "job \"web\" is in nonexistent node pool \"gpu\"",
        ),
        (
            RegisterJob { eval_priority: 101, ..web.clone().into() }.into(),
            "priority must be between 1 and 100, found 101",
        ),
    ]
}

#[test]
fn a_dry_run_is_refused_as_registering_is() {
    let world = World::new(1);
    for (command, text) in of_jobs() {
        let Command::RegisterJob(body) = command else { panic!("{text}") };
        if body.eval_priority == 0 {
            let found = world.snapshot().dry_run(world.options(), body.job, world.now());
            assert_eq!(found.unwrap_err().to_string(), text);
        }
    }
}

/// The same on nodes and allocations.
fn of_nodes() -> Vec<(Command, &'static str)> {
    let unknown = || "nowhere".to_owned();
    let update = |id: &str, status: &str| {
        let update = AllocationUpdate::new(id, ClientStatus::Running);
        let update = AllocationUpdate { client_status: status.into(), ..update };
        UpdateAllocations { allocations: vec![update] }.into()
    };
    vec![
        (
            RegisterNode::from(NodeSpec { datacenter: String::new(), ..node("n2").spec().clone() })
                .into(),
            "Datacenter: a node needs a datacenter",
        ),
        (PurgeNode { node_id: unknown() }.into(), "node not found"),
        (Heartbeat { node_id: unknown() }.into(), "node not found"),
        (EvaluateNode { node_id: unknown() }.into(), "node not found"),
        (SetNodeStatus { node_id: unknown(), status: "ready".into() }.into(), "node not found"),
        (
            SetNodeStatus { node_id: "n1".into(), status: "asleep".into() }.into(),
            "invalid status for node: \"asleep\"",
        ),
        (
            SetEligibility { node_id: "n1".into(), eligibility: "maybe".into() }.into(),
            "invalid scheduling eligibility \"maybe\"",
        ),
        (update("a1", "asleep"), "`asleep` is no status of an allocation"),
        (UpdateAllocations::default().into(), "must update at least one allocation"),
        (
            StopAllocation { allocation_id: "a1".into(), ..StopAllocation::default() }.into(),
            "allocation not found",
        ),
    ]
}

/// The same on settings.
fn of_settings() -> Vec<(Command, &'static str)> {
    let unknown = || "nowhere".to_owned();
    let pool =
        |name: &str| UpsertNodePool { pool: NodePool { name: name.into(), ..NodePool::default() } };
    vec![
        (DeleteNamespace { name: unknown() }.into(), "\"nowhere\" not found"),
        (
            DeleteNamespace { name: "default".into() }.into(),
            "\"default\" is built in and can not be deleted or modified",
        ),
        (
            UpsertNamespace { namespace: Namespace::default() }.into(),
            "invalid name \"\": expected 1 to 128 letters, digits, `-` or `_`",
        ),
        (pool("a b").into(), "invalid name \"a b\": expected 1 to 128 letters, digits, `-` or `_`"),
        (pool("all").into(), "\"all\" is built in and can not be deleted or modified"),
        (DeleteNodePool { name: unknown() }.into(), "\"nowhere\" not found"),
        (
            SetSchedulerConfiguration {
                configuration: SchedulerConfiguration {
                    scheduler_algorithm: "nope".into(),
                    ..SchedulerConfiguration::default()
                },
                ..SetSchedulerConfiguration::default()
            }
            .into(),
            "invalid scheduler algorithm: nope",
        ),
        (
            SetSchedulerConfiguration {
                check_index: Some(4),
                ..SetSchedulerConfiguration::default()
            }
            .into(),
            "the configuration is at index 0, not 4",
        ),
    ]
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut world = World::new(1);
    world.register(&service("db", 1).build().unwrap());
    world.settle();
    let before = world.dump();
    let all = [of_jobs(), of_nodes(), of_settings()];
    for (command, error) in all.into_iter().flatten() {
        let name = command.name();
        let refusal = world.try_to(command).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(refusal, Err(error.to_owned()), "{name}");
        assert!(world.dump() == before, "{name}: {error}");
    }
}

#[test]
fn time_does_not_go_back() {
    let mut world = World::new(1);
    let before = world.dump();
    let heartbeat = Heartbeat { node_id: "n1".into() };
    let error = world.apply(Timestamp::from_secs(999), heartbeat.into()).unwrap_err();
    assert!(error.to_string().ends_with("is over: it is 1970-01-01T00:16:40Z"), "{error}");
    assert!(world.advance(Timestamp::from_secs(999)).is_err());
    assert!(world.step(Timestamp::from_secs(999)).is_err());
    assert!(world.dump() == before, "something changed");
}

#[test]
fn a_jobs_type_does_not_change() {
    let mut world = World::new(1);
    world.register(&service("web", 1).build().unwrap());
    world.settle();
    let batch = service("web", 1).job_type(JobType::Batch).build().unwrap();
    let before = world.dump();
    assert!(world.try_to(RegisterJob::from(batch.spec().clone())).is_err());
    assert!(world.dump() == before, "something changed");
}

#[test]
fn a_node_that_was_purged_sends_no_heartbeats() {
    let mut world = World::new(1);
    world.tell(PurgeNode { node_id: "n1".into() });
    let error = world.try_to(Heartbeat { node_id: "n1".into() }).unwrap_err();
    assert_eq!(error.to_string(), "node not found");
}
