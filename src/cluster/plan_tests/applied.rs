//! What is committed whole.

use super::*;
use crate::model::{ClientStatus, DeploymentStatus, RescheduleEvent, RescheduleTracker};
use crate::plan::apply::apply;
use crate::plan::effects::{DeploymentChoice, DeploymentUpdate, FailedRecord, PlacedEffect};
use crate::state::group_version::GroupVersion;

/// The first group of a job.
fn version(job: &Job) -> Arc<GroupVersion> {
    Arc::new(GroupVersion {
        job: Some(job.shared_spec()),
        group: 0,
        amounts: crate::state::usage::Amounts { cpu_mhz: 100, memory_mb: 100, disk_mb: 300 },
        memory_oversubscription: false,
    })
}

/// Three allocations, of which one is replaced, one is lost and one stays.
fn rolling() -> (World, [String; 3]) {
    let mut world = World::new(&["n1", "n2"], job("web", 3, 100));
    let ids = [(0, "n1"), (1, "n1"), (2, "n2")].map(|(index, node)| world.place(index, node));
    (world, ids)
}

/// Everything at once.
fn effects(world: &World, ids: &[String; 3]) -> Effects {
    let [replaced, lost, stays] = ids.each_ref().map(|id| world.allocation_ref(id));
    let waiting = follow_up(Trigger::AllocReschedule, Timestamp::from_secs(130));
    let mut blocked = follow_up(Trigger::QueuedAllocs, NOW);
    (blocked.links, blocked.status) = (None, EvaluationStatus::Blocked);
    blocked.describe("created to place remaining allocations");
    let event = RescheduleEvent { prev_alloc_id: ids[0].clone(), ..RescheduleEvent::default() };
    let tracker = RescheduleTracker { events: vec![event], ..RescheduleTracker::default() };
    let mut effects = world.effects();
    effects.deployment = Some(deployment(&world.job, 3, 1));
    effects.stops = vec![
        stop(replaced, "alloc is being updated due to job update"),
        StopEffect {
            is_lost: true,
            follow_up: Some(0),
            ..stop(lost, "alloc is lost since its node is down")
        },
    ];
    effects.placed = vec![PlacedEffect {
        at: 1,
        predecessor: Some(replaced),
        is_canary: true,
        reschedules: Some(tracker),
    }];
    effects.updates = vec![UpdateEffect {
        in_place: Some((version(&world.job), DeploymentChoice::New)),
        noted: Some(ClientStatus::Pending),
        follow_up: Some(0),
        found_no_place: true,
        ..update(stays)
    }];
    effects.created = vec![waiting, blocked];
    let evaluation = &mut effects.evaluation;
    (evaluation.next, evaluation.blocked) = (Some(0), Some(1));
    evaluation.deployment = DeploymentChoice::New;
    evaluation.queued.add("front", 2);
    evaluation
        .shortage
        .get_or_insert_default()
        .failed_groups
        .insert("front".into(), Default::default());
    effects
}

