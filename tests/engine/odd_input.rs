//! Input that makes no sense, or only just: what exactly comes of each.

use serde_json::{Value, json};
use stowplan::engine::{
    Ack, Command, CreateEvaluation, DeleteEvaluations, DeregisterJob, DispatchJob, DrainNode,
    DrainSpec, EvaluateJob, FailDeployment, ForcePeriodic, Heartbeat, Nack, PauseDeployment,
    PromoteDeployment, PurgeNode, RegisterJob, RevertJob, ScaleJob, SetAllocationHealth,
    SetEligibility, SetJobStability, SetNodeStatus, SubmitPlan, UnblockDeployment,
    UpdateEvaluation, UpsertNamespace,
};
use stowplan::model::{ClientStatus, Evaluation, JobSpec, JobType, Plan};
use stowplan::{Cluster, Span, schedule};

use crate::world::{World, node, service};

fn refuses(error: &str, all: &mut Vec<(Command, String)>, commands: Vec<Command>) {
    all.extend(commands.into_iter().map(|command| (command, error.to_owned())));
}

/// Commands on things that are not there, each with what is said of it.
fn on_nobody() -> Vec<(Command, String)> {
    let id = || "nobody".to_owned();
    let mut all = Vec::new();
    let target = [("Group".to_owned(), "front".to_owned())].into_iter().collect();
    let jobs = vec![
        EvaluateJob { job_id: id(), ..Default::default() }.into(),
        ScaleJob { job_id: id(), count: Some(2), target, ..Default::default() }.into(),
        RevertJob { job_id: id(), ..Default::default() }.into(),
        SetJobStability { job_id: id(), ..Default::default() }.into(),
        EvaluateJob { job_id: "web".into(), namespace: "dev".into(), ..Default::default() }.into(),
    ];
    refuses("job not found", &mut all, jobs);
    let periodic = vec![ForcePeriodic { job_id: id(), ..Default::default() }.into()];
    refuses("job not found", &mut all, periodic);
    let dispatched = vec![DispatchJob { job_id: id(), ..Default::default() }.into()];
    refuses("parameterized job not found", &mut all, dispatched);
    let nodes = vec![
        DrainNode { node_id: id(), ..Default::default() }.into(),
        SetEligibility { node_id: id(), eligibility: "eligible".into() }.into(),
    ];
    refuses("node not found", &mut all, nodes);
    let deployments = vec![
        PauseDeployment { deployment_id: id(), pause: true }.into(),
        PromoteDeployment { deployment_id: id(), all: true, ..Default::default() }.into(),
        FailDeployment { deployment_id: id() }.into(),
        SetAllocationHealth { deployment_id: id(), ..Default::default() }.into(),
        UnblockDeployment { deployment_id: id() }.into(),
    ];
    refuses("deployment not found", &mut all, deployments);
    let given_out = vec![
        Ack { evaluation_id: id(), token: id() }.into(),
        Nack { evaluation_id: id(), token: id() }.into(),
    ];
    refuses("Evaluation ID not found", &mut all, given_out);
    let evaluation = Evaluation { id: id(), previous_eval: id(), ..Default::default() };
    let plan = Plan { eval_id: id(), ..Default::default() };
    let of_schedulers = vec![
        SubmitPlan { token: id(), plan }.into(),
        UpdateEvaluation { token: id(), evaluation: evaluation.clone() }.into(),
        CreateEvaluation { token: id(), evaluation }.into(),
    ];
    refuses("evaluation is not outstanding", &mut all, of_schedulers);
    let evaluations = vec![DeleteEvaluations { ids: vec![id()] }.into()];
    refuses("eval \"nobody\" not found", &mut all, evaluations);
    all
}

/// A world in which the job `web` runs at version 1.
fn world() -> World {
    let mut world = World::new(2);
    world.run(&service("web", 1).build().unwrap());
    world.run(&service("web", 2).build().unwrap());
    world.judge(&world.live("web"), true);
    world.pass(1);
    world
}

/// That a command is refused with a text, and changes nothing.
fn refused(world: &mut World, command: impl Into<Command>, expected: &str) {
    let (command, before) = (command.into(), world.dump());
    let name = command.name();
    let answer = world.try_to(command).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(answer, Err(expected.to_owned()), "{name}");
    assert!(world.dump() == before, "{name}: {expected}");
}

