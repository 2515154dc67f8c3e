//! Evaluations and deployments: documents come back as they went in, and lists say when they changed.

use super::State;
use super::check::Report;
use super::ids;
use super::slots::{DeploymentSlot, EvaluationSlot};
use super::transaction::Transaction;
use crate::model::deployment::{Deployment, DeploymentState, DeploymentStatus};
use crate::model::evaluation::{Evaluation, EvaluationStatus, Trigger};
use crate::model::{AllocationMetrics, Job, Node};
use crate::rng::Rng;
use crate::time::{Span, Timestamp};

/// Makes a random change of an evaluation or a deployment; called by the test of whole transactions.
pub(super) fn step(rng: &mut Rng, state: &mut Transaction<'_>) {
    let job_id = format!("j{}", rng.below(5));
    match rng.below(8) {
        0 | 1 => {
            let document = Evaluation {
                id: any_id(rng, ids::EVALUATIONS),
                previous_eval: any_id(rng, ids::EVALUATIONS),
                ..evaluation(&job_id)
            };
            drop(state.upsert_evaluation(&document));
        }
        2 => {
            let Some(slot) = any_evaluation(rng, state) else { return };
            let text = format!("{}", rng.below(3));
            state.change_evaluation(slot, |record| {
                record.status = EvaluationStatus::Complete;
                record.details_mut().status_description = text.into();
            });
        }
        3 | 4 => {
            let Some(slot) = any_evaluation(rng, state) else { return };
            state.remove_evaluation(slot);
        }
        5 | 6 => {
            let document = Deployment { id: any_id(rng, ids::DEPLOYMENTS), ..deployment(&job_id) };
            drop(state.upsert_deployment(&document));
        }
        _ => {
            let slots: Vec<DeploymentSlot> = state.deployments().map(|(slot, _)| slot).collect();
            let at = rng.below(slots.len() as u64) as usize;
            let Some(&slot) = slots.get(at) else { return };
            match rng.below(2) {
                0 => state.remove_deployment(slot),
                _ => drop(state.change_deployment(slot, |record| {
                    record.status = DeploymentStatus::Failed;
                })),
            }
        }
    }
}

/// No identity, one from elsewhere, or one that the state has made or will make.
fn any_id(rng: &mut Rng, kind: u64) -> String {
    match rng.below(4) {
        0 => format!("from-elsewhere-{}", rng.below(4)),
        1 => ids::encode(kind, rng.below(8) as u32, rng.below(3) as u32),
        _ => String::new(),
    }
}

fn any_evaluation(rng: &mut Rng, state: &State) -> Option<EvaluationSlot> {
    let slots: Vec<EvaluationSlot> = state.evaluations().map(|(slot, _)| slot).collect();
    slots.get(rng.below(slots.len() as u64) as usize).copied()
}

fn evaluation(job_id: &str) -> Evaluation {
    Evaluation {
        job_id: job_id.into(),
        evaluation_type: "batch".into(),
        triggered_by: Trigger::JobRegister.as_str().into(),
        ..Evaluation::default()
    }
}

fn deployment(job_id: &str) -> Deployment {
    Deployment { job_id: job_id.into(), status: "running".into(), ..Deployment::default() }
}

fn assert_sound(state: &State) {
    let mut report = Report::default();
    state.check(&mut report);
    assert_eq!(report.0, []);
}

/// Every field is named, so that a new one cannot be forgotten.
fn full_evaluation(previous: &str) -> Evaluation {
    let metrics = AllocationMetrics { nodes_evaluated: 3, ..AllocationMetrics::default() };
    let mut extra = crate::model::document::Extra::new();
    extra.insert("RelatedEvals".into(), serde_json::json!([{"ID": "r"}]));
    Evaluation {
        id: "evaluation-1".into(),
        namespace: "ops".into(),
        priority: 77,
        evaluation_type: "_core".into(),
        triggered_by: "max-plan-attempts".into(),
        job_id: "web".into(),
        job_modify_index: 11,
        node_id: "n1".into(),
        node_modify_index: 12,
        deployment_id: "deployment-1".into(),
        status: "blocked".into(),
        status_description: "why".into(),
        wait: Span::from_secs(3),
        next_eval: "next".into(),
        previous_eval: previous.into(),
        blocked_eval: ids::encode(ids::EVALUATIONS, 900, 2),
        failed_tg_allocs: [("front".to_owned(), metrics)].into(),
        class_eligibility: [("v1:5".to_owned(), true), ("v1:6".to_owned(), false)].into(),
        quota_limit_reached: "quota".into(),
        escaped_computed_class: true,
        annotate_plan: true,
        queued_allocations: [("front".to_owned(), 4)].into(),
        snapshot_index: 13,
        create_index: 14,
        modify_index: 15,
        create_time: 16,
        modify_time: 17,
        wait_until: Some(Timestamp::from_secs(18)),
        extra,
    }
}

