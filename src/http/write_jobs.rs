//! Writing jobs.

use serde::Deserialize;
use serde_json::{Value, json};

use super::aside::aside;
use super::asked::Asked;
use super::body::{self, Sent};
use super::documents;
use super::host::EngineHandle;
use super::mistakes::Names;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Endpoint as E;
use super::telling::{apply, optional, told};
use crate::engine::{
    Applied, DeregisterJob, DispatchJob, EvaluateJob, ForcePeriodic, RegisterJob, RevertJob,
    ScaleJob, SetJobStability,
};
use crate::model::{BodyKind, JobSpec, JobSubmission};

/// The body of a registration. What it has beside the job are options.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Register {
    #[serde(rename = "Job")]
    job: Option<JobSpec>,
    #[serde(rename = "EnforceIndex")]
    enforce_index: Option<bool>,
    #[serde(rename = "JobModifyIndex")]
    job_modify_index: Option<u64>,
    #[serde(rename = "PreserveCounts")]
    preserve_counts: Option<bool>,
    #[serde(rename = "EvalPriority")]
    eval_priority: Option<i64>,
    #[serde(rename = "Submission")]
    submission: Option<Box<JobSubmission>>,
    #[serde(rename = "Diff")]
    diff: Option<bool>,
    #[serde(rename = "Region")]
    region: Option<String>,
    #[serde(rename = "Namespace")]
    namespace: Option<String>,
}

/// Answers a request that writes something about jobs.
pub(super) async fn answer(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    match asked.endpoint {
        E::Jobs => register(asked, sent).await,
        E::Job if asked.is_delete() => deregister(asked).await,
        E::Job => register(asked, sent).await,
        E::JobPlan => plan(asked, sent),
        E::JobEvaluate => evaluate(asked, sent).await,
        E::JobScale => scale(asked, sent).await,
        E::JobRevert => revert(asked, sent).await,
        E::JobStable => set_stability(asked, sent).await,
        E::JobDispatch => dispatch(asked, sent).await,
        E::JobForce => force(asked).await,
        _ => Err(Refusal::not_found("")),
    }
}

/// The reply to what made an evaluation of a job.
fn evaluated(applied: &Applied) -> Value {
    json!({
        "EvalID": applied.evaluation_id(),
        "EvalCreateIndex": applied.evaluation_create_index,
        "JobModifyIndex": applied.job_modify_index,
        "Index": applied.index,
        "KnownLeader": false,
        "LastContact": 0,
        "Warnings": applied.warnings,
    })
}

/// Gives a job the region and the namespace of its request where it names none, and its engine.
pub(super) fn placed<'a>(
    asked: &'a Asked<'_>,
    job: &mut JobSpec,
    region: Option<String>,
    namespace: Option<String>,
) -> Result<&'a EngineHandle, Refusal> {
    let region = region.filter(|it| !it.is_empty()).unwrap_or_else(|| job.region.clone());
    if job.region.is_empty() {
        asked.region(&region).clone_into(&mut job.region);
    }
    if job.namespace.is_empty() {
        let of_body = namespace.filter(|namespace| !namespace.is_empty());
        job.namespace = of_body.unwrap_or_else(|| asked.query.namespace().to_owned());
    }
    asked.engine(&region)
}

async fn register(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let body: Register = body::read_as(BodyKind::Job, sent)?;
    let mut job = body.job.ok_or_else(|| Refusal::bad("Job must be specified"))?;
    if job.id.is_empty() {
        return Err(Refusal::bad("Job ID hasn't been provided"));
    }
    if asked.endpoint == E::Job && asked.id != job.id {
        return Err(Refusal::bad("Job ID does not match name"));
    }
    let handle = placed(asked, &mut job, body.region, body.namespace)?;
    asked.regions.limits().check(&job)?;
    documents::take_back(&mut job);
    let names = Names::of(&job);
    let command = RegisterJob {
        job,
        enforce_index: body.enforce_index.unwrap_or(false),
        job_modify_index: body.job_modify_index.unwrap_or(0),
        preserve_counts: body.preserve_counts.unwrap_or(false),
        eval_priority: body.eval_priority.unwrap_or(0),
        submission: body.submission,
    };
    let outcome = handle.apply(command.into()).await.ok_or_else(Refusal::unavailable)?;
    let applied = outcome.map_err(|error| names.refusal(error))?;
    Ok(Reply::written(applied.index, evaluated(&applied)))
}