#[test]
fn everything_is_written() {
    let (mut world, ids) = rolling();
    let effects = effects(&world, &ids);
    let requests = [world.request(3, "n2"), world.request(0, "n1")];
    let plan = world.plan(&requests, effects, Attempt::default());
    assert_eq!((plan.len(), plan.stops().len(), plan.updates().len()), (2, 2, 1));
    let index = world.cluster.modify_index() + 1;
    let committed = world.cluster.commit(plan, NOW);
    assert!(committed.is_complete() && committed.next_attempt().is_none());
    assert_eq!(world.cluster.check(), Ok(()));
    let placed: Vec<String> = committed.allocations().map(|it| it.id()).collect();
    let [waiting, blocked] = committed.created() else { panic!("{committed:?}") };
    let new = committed.deployment().unwrap();
    let result = committed.to_document(&world.cluster);
    let lists = [&result.node_update["n1"], &result.node_allocation["n2"]].map(|it| it.len());
    assert_eq!((lists, result.refresh_index, result.alloc_index), ([2, 2], 0, index));
    assert_eq!(committed.updated(), std::slice::from_ref(&ids[2]));

    let document = world.cluster.deployment(new).unwrap();
    let group = &document.task_groups["front"];
    assert_eq!((group.placed_allocs, group.desired_total, group.desired_canaries), (3, 3, 1));
    assert_eq!(group.placed_canaries, [placed[1].clone()]);
    assert_eq!(group.require_progress_by, Some(Timestamp::from_secs(700)));
    assert_eq!((document.job_version, document.create_index), (0, index));

    let plain = world.allocation(&placed[0]);
    assert_eq!((plain.eval_id.as_str(), plain.deployment_id.as_str()), (&*world.evaluation, new));
    assert_eq!((plain.create_index, plain.modify_index), (index, index));
    assert!(plain.deployment_status.is_none() && plain.previous_allocation.is_empty());
    let canary = world.allocation(&placed[1]);
    assert!(canary.is_canary());
    assert_eq!(canary.previous_allocation, ids[0]);
    assert_eq!(canary.reschedule_tracker.unwrap().events[0].prev_alloc_id, ids[0]);

    let [replaced, lost, stays] = ids.each_ref().map(|id| world.allocation(id));
    assert_eq!(replaced.next_allocation, placed[1]);
    assert_eq!((&*replaced.desired_status, &*replaced.client_status), ("stop", "pending"));
    assert_eq!(replaced.desired_description, "alloc is being updated due to job update");
    assert_eq!((&*lost.desired_status, &*lost.client_status), ("stop", "lost"));
    assert_eq!((&lost.followup_eval_id, lost.alloc_states.len()), (waiting, 1));
    assert_eq!((&*lost.alloc_states[0].value, lost.alloc_states[0].time), ("lost", Some(NOW)));
    assert_eq!((stays.deployment_id.as_str(), &stays.followup_eval_id), (new, waiting));
    assert_eq!(stays.eval_id, world.evaluation);
    assert_eq!(stays.alloc_states[0].value, "pending");
    assert!(stays.reschedule_tracker.unwrap().has_failed());

    let evaluation = world.evaluation();
    assert_eq!((&*evaluation.status, &*evaluation.deployment_id), ("complete", new));
    assert_eq!((&evaluation.next_eval, &evaluation.blocked_eval), (waiting, blocked));
    assert_eq!((evaluation.queued_allocations["front"], evaluation.snapshot_index), (2, index - 1));
    assert_eq!(evaluation.failed_tg_allocs.len(), 1);
    for id in [waiting, blocked] {
        let created = world.cluster.evaluation(id).unwrap();
        assert_eq!(created.previous_eval, world.evaluation);
        assert_eq!((created.snapshot_index, created.create_index), (index - 1, index));
    }
}

/// Whatever was applied, taking it back gives the state from before, and on the live state comes of it what
/// comes of the plan.
#[test]
fn what_is_applied_can_be_taken_back() {
    let (mut world, ids) = rolling();
    let requests = [world.request(3, "n2"), world.request(0, "n1")];
    let plan = world.plan(&requests, effects(&world, &ids), Attempt::default());
    let effects = effects(&world, &ids);
    let mut live = world.cluster.fork();
    let before = live.dump();
    let caches = Arc::make_mut(&mut live.caches);
    let mut state = Arc::make_mut(&mut live.state).begin(NOW);
    let (outcome, made) = carry_out(&mut state, caches, &requests, &effects);
    let made = made.and_then(|made| state.resolve_deployment(made));
    let applied = apply(&mut state, effects, &outcome, made);
    assert_eq!((applied.deployment, applied.created.len()), (made, 2));
    let mut documents: Vec<_> =
        state.allocations().map(|it| state.allocation_document(it.0).unwrap()).collect();
    let evaluations: Vec<_> =
        state.evaluations().map(|it| state.evaluation_document(it.0).unwrap()).collect();
    let deployments: Vec<_> =
        state.deployments().map(|it| state.deployment_document(it.0).unwrap()).collect();
    drop(state);
    assert_eq!(live.dump(), before);
    assert_eq!(live.check(), Ok(()));

    world.cluster.commit(plan, NOW);
    let mut committed: Vec<_> = world.cluster.allocations().collect();
    // What these belong to is said to the placing itself, which this test does not do.
    for document in documents.iter_mut().chain(&mut committed) {
        (document.eval_id, document.deployment_id) = (String::new(), String::new());
    }
    assert_eq!(documents, committed);
    let all = world.cluster.evaluations_of("default", "web").collect::<Vec<_>>();
    assert_eq!(evaluations, all);
    assert_eq!(deployments, world.cluster.deployments_of("default", "web").collect::<Vec<_>>());
}

