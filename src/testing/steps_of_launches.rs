//! What steps launch from jobs, and what schedulers outside say in them.

use super::steps::{Kind, Step};
use super::steps_of_jobs;
use crate::engine::{
    Ack, Command, CreateEvaluation, DeleteEvaluations, Dequeue, DispatchJob, Engine, ForcePeriodic,
    Nack, SubmitPlan, UpdateEvaluation,
};
use crate::model::{Evaluation, Plan};

/// The command of a step on launches or evaluations.
pub(super) fn command(step: &Step, engine: &Engine) -> Command {
    match step.kind {
        Kind::DispatchJob => dispatch(step),
        Kind::ForcePeriodic => {
            let (namespace, job_id) = names(step, "job9");
            ForcePeriodic { job_id, namespace }.into()
        }
        Kind::Dequeue => {
            let all: [&[&str]; 4] = [&["service"], &["batch", "service"], &["_core"], &[]];
            let types = all[usize::from(step.how[0] % 4)].iter().map(|it| (*it).to_owned());
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

fn on_evaluation(step: &Step, engine: &Engine) -> Command {
    let mut ids: Vec<String> = engine.evaluations_with_prefix("").map(|it| it.id).collect();
    ids.sort_unstable();
    let at = usize::from(step.how[0]) % ids.len().max(1);
    let id = ids.get(at).filter(|_| step.who < 240).cloned();
    let evaluation_id = id.unwrap_or_else(|| "e1".into());
    let token = "t1".to_owned();
    let evaluation = || {
        let known = engine.evaluation(&evaluation_id);
        known.unwrap_or_else(|| Evaluation { id: evaluation_id.clone(), ..Evaluation::default() })
    };
    match step.kind {
        Kind::DeleteEvaluations => DeleteEvaluations { ids: vec![evaluation_id] }.into(),
        Kind::Nack => Nack { evaluation_id, token }.into(),
        Kind::SubmitPlan => {
            let plan = Plan { eval_id: evaluation_id, ..Plan::default() };
            SubmitPlan { token, plan }.into()
        }
        Kind::UpdateEvaluation => UpdateEvaluation { token, evaluation: evaluation() }.into(),
        Kind::CreateEvaluation => {
            let status = step.one(1, &["pending", "blocked", "complete"]).to_owned();
            let evaluation = Evaluation {
                id: "e2".into(),
                status,
                previous_eval: evaluation_id.clone(),
                ..evaluation()
            };
            CreateEvaluation { token, evaluation }.into()
        }
        _ => Ack { evaluation_id, token }.into(),
    }
}
