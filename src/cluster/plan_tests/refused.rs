//! What is refused, and what goes with it.

use super::*;
use crate::model::ClientStatus;
use crate::placement::options::Preemption;
use crate::plan::effects::PlacedEffect;
use crate::plan::rejection::NodeRejection;

/// A job of two, of which the second node has too little for the second one by the time of the commit.
fn conflict(all_at_once: bool) -> (World, Plan) {
    let job = job("web", 2, 600).changed(|spec| spec.all_at_once = all_at_once).unwrap();
    let mut world = World::new(&["n1", "n2"], job);
    let requests = [world.request(0, "n1"), world.request(1, "n2")];
    let plan = world.plan(&requests, world.effects(), Attempt::default());
    let other = self::job("other", 1, 600);
    let request = PlacementRequest::new(&other, "front", 0).only_node("n2");
    world.cluster.place_requests(&[request], &PlaceOptions::default()).unwrap();
    (world, plan)
}

fn refused(committed: &crate::cluster::plan::Committed) -> Vec<(&str, String)> {
    let refused = committed.rejected().iter();
    refused.map(|(node, why)| (node.as_str(), why.to_string())).collect()
}

#[test]
fn case_74_the_second_node_is_too_small() {
    let (mut world, plan) = conflict(false);
    let committed = world.cluster.commit(plan, NOW);
    assert_eq!(refused(&committed), [("n2", "node has too little free: memory".into())]);
    let placed: Vec<String> = committed.allocations().map(|it| it.name()).collect();
    assert_eq!(placed, ["web.front[0]"]);
    assert_eq!(committed.refresh_index(), Some(world.cluster.modify_index()));
    // Something came of it, so that the count of attempts begins anew.
    assert_eq!(committed.next_attempt(), Some(Attempt::default()));
    let evaluation = world.evaluation();
    assert_eq!(evaluation.status, "pending");
    assert_eq!(evaluation.modify_index, committed.index());
    assert_eq!(world.cluster.check(), Ok(()));
}

#[test]
fn case_75_all_at_once_nothing_is_committed() {
    let (mut world, plan) = conflict(true);
    let before = world.cluster.dump();
    let committed = world.cluster.commit(plan, NOW);
    assert_eq!(refused(&committed).len(), 1);
    assert_eq!(committed.refresh_index(), Some(world.cluster.modify_index()));
    assert_eq!(committed.next_attempt().map(Attempt::failures), Some(1));
    // All but the present instant is as it was.
    let lines = |dump: String| dump.lines().skip(1).map(String::from).collect::<Vec<_>>();
    assert_eq!(lines(world.cluster.dump()), lines(before));
}

/// Whatever a plan does to an allocation that is there, on a node in some condition.
fn updated(status: &str, eligibility: &str, client: Option<ClientStatus>) -> Option<String> {
    let mut world = World::new(&["n1"], job("web", 1, 100));
    let id = world.place(0, "n1");
    let update = UpdateEffect {
        client: client.map(|client| (client, "".into())),
        noted: Some(ClientStatus::Running),
        ..update(world.allocation_ref(&id))
    };
    let plan =
        world.plan(&[], Effects { updates: vec![update], ..world.effects() }, Attempt::default());
    world.change_node("n1", |node| {
        (node.status, node.scheduling_eligibility) = (status.into(), eligibility.into());
    });
    let committed = world.cluster.commit(plan, NOW);
    assert_eq!(world.allocation(&id).alloc_states.len(), usize::from(committed.is_complete()));
    committed.rejected().first().map(|(_, why)| why.to_string())
}

#[test]
fn case_76_an_update_on_an_ineligible_node() {
    assert_eq!(updated("ready", "ineligible", None), None);
    assert_eq!(updated("initializing", "eligible", None), None);
    let down = "node is down and contains invalid updates";
    assert_eq!(updated("down", "eligible", None), Some(down.into()));
    // Waiting for a node that is down is for jobs that say so.
    assert_eq!(updated("down", "eligible", Some(ClientStatus::Unknown)), Some(down.into()));
}