#[test]
fn a_successful_deployment_makes_its_version_stable() {
    let mut world = World::new(&["n1"], job("web", 1, 100));
    let job = world.cluster.state.find_job("default", "web").unwrap();
    let new = deployment(&world.job, 1, 0);
    let slot = world.cluster.change(|state| state.add_deployment(job, *new));
    let reference = world.cluster.state.deployment_ref(slot);
    let update = |status, description: &'static str| DeploymentUpdate {
        deployment: reference,
        status,
        description: description.into(),
    };
    for (status, text) in [
        (DeploymentStatus::Successful, "Deployment completed successfully"),
        // One that is over stays as it is.
        (DeploymentStatus::Cancelled, "Cancelled because job is stopped"),
    ] {
        let effects = Effects { deployment_update: Some(update(status, text)), ..world.effects() };
        let plan = world.plan(&[], effects, Attempt::default());
        assert!(!plan.is_no_op());
        assert!(world.cluster.commit(plan, NOW).is_complete());
        let document = world.cluster.deployments_of("default", "web").next().unwrap();
        assert_eq!(document.status, "successful");
        assert_eq!(document.status_description, "Deployment completed successfully");
    }
    let versions = world.cluster.job("default", "web").unwrap();
    assert_eq!(versions.version_numbers().collect::<Vec<_>>(), [(0, true)]);
}

/// What leaves one deployment for another has no health there yet.
#[test]
fn an_update_in_place_joins_a_deployment_once() {
    let mut world = World::new(&["n1"], job("web", 1, 100));
    let id = world.place(0, "n1");
    let slot = world.cluster.state.find_allocation(&id).unwrap();
    let joins = |world: &World, deployment, choice| Effects {
        deployment,
        updates: vec![UpdateEffect {
            in_place: Some((version(&world.job), choice)),
            ..update(world.allocation_ref(&id))
        }],
        ..world.effects()
    };
    let effects = joins(&world, Some(deployment(&world.job, 1, 0)), DeploymentChoice::New);
    let plan = world.plan(&[], effects, Attempt::default());
    let committed = world.cluster.commit(plan, NOW);
    let first = committed.deployment().unwrap().to_owned();
    world.cluster.change(|state| {
        state.change_lifecycle(slot, true, |record| {
            record.health = crate::state::lifecycle::Health::Healthy;
        });
    });
    let of = world.cluster.state.find_deployment(&first).unwrap();
    let of = world.cluster.state.deployment_ref(of);
    for (new, choice, placed, healthy) in [
        (None, DeploymentChoice::Existing(of), 1, Some(true)),
        (Some(deployment(&world.job, 1, 0)), DeploymentChoice::New, 1, None),
        (None, DeploymentChoice::None, 1, None),
    ] {
        let plan = world.plan(&[], joins(&world, new, choice), Attempt::default());
        assert!(world.cluster.commit(plan, NOW).is_complete());
        let latest = world.cluster.deployments_of("default", "web").next().unwrap();
        assert_eq!(latest.task_groups["front"].placed_allocs, placed);
        let document = world.allocation(&id);
        assert_eq!(document.deployment_id, latest.id);
        assert_eq!(document.deployment_status.and_then(|it| it.healthy), healthy);
    }
    assert_eq!(world.cluster.check(), Ok(()));
}

