//! Writing deployments.

use serde_json::json;

use super::asked::Asked;
use super::body::{self, Sent};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Endpoint as E;
use super::telling::{apply, optional};
use crate::engine::{
    FailDeployment, PauseDeployment, PromoteDeployment, SetAllocationHealth, UnblockDeployment,
};

/// Answers a request that writes something about deployments.
pub(super) async fn answer(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let deployment_id = asked.id.to_owned();
    let applied = match asked.endpoint {
        E::DeploymentPause => {
            let command: PauseDeployment = body::read(sent)?;
            check(asked, &command.deployment_id)?;
            apply(asked, PauseDeployment { deployment_id, ..command }).await?
        }
        E::DeploymentPromote => {
            let command: PromoteDeployment = body::read(sent)?;
            check(asked, &command.deployment_id)?;
            apply(asked, PromoteDeployment { deployment_id, ..command }).await?
        }
        E::DeploymentHealth => {
            let command: SetAllocationHealth = body::read(sent)?;
            check(asked, &command.deployment_id)?;
            apply(asked, SetAllocationHealth { deployment_id, ..command }).await?
        }
        E::DeploymentUnblock => {
            let command: UnblockDeployment = optional(sent)?;
            check(asked, &command.deployment_id)?;
            apply(asked, UnblockDeployment { deployment_id }).await?
        }
        _ => {
            let command: FailDeployment = optional(sent)?;
            check(asked, &command.deployment_id)?;
            apply(asked, FailDeployment { deployment_id }).await?
        }
    };
    let body = json!({
        "EvalID": applied.evaluation_id(),
        "EvalCreateIndex": applied.evaluation_create_index,
        "DeploymentModifyIndex": applied.deployment_modify_index,
        "RevertedJobVersion": applied.reverted_job_version,
        "Index": applied.index,
    });
    Ok(Reply::written(applied.index, body))
}

/// Whether a body names the deployment of its path, if it names any.
fn check(asked: &Asked<'_>, of_body: &str) -> Result<(), Refusal> {
    match of_body.is_empty() || of_body == asked.id {
        true => Ok(()),
        false => Err(Refusal::bad("Deployment ID does not match")),
    }
}