fn full_deployment() -> Deployment {
    let mut extra = crate::model::document::Extra::new();
    extra.insert("CreateTime".into(), serde_json::json!(19));
    let group = DeploymentState {
        auto_revert: true,
        auto_promote: true,
        progress_deadline: Span::from_secs(600),
        promoted: true,
        placed_canaries: vec!["canary".into(), ids::encode(0, 5, 1)],
        desired_canaries: 1,
        desired_total: 2,
        placed_allocs: 3,
        healthy_allocs: 4,
        unhealthy_allocs: 5,
        require_progress_by: Some(Timestamp::from_secs(6)),
        extra: extra.clone(),
    };
    Deployment {
        id: "deployment-1".into(),
        namespace: "ops".into(),
        job_id: "web".into(),
        job_version: 7,
        job_modify_index: 8,
        job_spec_modify_index: 9,
        job_create_index: 10,
        is_multiregion: true,
        task_groups: [("front".to_owned(), group), ("back".to_owned(), Default::default())].into(),
        status: "unblocking".into(),
        status_description: "why".into(),
        eval_priority: 11,
        create_index: 12,
        modify_index: 13,
        extra,
    }
}

#[test]
fn documents_come_back_as_they_went_in() {
    let mut state = State::new(0);
    let mut transaction = state.begin(Timestamp::EPOCH);
    transaction.upsert_node(Node::builder("n1").build().unwrap());
    let ours = transaction.upsert_evaluation(&evaluation("web")).unwrap();
    let ours = transaction.evaluation_id(ours);
    // Before and after there is what they refer to.
    for _ in 0..2 {
        let document = full_evaluation(&ours);
        let slot = transaction.import_evaluation(&document).unwrap();
        assert_eq!(transaction.evaluation_document(slot), Some(document));
        let document = full_deployment();
        let slot = transaction.import_deployment(&document).unwrap();
        assert_eq!(transaction.deployment_document(slot), Some(document));
    }
    transaction.commit();
    assert_sound(&state);
    let slot = state.find_evaluation("evaluation-1").unwrap();
    let record = state.evaluation(slot).unwrap();
    assert_eq!(state.resolve_node(record.links().node), state.find_node("n1"));
    assert_eq!(state.resolve_evaluation(record.links().previous), state.find_evaluation(&ours));
    assert_eq!(state.resolve_evaluation(record.links().blocked), None);
    assert_eq!(state.resolve_deployment(record.deployment), state.find_deployment("deployment-1"));

    // What they refer to may go.
    let mut transaction = state.begin(Timestamp::EPOCH);
    let previous = transaction.find_evaluation(&ours).unwrap();
    transaction.remove_evaluation(previous);
    let deployment = transaction.find_deployment("deployment-1").unwrap();
    transaction.remove_deployment(deployment);
    let node = transaction.find_node("n1").unwrap();
    transaction.remove_node(node);
    transaction.commit();
    assert_eq!(state.evaluation_document(slot), Some(full_evaluation(&ours)));
    assert_sound(&state);
}