#[test]
fn case_77_stops_and_evictions_alone_on_a_node_that_is_down() {
    let mut world = World::new(&["n1"], job("web", 1, 100));
    let id = world.place(0, "n1");
    let lost = StopEffect {
        is_lost: true,
        ..stop(world.allocation_ref(&id), "alloc is lost since its node is down")
    };
    let effects = Effects { stops: vec![lost], ..world.effects() };
    let plan = world.plan(&[], effects, Attempt::default());
    world.change_node("n1", |node| node.status = "down".into());
    let committed = world.cluster.commit(plan, NOW);
    assert!(committed.is_complete());
    assert_eq!(committed.stopped(), std::slice::from_ref(&id));
    assert_eq!(world.allocation(&id).client_status, "lost");
    assert_eq!(world.cluster.check(), Ok(()));
}

#[test]
fn case_78_a_disconnected_node() {
    assert_eq!(updated("disconnected", "eligible", Some(ClientStatus::Unknown)), None);
    let invalid = "node is disconnected and contains invalid updates";
    assert_eq!(updated("disconnected", "eligible", None), Some(invalid.into()));
    let mut world = World::new(&["n1"], job("web", 1, 100));
    let plan = world.plan(&[world.request(0, "n1")], world.effects(), Attempt::default());
    world.change_node("n1", |node| node.status = "disconnected".into());
    let committed = world.cluster.commit(plan, NOW);
    assert_eq!(committed.rejected(), [("n1".into(), NodeRejection::Disconnected)]);
    assert_eq!(world.cluster.allocation_count(), 0);
}

/// No plan is taken, until there are no attempts left.
fn rejected_throughout(job_type: JobType) -> (World, u32, Vec<String>) {
    let job = job("web", 1, 100).changed(|spec| spec.job_type = job_type.as_str().into()).unwrap();
    let mut world = World::new(&["n1"], job);
    let mut attempt = Some(Attempt::default());
    let (mut made, mut created) = (0, Vec::new());
    while let Some(now) = attempt {
        made += 1;
        let plan = world.plan(&[world.request(0, "n1")], world.effects(), now);
        let before = world.cluster.modify_index();
        world.change_node("n1", |node| node.scheduling_eligibility = "ineligible".into());
        let committed = world.cluster.commit(plan, NOW);
        world.change_node("n1", |node| node.scheduling_eligibility = "eligible".into());
        assert_eq!(committed.rejected(), [("n1".into(), NodeRejection::NotEligible)]);
        assert!(committed.refresh_index() > Some(before));
        attempt = committed.next_attempt();
        created.extend_from_slice(committed.created());
    }
    assert_eq!(world.cluster.allocation_count(), 0);
    (world, made, created)
}

#[test]
fn case_51_every_plan_is_rejected() {
    for (job_type, limit) in [(JobType::Service, 5), (JobType::Batch, 2)] {
        let (world, made, created) = rejected_throughout(job_type);
        assert_eq!(made, limit);
        let evaluation = world.evaluation();
        assert_eq!(evaluation.status, "failed");
        assert_eq!(evaluation.status_description, format!("maximum attempts reached ({limit})"));
        assert_eq!(evaluation.queued_allocations["front"], 1);
        let [blocked] = created.as_slice() else { panic!("{created:?}") };
        assert_eq!(evaluation.blocked_eval, *blocked);
        let blocked = world.cluster.evaluation(blocked).unwrap();
        assert_eq!((&*blocked.status, &*blocked.triggered_by), ("blocked", "max-plan-attempts"));
        assert_eq!(blocked.status_description, "created due to placement conflicts");
        assert_eq!((&blocked.previous_eval, blocked.priority), (&world.evaluation, 50));
    }
    // System types create none.
    let (world, made, created) = rejected_throughout(JobType::System);
    assert_eq!((made, created.len()), (5, 0));
    assert_eq!(world.evaluation().status, "failed");
}