/// A disconnected allocation, which came back by the time of the next plan, and what waited to give it up.
#[test]
fn a_node_out_of_sight_and_back() {
    let mut world = World::new(&["n1"], job("web", 1, 100));
    let id = world.place(0, "n1");
    let text = "alloc is unknown since its node is disconnected";
    let unknown = UpdateEffect {
        client: Some((ClientStatus::Unknown, text.into())),
        noted: Some(ClientStatus::Unknown),
        follow_up: Some(0),
        ..update(world.allocation_ref(&id))
    };
    let timeout = follow_up(Trigger::MaxDisconnectTimeout, Timestamp::from_secs(400));
    let effects = Effects { updates: vec![unknown], created: vec![timeout], ..world.effects() };
    world.change_node("n1", |node| node.status = "disconnected".into());
    let plan = world.plan(&[], effects, Attempt::default());
    assert_eq!(plan.updates()[0].client_status(), Some(ClientStatus::Unknown));
    let committed = world.cluster.commit(plan, NOW);
    let waiting = committed.created()[0].clone();
    let document = world.allocation(&id);
    assert_eq!((&*document.client_status, &*document.client_description), ("unknown", text));
    assert_eq!(document.followup_eval_id, waiting);

    world.change_node("n1", |node| node.status = "ready".into());
    world.cluster.set_client_status(&id, ClientStatus::Running).unwrap();
    let state = &world.cluster.state;
    let superseded = state.evaluation_ref(state.find_evaluation(&waiting).unwrap());
    let back =
        UpdateEffect { noted: Some(ClientStatus::Running), ..update(world.allocation_ref(&id)) };
    let effects = Effects { updates: vec![back], superseded: vec![superseded], ..world.effects() };
    let plan = world.plan(&[], effects, Attempt::default());
    assert!(world.cluster.commit(plan, NOW).is_complete());
    let states: Vec<String> =
        world.allocation(&id).alloc_states.into_iter().map(|it| it.value).collect();
    assert_eq!(states, ["unknown", "running"]);
    let canceled = world.cluster.evaluation(&waiting).unwrap();
    assert_eq!(
        (&*canceled.status, &*canceled.status_description),
        ("canceled", "allocs reconnected")
    );
}

#[test]
fn a_failed_placement_is_recorded_once() {
    let mut world = World::new(&["n1"], job("web", 1, 100));
    let failed = |world: &World, before: Option<&str>, nodes| Effects {
        failed: vec![FailedRecord {
            before: before.map(|id| world.allocation_ref(id)),
            version: version(&world.job),
            name_index: 0,
            metrics: crate::model::AllocationMetrics {
                nodes_evaluated: nodes,
                ..Default::default()
            },
        }],
        ..world.effects()
    };
    let plan = world.plan(&[], failed(&world, None, 1), Attempt::default());
    world.cluster.commit(plan, NOW);
    let first = world.cluster.allocations().next().unwrap();
    assert_eq!((&*first.desired_status, &*first.client_status), ("failed", "failed"));
    assert_eq!((&*first.node_id, &*first.name), ("", "web.front[0]"));
    assert_eq!(first.desired_description, "failed to find a node for placement");
    assert_eq!((&first.eval_id, first.create_index), (&world.evaluation, first.modify_index));
    assert_eq!(first.metrics.as_ref().unwrap().nodes_evaluated, 1);
    let plan = world.plan(&[], failed(&world, Some(&first.id), 7), Attempt::default());
    world.cluster.commit(plan, NOW);
    assert_eq!(world.cluster.allocation_count(), 1);
    let again = world.allocation(&first.id);
    assert_eq!(again.metrics.unwrap().nodes_evaluated, 7);
    assert!(again.modify_index > again.create_index && again.create_index == first.create_index);
    assert_eq!(world.cluster.missing(&world.job).len(), 1);
    assert_eq!(world.cluster.check(), Ok(()));
}