fn plan(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let body: Register = body::read_as(BodyKind::Job, sent)?;
    let mut job = body.job.ok_or_else(|| Refusal::bad("Job must be specified"))?;
    if job.id.is_empty() {
        return Err(Refusal::bad("Job must have a valid ID"));
    }
    check_job(asked, &job.id)?;
    let handle = placed(asked, &mut job, body.region, body.namespace)?;
    asked.regions.limits().check(&job)?;
    documents::take_back(&mut job);
    let (names, snapshot) = (Names::of(&job), handle.snapshot());
    let found = aside(|| snapshot.dry_run(handle.options(), job, handle.now()));
    let found = found.map_err(|error| names.refusal(error.into()))?;
    let index = found.job_modify_index;
    Ok(Reply::written(index, json!(found.reply(body.diff.unwrap_or(false)))))
}

async fn deregister(asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let eval_priority = match asked.query.text("eval_priority") {
        "" => 0,
        text => {
            text.parse().map_err(|_| Refusal::bad("Failed to parse value of \"eval_priority\""))?
        }
    };
    let command = DeregisterJob {
        job_id: asked.id.to_owned(),
        namespace: asked.query.namespace().to_owned(),
        purge: asked.query.is("purge")?,
        eval_priority,
        no_shutdown_delay: asked.query.is("no_shutdown_delay")?,
    };
    let applied = apply(asked, command).await?;
    let body = json!({
        "EvalID": applied.evaluation_id(),
        "EvalCreateIndex": applied.evaluation_create_index,
        "JobModifyIndex": applied.job_modify_index,
        "VolumeEvalID": "",
        "VolumeEvalIndex": 0,
        "Index": applied.index,
        "KnownLeader": false,
        "LastContact": 0,
    });
    Ok(Reply::written(applied.index, body))
}

/// Whether a body names the job of its path, if it names any.
fn check_job(asked: &Asked<'_>, of_body: &str) -> Result<(), Refusal> {
    match of_body.is_empty() || of_body == asked.id {
        true => Ok(()),
        false => Err(Refusal::bad("Job ID does not match")),
    }
}

/// The namespace of a body, or else of the request.
fn namespace(asked: &Asked<'_>, of_body: &mut String) {
    if of_body.is_empty() {
        asked.query.namespace().clone_into(of_body);
    }
}

async fn evaluate(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let mut command: EvaluateJob = optional(sent)?;
    check_job(asked, &command.job_id)?;
    asked.id.clone_into(&mut command.job_id);
    namespace(asked, &mut command.namespace);
    let applied = apply(asked, command).await?;
    Ok(Reply::written(applied.index, evaluated(&applied)))
}

async fn scale(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let mut command: ScaleJob = body::read(sent)?;
    let of_target = command.target.get("Job").map(String::as_str).unwrap_or_default();
    check_job(asked, of_target)?;
    asked.id.clone_into(&mut command.job_id);
    namespace(asked, &mut command.namespace);
    let applied = told(asked, command.into()).await?.map_err(Refusal::of_lookup)?;
    let mut body = evaluated(&applied);
    if let Some(body) = body.as_object_mut() {
        body.insert("KnownLeader".to_owned(), Value::Bool(true));
    }
    Ok(Reply::written(applied.index, body))
}

async fn revert(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let mut command: RevertJob = body::read(sent)?;
    if command.job_id.is_empty() {
        return Err(Refusal::bad("JobID must be specified"));
    }
    check_job(asked, &command.job_id)?;
    namespace(asked, &mut command.namespace);
    let applied = apply(asked, command).await?;
    Ok(Reply::written(applied.index, evaluated(&applied)))
}

async fn dispatch(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let mut command: DispatchJob = optional(sent)?;
    check_job(asked, &command.job_id)?;
    asked.id.clone_into(&mut command.job_id);
    namespace(asked, &mut command.namespace);
    if command.idempotency_token.is_empty() {
        asked.query.text("idempotency_token").clone_into(&mut command.idempotency_token);
    }
    let applied = apply(asked, command).await?;
    let body = json!({
        "DispatchedJobID": applied.dispatched_job_id,
        "EvalID": applied.evaluation_id(),
        "EvalCreateIndex": applied.evaluation_create_index,
        "JobCreateIndex": applied.job_create_index,
        "Index": applied.index,
    });
    Ok(Reply::written(applied.index, body))
}

async fn force(asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let namespace = asked.query.namespace().to_owned();
    let command = ForcePeriodic { job_id: asked.id.to_owned(), namespace };
    let applied = apply(asked, command).await?;
    let body = json!({
        "EvalID": applied.evaluation_id(),
        "EvalCreateIndex": applied.evaluation_create_index,
        "Index": applied.index,
    });
    Ok(Reply::written(applied.index, body))
}

async fn set_stability(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let mut command: SetJobStability = body::read(sent)?;
    check_job(asked, &command.job_id)?;
    asked.id.clone_into(&mut command.job_id);
    namespace(asked, &mut command.namespace);
    let applied = apply(asked, command).await?;
    let body = json!({"JobModifyIndex": applied.job_modify_index, "Index": applied.index});
    Ok(Reply::written(applied.index, body))
}