/// A node that refuses keeps what was to stop on it; what stops elsewhere stops (trap 6).
#[test]
fn trap_6_a_refused_node_keeps_what_was_to_stop() {
    let mut world = World::new(&["n1", "n2"], job("web", 2, 400));
    let [there, elsewhere] = [(0, "n1"), (1, "n2")].map(|(index, node)| world.place(index, node));
    let text = "alloc is being updated due to job update";
    let mut effects = world.effects();
    effects.stops = [&there, &elsewhere].map(|id| stop(world.allocation_ref(id), text)).into();
    effects.stops[0].follow_up = Some(0);
    effects.stops[1].follow_up = Some(1);
    let waits = |secs| follow_up(Trigger::AllocFailure, Timestamp::from_secs(secs));
    effects.created = vec![waits(200), waits(300)];
    effects.evaluation.next = Some(1);
    effects.placed = vec![PlacedEffect {
        at: 0,
        predecessor: Some(world.allocation_ref(&there)),
        ..PlacedEffect::default()
    }];
    let plan = world.plan(&[world.request(0, "n1")], effects, Attempt::default());
    world.change_node("n1", |node| node.scheduling_eligibility = "ineligible".into());
    let before = world.allocation(&there);
    let committed = world.cluster.commit(plan, NOW);
    assert_eq!(world.allocation(&there), before);
    assert_eq!(committed.stopped(), std::slice::from_ref(&elsewhere));
    // Of the evaluations that were to look again the one that is looked forward to is there.
    let [waiting] = committed.created() else { panic!("{committed:?}") };
    let waiting = world.cluster.evaluation(waiting).unwrap();
    assert_eq!(waiting.wait_until, Some(Timestamp::from_secs(300)));
    assert_eq!(world.allocation(&elsewhere).followup_eval_id, waiting.id);
    assert_eq!(
        (world.evaluation().status, world.evaluation().next_eval),
        ("pending".into(), waiting.id)
    );
    assert_eq!(world.cluster.check(), Ok(()));
}

/// What a deployment wants is fixed when it is made; canaries that were not placed are not placed ones
/// (trap 19).
#[test]
fn trap_19_canaries_of_a_refused_node_are_not_placed() {
    let mut world = World::new(&["n1", "n2"], job("web", 2, 100));
    let canary = |at| PlacedEffect { at, is_canary: true, ..PlacedEffect::default() };
    let effects = Effects {
        deployment: Some(deployment(&world.job, 2, 2)),
        placed: vec![canary(0), canary(1)],
        ..world.effects()
    };
    let requests = [world.request(0, "n1"), world.request(1, "n2")];
    let plan = world.plan(&requests, effects, Attempt::default());
    world.change_node("n1", |node| node.status = "down".into());
    let committed = world.cluster.commit(plan, NOW);
    let placed: Vec<String> = committed.allocations().map(|it| it.id()).collect();
    let document = world.cluster.deployment(committed.deployment().unwrap()).unwrap();
    let group = &document.task_groups["front"];
    assert_eq!((group.desired_total, group.placed_allocs), (2, 1));
    assert_eq!(group.placed_canaries, placed);
    assert!(world.allocation(&placed[0]).is_canary());
    assert_eq!(world.cluster.check(), Ok(()));
}

/// A deployment falls with a plan that is committed whole or not at all.
#[test]
fn all_at_once_the_deployment_falls_too() {
    let whole = job("web", 2, 100).changed(|spec| spec.all_at_once = true).unwrap();
    let mut world = World::new(&["n1", "n2"], whole);
    let old = world.place(7, "n2");
    let effects = Effects {
        deployment: Some(deployment(&world.job, 2, 0)),
        stops: vec![stop(world.allocation_ref(&old), "alloc is being migrated")],
        ..world.effects()
    };
    let requests = [world.request(0, "n1"), world.request(1, "n2")];
    let plan = world.plan(&requests, effects, Attempt::default());
    world.change_node("n1", |node| node.status = "down".into());
    let committed = world.cluster.commit(plan, NOW);
    assert_eq!((committed.deployment(), committed.stopped().len()), (None, 0));
    assert_eq!(world.cluster.deployments_of("default", "web").count(), 0);
    let result = committed.to_document(&world.cluster);
    assert_eq!((result.rejected_nodes, result.node_update.len()), (vec!["n1".to_owned()], 0));
    assert_eq!(world.allocation(&old).desired_status, "run");
    assert_eq!(committed.next_attempt().map(Attempt::failures), Some(1));
}