/// What goes back to wait for room is not done (trap 15).
#[test]
fn an_evaluation_goes_back_to_wait() {
    let mut world = World::new(&["n1"], job("web", 1, 100));
    let blocked = Evaluation { status: "blocked".into(), ..world.evaluation() };
    world.cluster.upsert_evaluation(&blocked).unwrap();
    let mut effects = world.effects();
    (effects.evaluation.status, effects.evaluation.is_reblocked) = (None, true);
    let shortage = effects.evaluation.shortage.get_or_insert_default();
    shortage.class_eligibility.insert("v1:1".into(), false);
    effects.evaluation.queued.add("front", 1);
    let plan = world.plan(&[], effects, Attempt::default());
    assert!(plan.is_no_op());
    let index = world.cluster.modify_index();
    world.cluster.commit(plan, NOW);
    let evaluation = world.evaluation();
    assert_eq!((&*evaluation.status, evaluation.snapshot_index), ("blocked", index));
    assert!(!evaluation.class_eligibility["v1:1"]);
    assert_eq!(evaluation.queued_allocations["front"], 1);
}

#[test]
fn a_plan_names_new_things_by_their_places() {
    let (world, ids) = rolling();
    let requests = [world.request(3, "n2"), world.request(0, "n1")];
    let plan = world.plan(&requests, effects(&world, &ids), Attempt::default());
    let document = plan.to_document();
    let of = |list: &[Allocation]| -> Vec<String> { list.iter().map(|it| it.id.clone()).collect() };
    assert_eq!(document.eval_id, world.evaluation);
    assert_eq!(of(&document.node_update["n1"]), [ids[0].clone(), ids[1].clone()]);
    let lost = &document.node_update["n1"][1];
    assert_eq!((&*lost.client_status, &*lost.followup_eval_id), ("lost", "new[0]"));
    assert_eq!(of(&document.node_allocation["n2"]), ["new[0]".into(), ids[2].clone()]);
    let canary = &document.node_allocation["n1"][0];
    assert_eq!((&*canary.id, &*canary.deployment_id), ("new[1]", "new[0]"));
    assert_eq!((canary.is_canary(), &canary.previous_allocation), (true, &ids[0]));
    let updated = &document.node_allocation["n2"][1];
    assert_eq!((updated.job_version, &*updated.deployment_id), (Some(0), "new[0]"));
    let names: Vec<String> = document.created_evals.iter().map(|it| it.id.clone()).collect();
    assert_eq!(names, ["new[0]", "new[1]"]);
    let eval = document.eval.as_ref().unwrap();
    assert_eq!(
        (&*eval.next_eval, &*eval.blocked_eval, &*eval.status),
        ("new[0]", "new[1]", "complete")
    );
    assert_eq!(document.deployment.as_ref().unwrap().id, "new[0]");
    // It comes back as it went out, and comes to the same.
    let text = serde_json::to_string(&document).unwrap();
    let read = world.cluster.read_plan(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(serde_json::to_string(&read.to_document()).unwrap(), text);
    let committed = [plan, read].map(|plan| {
        let mut cluster = world.cluster.fork();
        assert!(cluster.commit(plan, NOW).is_complete());
        assert_eq!(cluster.check(), Ok(()));
        let evaluations: Vec<_> = cluster.evaluations_of("default", "web").collect();
        let deployments: Vec<_> = cluster.deployments_of("default", "web").collect();
        (cluster.allocations().collect::<Vec<_>>(), evaluations, deployments)
    });
    assert_eq!(committed[0], committed[1]);
}