#[test]
fn commands_on_what_is_not_there_are_refused() {
    let mut world = world();
    for (command, error) in on_nobody() {
        refused(&mut world, command, &error);
    }
}

#[test]
fn stale_indexes_are_refused() {
    let mut world = world();
    let at = world.job("default", "web").unwrap().document().unwrap().job_modify_index;
    let web = service("web", 3).build().unwrap().spec().clone();
    let enforcing = |index, spec: &JobSpec| RegisterJob {
        enforce_index: true,
        job_modify_index: index,
        ..spec.clone().into()
    };
    let stale =
        format!("Enforcing job modify index 1: job exists with conflicting job modify index: {at}");
    refused(&mut world, enforcing(1, &web), &stale);
    refused(&mut world, enforcing(0, &web), "Enforcing job modify index 0: job already exists");
    let other = service("other", 1).build().unwrap().spec().clone();
    refused(
        &mut world,
        enforcing(at, &other),
        &format!("Enforcing job modify index {at}: job does not exist"),
    );
    let revert =
        RevertJob { job_id: "web".into(), enforce_prior_version: Some(0), ..RevertJob::default() };
    refused(&mut world, revert, "Current job has version 1; enforcing version 0");
    world.tell(enforcing(at, &web));
    assert!(world.job("default", "web").unwrap().document().unwrap().job_modify_index > at);
}

#[test]
fn deregistering_twice_stops_a_job_that_is_stopped() {
    let mut world = world();
    let stop = |purge| DeregisterJob { job_id: "web".into(), purge, ..Default::default() };
    for version in [2, 3] {
        let applied = world.tell(stop(false));
        assert_eq!(applied.evaluation_ids().len(), 1);
        world.settle();
        let document = world.job("default", "web").unwrap().document().unwrap();
        assert_eq!(
            (document.version, document.stop, document.status.as_str()),
            (version, true, "dead")
        );
        assert!(world.live("web").is_empty());
    }
    for _ in 0..2 {
        // The second time there is no such job: it is looked at all the same, and nothing is found.
        let applied = world.tell(stop(true));
        world.settle();
        assert!(!world.jobs().any(|job| job.is_registered()));
        assert_eq!(world.evaluation(&applied.evaluation_id()).status, "complete");
    }
}

#[test]
fn a_node_may_vanish_before_its_evaluation_and_under_a_plan() {
    let mut world = World::new(1);
    let applied = world.register(&service("web", 2).build().unwrap());
    // A plan is made on a copy, and the node is taken out before it is committed.
    let mut fork: Cluster = Cluster::fork(&world);
    let evaluation = world.evaluation(&applied.evaluation_id());
    let plan = schedule::process(&mut fork, &evaluation, world.now());
    fork.remove_node("n1").unwrap();
    let committed = fork.commit(plan, world.now());
    let rejected: Vec<String> =
        committed.rejected().iter().map(|(id, why)| format!("{id}: {why}")).collect();
    assert_eq!(rejected, ["n1: node does not exist"]);
    assert_eq!((committed.allocations().count(), committed.is_complete()), (0, false));
    assert!(committed.next_attempt().is_some());
    // The engine itself looks at what is there when the evaluation's turn comes.
    world.tell(PurgeNode { node_id: "n1".into() });
    world.settle();
    assert_eq!(world.evaluation(&applied.evaluation_id()).status, "complete");
    assert_eq!((world.live("web").len(), world.stats().blocked), (0, 1));
    world.join(&node("n1"));
    world.settle();
    assert_eq!((world.live("web").len(), world.stats().blocked), (2, 0));
}

#[test]
fn counts_of_nothing_and_of_too_much() {
    let mut world = world();
    let many = 1 << 31;
    let mut web = service("web", 0).build().unwrap().spec().clone();
    web.task_groups[0].count = Some(many);
    let too_many = "TaskGroups[0].Count: expected 0 to 1000000, found `2147483648`\n\
                    TaskGroups: expected at most 50000 allocations together, found `2147483648`";
    refused(&mut world, RegisterJob::from(web.clone()), too_many);
    let scale = |count| ScaleJob {
        job_id: "web".into(),
        count: Some(count),
        target: [("Group".to_owned(), "front".to_owned())].into_iter().collect(),
        ..ScaleJob::default()
    };
    refused(&mut world, scale(many), too_many);
    refused(&mut world, scale(-1), "scaling action count can't be negative");
    web.task_groups[0].count = Some(-1);
    refused(
        &mut world,
        RegisterJob::from(web.clone()),
        "TaskGroups[0].Count: expected 0 to 1000000, found `-1`",
    );
    for applied in [world.tell(scale(0)), world.tell(scale(0))] {
        world.settle();
        let evaluation = world.evaluation(&applied.evaluation_id());
        assert_eq!((evaluation.status.as_str(), world.live("web").len()), ("complete", 0));
        assert_eq!(world.job("default", "web").unwrap().document().unwrap().version, 2);
    }
}