/// New allocations of a job that was stopped or purged meanwhile are not wanted, and nobody is told.
#[test]
fn a_job_that_stopped_meanwhile_gets_nothing_new() {
    let stops: [fn(&mut World); 2] = [
        |world| {
            let stopped = world.job.changed(|spec| spec.stop = true).unwrap();
            world.cluster.register_job(&stopped);
        },
        |world| assert!(world.cluster.unregister_job("default", "web")),
    ];
    for stop in stops {
        let mut world = World::new(&["n1"], job("web", 1, 100));
        let plan = world.plan(&[world.request(0, "n1")], world.effects(), Attempt::default());
        stop(&mut world);
        let committed = world.cluster.commit(plan, NOW);
        assert!(committed.is_complete());
        assert_eq!(world.cluster.allocation_count(), 0);
        assert_eq!(world.evaluation().status, "complete");
        assert_eq!(world.cluster.check(), Ok(()));
    }
}

/// Each job of which something is evicted is looked at, at its own priority.
#[test]
fn evictions_are_followed_by_evaluations() {
    let urgent = |job: Job, priority| job.changed(|spec| spec.priority = Some(priority)).unwrap();
    let mut world = World::new(&["n1"], urgent(job("web", 1, 900), 80));
    let low = urgent(job("low", 2, 400), 20);
    world.cluster.register_job(&low);
    world.cluster.place(&low, &PlaceOptions::default());
    let options = PlaceOptions {
        preemption: Preemption { service: true, ..Preemption::default() },
        ..Default::default()
    };
    let mut fork = world.cluster.fork();
    let caches = Arc::make_mut(&mut fork.caches);
    let mut state = Arc::make_mut(&mut fork.state).begin(NOW);
    let requests = [world.request(0, "n1")];
    let outcome = serve(&mut state, caches, &requests, &options, &mut None).unwrap();
    let effects = world.effects();
    let plan = Plan::of_effects(&state, outcome, effects, None, Attempt::default(), &options);
    drop(state);
    // One of them has ended by then: it makes room by itself.
    let ended = plan.evictions().next().unwrap().to_owned();
    assert_eq!(plan.evictions().count(), 2);
    world.cluster.set_client_status(&ended, ClientStatus::Complete).unwrap();
    let committed = world.cluster.commit(plan, NOW);
    assert!(committed.is_complete());
    let placed = committed.allocations().next().unwrap().id();
    assert_eq!(world.allocation(&placed).preempted_allocations.len(), 1);
    let evicted = world.allocation(&world.allocation(&placed).preempted_allocations[0]);
    assert_eq!(evicted.desired_status, "evict");
    assert_eq!(evicted.desired_description, format!("Preempted by alloc ID {placed}"));
    assert_eq!(world.allocation(&ended).desired_status, "run");
    let [created] = committed.created() else { panic!("{committed:?}") };
    let created = world.cluster.evaluation(created).unwrap();
    assert_eq!((&*created.job_id, &*created.triggered_by), ("low", "preemption"));
    assert_eq!((created.priority, &*created.status, &*created.previous_eval), (20, "pending", ""));
    assert_eq!(world.cluster.check(), Ok(()));
}

/// An evaluation that only a fork has is not one that the cluster made in its place.
#[test]
fn what_a_fork_made_itself_is_not_the_clusters() {
    let mut world = World::new(&["n1"], job("web", 1, 100));
    world.cluster.register_job(&job("other", 1, 100));
    let evaluation = |job_id: &str| Evaluation {
        job_id: job_id.into(),
        evaluation_type: "service".into(),
        triggered_by: "job-register".into(),
        ..Evaluation::default()
    };
    let mut own =
        World { cluster: world.cluster.fork(), job: world.job.clone(), evaluation: String::new() };
    own.evaluation = own.cluster.upsert_evaluation(&evaluation("web")).unwrap();
    let plan = own.plan(&[own.request(0, "n1")], own.effects(), Attempt::default());
    let others = world.cluster.upsert_evaluation(&evaluation("other")).unwrap();
    assert_eq!(others, own.evaluation);
    let committed = world.cluster.commit(plan, NOW);
    let placed = committed.allocations().next().unwrap().id();
    assert_eq!(world.cluster.evaluation(&others).unwrap().status, "pending");
    assert_eq!(world.allocation(&placed).eval_id, "");
}
