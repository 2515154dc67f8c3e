//! Writes: one command each.

use indexmap::IndexSet;
use serde::Deserialize;
use serde_json::{Value, json};

use super::aside::aside;
use super::asked::Asked;
use super::body::{self, Sent};
use super::filter::Filter;
use super::mistakes::Names;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Endpoint as E;
use super::telling::{apply, optional, told};
use super::{evaluations, search, statuses, write_deployments, write_jobs, write_nodes};
use crate::engine::{
    CollectGarbage, CommandError, DeleteEvaluations, DeleteNamespace, DeleteNodePool,
    ReconcileSummaries, SetSchedulerConfiguration, SettingsCommandError, StopAllocation,
    UpsertNamespace, UpsertNodePool,
};
use crate::model::{BodyKind, JobSpec, Namespace, NodePool, SchedulerConfiguration};

/// Answers a request that writes, or has a body for another reason.
pub(super) async fn answer(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    match asked.endpoint {
        E::ValidateJob => aside(|| validate(asked, sent)),
        E::Search | E::SearchFuzzy => aside(|| search::answer(asked, sent)),
        E::JobsStatuses => statuses::answer(asked, sent).await,
        #[cfg(feature = "hcl")]
        E::JobsParse => super::parse::parse(sent).await,
        #[cfg(not(feature = "hcl"))]
        E::JobsParse => parse(sent),
        E::AllocationStop => stop_allocation(asked, sent).await,
        E::SchedulerConfiguration => set_scheduler(asked, sent).await,
        E::Namespace | E::Namespaces => write_namespace(asked, sent).await,
        E::NodePool | E::NodePools => write_pool(asked, sent).await,
        E::SystemReconcile => {
            apply(asked, ReconcileSummaries::default()).await?;
            Ok(Reply::empty())
        }
        E::SystemGarbage => {
            apply(asked, CollectGarbage::default()).await?;
            Ok(Reply::empty())
        }
        E::Evaluations => delete_evaluations(asked, sent).await,
        E::DeploymentFail
        | E::DeploymentHealth
        | E::DeploymentPause
        | E::DeploymentPromote
        | E::DeploymentUnblock => write_deployments::answer(asked, sent).await,
        E::NodeAllocations
        | E::NodeDrain
        | E::NodeEligibility
        | E::NodeEvaluate
        | E::NodePurge
        | E::NodeRegister
        | E::NodeStatus => write_nodes::answer(asked, sent).await,
        _ => write_jobs::answer(asked, sent).await,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Validate {
    #[serde(rename = "Job")]
    job: Option<JobSpec>,
    #[serde(rename = "Region")]
    region: Option<String>,
    #[serde(rename = "Namespace")]
    namespace: Option<String>,
}

fn validate(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let body: Validate = body::read_as(BodyKind::Job, sent)?;
    let mut spec = body.job.ok_or_else(|| Refusal::bad("Job must be specified"))?;
    let handle = write_jobs::placed(asked, &mut spec, body.region, body.namespace)?;
    asked.regions.limits().check(&spec)?;
    let (names, snapshot) = (Names::of(&spec), handle.snapshot());
    let warnings = snapshot.registration_warnings(&spec);
    let (error, errors) = match snapshot.validate(spec) {
        Ok(_) => (String::new(), Value::Null),
        Err(errors) => (names.text(&errors), json!(names.texts(&errors))),
    };
    Ok(Reply::plain(json!({
        "DriverConfigValidated": true, "ValidationErrors": errors, "Error": error,
        "Warnings": warnings,
    })))
}

async fn stop_allocation(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let mut command: StopAllocation = optional(sent)?;
    asked.id.clone_into(&mut command.allocation_id);
    command.reschedule |= asked.query.is("reschedule")?;
    command.no_shutdown_delay |= asked.query.is("no_shutdown_delay")?;
    let applied = told(asked, command.into()).await?.map_err(Refusal::of_lookup)?;
    let body = json!({"EvalID": applied.evaluation_id(), "Index": applied.index});
    Ok(Reply::written(applied.index, body))
}

/// A job file that is to be read.
#[cfg(not(feature = "hcl"))]
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parse {
    #[serde(rename = "JobHCL")]
    job_hcl: String,
}

#[cfg(not(feature = "hcl"))]
fn parse(sent: Sent) -> Result<Reply, Refusal> {
    let body: Parse = body::read(sent)?;
    match body.job_hcl.trim().is_empty() {
        true => Err(Refusal::bad("Job spec is empty")),
        false => Err(Refusal::not_built_in(
            "HCL is not built in: build with `--features hcl`, or send the job as JSON",
        )),
    }
}

/// Which evaluations are to be deleted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Delete {
    #[serde(rename = "EvalIDs")]
    ids: Vec<String>,
    #[serde(rename = "Filter")]
    filter: String,
}

async fn delete_evaluations(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let body: Delete = optional(sent)?;
    let filter = match body.filter.trim() {
        "" => asked.query.filter()?,
        text => Some(Filter::read(text)?),
    };
    let ids = match filter {
        Some(_) if !body.ids.is_empty() => {
            return Err(Refusal::bad("evals cannot be deleted by both ID and filter"));
        }
        Some(filter) => evaluations::wanted(&asked.engine("")?.snapshot(), asked.query, filter)?,
        None if body.ids.is_empty() => {
            return Err(Refusal::bad("request does not include any evaluation IDs or a filter"));
        }
        None => body.ids.into_iter().collect::<IndexSet<String>>().into_iter().collect(),
    };
    let number = ids.len();
    let applied = apply(asked, DeleteEvaluations { ids }).await?;
    Ok(Reply::written(applied.index, json!({"Count": number, "Index": applied.index})))
}

async fn set_scheduler(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let configuration: SchedulerConfiguration = body::read_as(BodyKind::Scheduler, sent)?;
    let check_index = match asked.query.text("cas") {
        "" => None,
        text => Some(text.parse().map_err(|_| Refusal::bad("Error parsing cas value"))?),
    };
    let command = SetSchedulerConfiguration { configuration, check_index };
    let (index, is_updated) = match told(asked, command.into()).await? {
        Ok(applied) => (applied.index, true),
        Err(CommandError::Settings(SettingsCommandError::Conflict { .. })) => {
            (asked.engine("")?.snapshot().modify_index(), false)
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Reply::written(index, json!({"Updated": is_updated, "Index": index})))
}

async fn write_namespace(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let name = asked.id.to_owned();
    let applied = if asked.is_delete() {
        apply(asked, DeleteNamespace { name }).await?
    } else {
        let mut namespace: Namespace = body::read_as(BodyKind::Namespace, sent)?;
        named(&mut namespace.name, name, "namespace")?;
        apply(asked, UpsertNamespace { namespace }).await?
    };
    Ok(Reply { index: Some(applied.index), ..Reply::empty() })
}

async fn write_pool(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let name = asked.id.to_owned();
    let applied = if asked.is_delete() {
        apply(asked, DeleteNodePool { name }).await?
    } else {
        let mut pool: NodePool = body::read_as(BodyKind::NodePool, sent)?;
        named(&mut pool.name, name, "node pool")?;
        apply(asked, UpsertNodePool { pool }).await?
    };
    Ok(Reply { index: Some(applied.index), ..Reply::empty() })
}

/// Gives a thing the name of its path, unless its body has another.
fn named(name: &mut String, of_path: String, noun: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        *name = of_path;
    } else if !of_path.is_empty() && *name != of_path {
        return Err(Refusal::bad(format!("{noun} name does not match request path")));
    }
    Ok(())
}