#[test]
fn a_type_does_not_change_even_of_a_job_that_is_stopped() {
    let mut world = world();
    let batch = service("web", 1).job_type(JobType::Batch).build().unwrap().spec().clone();
    let text = "Type: a job of type `service` cannot become one of type `batch`";
    refused(&mut world, RegisterJob::from(batch.clone()), text);
    world.tell(DeregisterJob { job_id: "web".into(), ..Default::default() });
    world.settle();
    refused(&mut world, RegisterJob::from(batch.clone()), text);
    // Another job may have the name once it is forgotten.
    world.tell(DeregisterJob { job_id: "web".into(), purge: true, ..Default::default() });
    world.settle();
    world.tell(RegisterJob::from(batch));
    world.settle();
    assert_eq!(world.job("default", "web").unwrap().document().unwrap().job_type, "batch");
}

#[test]
fn a_job_that_is_not_there_is_deregistered_and_looked_at() {
    let mut world = world();
    let applied = world.tell(DeregisterJob { job_id: "nobody".into(), ..Default::default() });
    world.settle();
    let evaluation = world.evaluation(&applied.evaluation_id());
    assert_eq!(
        (evaluation.status.as_str(), evaluation.triggered_by.as_str(), evaluation.priority),
        ("complete", "job-deregister", 50)
    );
    assert!(!world.jobs().any(|job| job.is_registered() && job.id() == "nobody"));
}

#[test]
fn a_node_that_was_purged_is_heard_no_more() {
    let mut world = world();
    world.tell(PurgeNode { node_id: "n1".into() });
    world.settle();
    let id = || "n1".to_owned();
    let heartbeats: [Command; 2] = [
        Heartbeat { node_id: id() }.into(),
        SetNodeStatus { node_id: id(), status: "ready".into() }.into(),
    ];
    for heartbeat in heartbeats {
        refused(&mut world, heartbeat, "node not found");
    }
}

#[test]
fn a_node_that_has_drained_may_drain_again() {
    let mut world = World::new(1);
    let drain = |deadline| DrainNode {
        node_id: "n1".into(),
        drain_spec: Some(DrainSpec { deadline: Span::from_secs(deadline), ..Default::default() }),
        ..DrainNode::default()
    };
    for _ in 0..2 {
        // Nothing is on it, so it is done at once, and takes nothing new.
        world.tell(drain(600));
        world.settle();
        let node = world.node("n1").unwrap();
        let is = (node.is_draining(), node.scheduling_eligibility.as_str());
        assert_eq!((is, world.next()), ((false, "ineligible"), None));
    }
    // A drain that is on its way is begun anew, by its later deadline.
    world.tell(DrainNode { node_id: "n1".into(), mark_eligible: true, ..Default::default() });
    world.run(&service("work", 1).job_type(JobType::Batch).build().unwrap());
    world.tell(drain(600));
    world.settle();
    world.pass(100);
    assert_eq!(world.next(), Some(500));
    world.tell(drain(900));
    world.settle();
    assert_eq!(world.next(), Some(900));
}

#[test]
fn a_deployment_that_has_ended_is_steered_no_more() {
    let mut world = world();
    let id = || "web".to_owned();
    assert_eq!(world.deployment("web").0, "successful");
    let deployment_id = world.deployment_id("web");
    let named = world.live(&id());
    let commands: [(Command, &str); 5] = [
        (
            PromoteDeployment {
                deployment_id: deployment_id.clone(),
                all: true,
                ..Default::default()
            }
            .into(),
            "promote",
        ),
        (PauseDeployment { deployment_id: deployment_id.clone(), pause: true }.into(), "pause"),
        (PauseDeployment { deployment_id: deployment_id.clone(), pause: false }.into(), "resume"),
        (FailDeployment { deployment_id: deployment_id.clone() }.into(), "fail"),
        (
            SetAllocationHealth { deployment_id, healthy: named, unhealthy: vec![] }.into(),
            "set health of allocations for a",
        ),
    ];
    for (command, verb) in commands {
        refused(&mut world, command, &format!("can't {verb} terminal deployment"));
    }
}