#[test]
fn lists_of_a_job_say_when_they_changed() {
    let mut state = State::new(0);
    let job = Job::builder("web").group("a", 1, |g| g.task("t", "docker", |t| t)).build().unwrap();
    let mut transaction = state.begin(Timestamp::EPOCH);
    let job = transaction.register_job(job).job;
    transaction.commit();
    let indexes = |state: &State| {
        let work = state.work(job);
        work.map(|it| (it.evaluations.modify_index, it.deployments.modify_index))
    };
    assert_eq!(indexes(&state), Some((0, 0)));
    let mut transaction = state.begin(Timestamp::from_secs(1));
    let first = transaction.upsert_evaluation(&evaluation("web")).unwrap();
    let touched = transaction.touched();
    assert_eq!((touched.evaluations, touched.jobs), (vec![first], vec![job]));
    transaction.commit();
    assert_eq!(indexes(&state), Some((2, 0)));
    let id = state.evaluation_id(first);
    let prefixed: Vec<EvaluationSlot> = state.evaluations_with_prefix(&id[..8]).collect();
    assert_eq!(prefixed, [first]);
    assert_eq!(state.find_allocation(&id), None);

    let mut transaction = state.begin(Timestamp::from_secs(2));
    transaction.change_evaluation(first, |record| record.status = EvaluationStatus::Complete);
    let deployments = ["web"; 2].map(|it| transaction.upsert_deployment(&deployment(it)).unwrap());
    assert_eq!(transaction.touched().deployments, deployments);
    transaction.commit();
    assert_eq!(indexes(&state), Some((3, 3)));
    assert_eq!(state.deployments_of(job), [deployments[1], deployments[0]]);
    let document = state.evaluation_document(first).unwrap();
    assert_eq!((document.create_index, document.modify_index), (2, 3));
    assert_eq!((document.create_time, document.modify_time), (1_000_000_000, 2_000_000_000));

    let mut transaction = state.begin(Timestamp::from_secs(3));
    transaction.remove_evaluation(first);
    transaction.commit();
    assert_eq!((indexes(&state), state.evaluations_of(job).len()), (Some((4, 3)), 0));
    assert_eq!(state.find_evaluation(&id), None);
    // Its slot is taken again, but its identity is not.
    let mut transaction = state.begin(Timestamp::from_secs(4));
    let second = transaction.upsert_evaluation(&evaluation("web")).unwrap();
    assert_eq!(second, first);
    assert_ne!(transaction.evaluation_id(second), id);
    transaction.commit();

    // The name of a job stays until nothing is left of it.
    let mut transaction = state.begin(Timestamp::from_secs(5));
    transaction.unregister_job(job);
    assert_eq!(transaction.find_job("default", "web"), Some(job));
    transaction.remove_evaluation(second);
    deployments.iter().for_each(|slot| transaction.remove_deployment(*slot));
    assert_eq!(transaction.find_job("default", "web"), None);
    transaction.commit();
    assert_sound(&state);
}

#[test]
fn documents_that_make_no_sense_change_nothing() {
    let mut state = State::new(0);
    let mut transaction = state.begin(Timestamp::EPOCH);
    let known = Evaluation { id: "e".into(), ..evaluation("web") };
    transaction.upsert_evaluation(&known).unwrap();
    let other = Deployment { id: "d".into(), ..deployment("web") };
    transaction.upsert_deployment(&other).unwrap();
    transaction.commit();
    let before = state.dump();
    let mut transaction = state.begin(Timestamp::EPOCH);
    let evaluations = [
        Evaluation { status: "cancelled".into(), ..known.clone() },
        Evaluation { triggered_by: "job-registered".into(), ..known.clone() },
        Evaluation { evaluation_type: "core".into(), ..known.clone() },
        Evaluation { job_id: "db".into(), ..known },
    ];
    let errors = evaluations.map(|it| transaction.upsert_evaluation(&it).unwrap_err().to_string());
    assert_eq!(
        errors,
        [
            "`cancelled` is no status of an evaluation",
            "`job-registered` is no trigger of an evaluation",
            "`core` is no type of an evaluation",
            "evaluation `e` is of job `web`",
        ]
    );
    let deployments = [
        Deployment { status: "canceled".into(), ..other.clone() },
        Deployment { namespace: "ops".into(), ..other },
    ];
    let errors = deployments.map(|it| transaction.upsert_deployment(&it).unwrap_err().to_string());
    assert_eq!(
        errors,
        ["`canceled` is no status of a deployment", "deployment `d` is of job `web`"]
    );
    transaction.commit();
    assert_eq!(state.dump(), before);
}
