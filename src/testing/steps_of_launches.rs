//! What steps launch from jobs, and what schedulers outside say in them.

use super::steps::{Kind, Step};
use super::steps_of_jobs;
use crate::engine::{
    Ack, Command, CreateEvaluation, DeleteEvaluations, Dequeue, DispatchJob, Engine, ForcePeriodic,
    Nack, SubmitPlan, UpdateEvaluation,
};
use crate::model::{Evaluation, Plan};
use crate::plan::attempt::Attempt;
use crate::schedule::process_with;

/// The command of a step on launches or evaluations.
pub(super) fn command(step: &Step, engine: &Engine) -> Command {
    match step.kind {
        Kind::DispatchJob => dispatch(step),
        Kind::ForcePeriodic => {
            let (namespace, job_id) = names(step, "job9");
            ForcePeriodic { job_id, namespace }.into()
        }
        Kind::Dequeue => {
            let all: [&[&str]; 6] =
                [&["batch"], &["batch", "service"], &["batch"], &["service"], &["_core"], &[]];
            let types = all[usize::from(step.how[0]) % all.len()].iter().map(|it| (*it).to_owned());
            Dequeue { types: types.collect() }.into()
        }
        _ => on_evaluation(step, engine),
    }
}

/// The names of a job that launches others, or of any other job.
fn names(step: &Step, launching: &str) -> (String, String) {
    match step.who % 4 {
        3 => steps_of_jobs::names(step),
        _ => ("default".into(), launching.into()),
    }
}

fn dispatch(step: &Step) -> Command {
    let (namespace, job_id) = names(step, "job8");
    let payload = match step.how[0] {
        0..128 => "aGk=".into(),
        128..230 => String::new(),
        230..245 => "no base 64".into(),
        _ => "AAAA".repeat(5_462),
    };
    let keys: &[&str] = step.one(1, &[&["who"], &["who"], &["who", "why"], &[], &["who", "when"]]);
    DispatchJob {
        job_id,
        namespace,
        payload,
        meta: keys.iter().map(|key| ((*key).to_owned(), "1".to_owned())).collect(),
        id_prefix: step.one(2, &["", "", "", "night"]).into(),
        idempotency_token: step.one(2, &["", "", "t1", "", "t2"]).into(),
    }
    .into()
}

/// An evaluation and a token: of one that is out, mostly, else of any other one, or of none.
fn given_out(step: &Step, engine: &Engine) -> (String, String) {
    let out = engine.outstanding();
    let mut token = "t1".to_owned();
    let mut ids: Vec<String> = engine.evaluations_with_prefix("").map(|it| it.id).collect();
    ids.sort_unstable();
    let is_out = !out.is_empty() && step.how[2] % 8 != 7;
    if is_out {
        let (id, known) = out[usize::from(step.how[0]) % out.len()].clone();
        ids = vec![id];
        if step.how[2] % 8 != 6 {
            token = known;
        }
    }
    let at = usize::from(step.how[0]) % ids.len().max(1);
    let id = ids.get(at).filter(|_| step.who < 240).cloned();
    (id.unwrap_or_else(|| "e1".into()), token)
}

fn on_evaluation(step: &Step, engine: &Engine) -> Command {
    let (evaluation_id, token) = given_out(step, engine);
    let known = engine.evaluation(&evaluation_id);
    let none = || Evaluation { id: evaluation_id.clone(), ..Evaluation::default() };
    match step.kind {
        Kind::DeleteEvaluations => DeleteEvaluations { ids: vec![evaluation_id] }.into(),
        Kind::Nack => Nack { evaluation_id, token }.into(),
        Kind::SubmitPlan => {
            let plan = known.map_or_else(Plan::default, |evaluation| plan(engine, &evaluation));
            SubmitPlan { token, plan: Plan { eval_id: evaluation_id, ..plan } }.into()
        }
        Kind::UpdateEvaluation => {
            let status = step.one(1, &["complete", "failed", "complete", "blocked", "asleep"]);
            let evaluation = Evaluation { status: status.into(), ..known.unwrap_or_else(none) };
            UpdateEvaluation { token, evaluation }.into()
        }
        Kind::CreateEvaluation => {
            let status = step.one(1, &["pending", "blocked", "complete"]).to_owned();
            let evaluation = Evaluation {
                id: format!("e{}", 2 + step.how[2] / 64),
                status,
                previous_eval: evaluation_id.clone(),
                ..known.unwrap_or_else(none)
            };
            CreateEvaluation { token, evaluation }.into()
        }
        _ => Ack { evaluation_id, token }.into(),
    }
}

/// What a scheduler outside would do about an evaluation.
fn plan(engine: &Engine, evaluation: &Evaluation) -> Plan {
    let mut fork = engine.snapshot().fork();
    let options = engine.place_options();
    process_with(&mut fork, evaluation, engine.now(), &options, Attempt::default()).to_document()
}