/// Keys that differ in letter case only are read where a document is not valid without; those that name a job are
/// read before anything is looked up.
#[test]
fn a_job_is_known_by_a_name_under_a_key_in_another_letter_case() {
    let group = |name: &str, count: i64| {
        json!({name: "front", "Count": count, "Tasks": [{"Name": "main", "Driver": "docker",
            "Resources": {"CPU": 100, "MemoryMB": 64}}]})
    };
    let spec = |group: Value| -> JobSpec {
        let job =
            json!({"id": "web", "namespace": "dev", "Type": "service", "TaskGroups": [group]});
        serde_json::from_value(job).unwrap()
    };
    let mut world = World::new(2);
    let namespace = serde_json::from_str(r#"{"Name": "dev"}"#).unwrap();
    world.tell(UpsertNamespace { namespace });
    world.tell(RegisterJob::from(spec(group("Name", 2))));
    world.settle();
    let versions = |world: &World| {
        let names: Vec<_> = world.registered_jobs().map(|it| (it.namespace(), it.id())).collect();
        assert_eq!(names, [("dev", "web")]);
        world.job("dev", "web").unwrap().versions().count()
    };
    assert_eq!(versions(&world), 1);
    world.tell(RegisterJob::from(spec(group("Name", 2))));
    assert_eq!(versions(&world), 1);
    world.settle();

    let enforced = RegisterJob { enforce_index: true, ..RegisterJob::from(spec(group("Name", 3))) };
    refused(&mut world, enforced, "Enforcing job modify index 0: job already exists");
    let mut batch = spec(group("Name", 3));
    batch.job_type = "batch".into();
    let now = world.now();
    let found = world.snapshot().dry_run(world.options(), batch.clone(), now).unwrap_err();
    refused(&mut world, RegisterJob::from(batch), &found.to_string());
    let found = world.snapshot().dry_run(world.options(), spec(group("Name", 3)), now).unwrap();
    assert_eq!(found.job.version, 1);
    assert_eq!(world.snapshot().validate(spec(group("Name", 3))).unwrap().namespace, "dev");

    let preserving = RegisterJob { preserve_counts: true, ..spec(group("name", 5)).into() };
    world.tell(preserving);
    world.settle();
    assert_eq!((versions(&world), world.allocations_of("dev", "web").count()), (1, 2));
    assert_eq!(world.check(), Ok(()));
}

#[test]
fn where_nothing_would_change_there_is_no_deadline() {
    let mut world = World::new(2);
    assert_eq!(world.next_deadline(), None);
    // What runs and is well, what waits for room, what is done, what is stopped, what has drained.
    world.run(&service("web", 3).build().unwrap());
    world.run(&service("gone", 1).build().unwrap());
    world.register(&service("work", 1).job_type(JobType::Batch).build().unwrap());
    world.settle();
    world.register(&service("large", 30).build().unwrap());
    world.tell(DeregisterJob { job_id: "gone".into(), ..Default::default() });
    world.settle();
    assert_eq!(world.stats().blocked, 1);
    let done: Vec<String> = world.allocations_of("default", "work").map(|it| it.id()).collect();
    world.report(&done, ClientStatus::Complete);
    world.settle();
    world.bring_up("large");
    let drain_spec = Some(DrainSpec { deadline: Span::ZERO, ..DrainSpec::default() });
    world.tell(DrainNode { node_id: "n2".into(), drain_spec, ..DrainNode::default() });
    world.pass(1);
    // The only thing left to come is the end of the time for the deployment that cannot go on.
    while world.next_deadline().is_some() {
        world.pass(600);
    }
    let (before, index) = (world.dump(), world.modify_index());
    for _ in 0..3 {
        world.secs += 1_000_000;
        let now = world.now();
        world.advance(now).unwrap();
        assert_eq!((world.next_deadline(), world.modify_index()), (None, index));
    }
    // Only the present instant is another.
    let without_time = |text: &str| {
        text.lines()
            .filter(|line| !line.starts_with("state "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(without_time(&world.dump()), without_time(&before));
}
