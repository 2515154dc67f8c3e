//! Writing nodes, by operators and by the clients on them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::Asked;
use super::body::{self, Sent};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Endpoint as E;
use super::telling::{apply, optional};
use crate::engine::{
    Applied, DrainNode, DrainSpec, EvaluateNode, PurgeNode, RegisterNode, SetEligibility,
    SetNodeStatus, UpdateAllocations,
};
use crate::model::{BodyKind, NodeSpec};
use crate::time::Span;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Register {
    #[serde(rename = "Node")]
    node: Option<NodeSpec>,
}

/// Answers a request that writes something about nodes.
pub(super) async fn answer(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let node_id = asked.id.to_owned();
    match asked.endpoint {
        E::NodeRegister => {
            let body: Register = body::read_as(BodyKind::Node, sent)?;
            let mut node = body.node.ok_or_else(|| Refusal::bad("Node must be specified"))?;
            if node.id.is_empty() {
                node.id = node_id;
            } else if node.id != node_id {
                return Err(Refusal::bad("Node ID does not match"));
            }
            Ok(heard(&apply(asked, RegisterNode { node }).await?))
        }
        E::NodeStatus => {
            let command: SetNodeStatus = body::read(sent)?;
            let command = SetNodeStatus { node_id, ..command };
            Ok(heard(&apply(asked, command).await?))
        }
        E::NodeAllocations => {
            let mut command: UpdateAllocations = body::read_as(BodyKind::Updates, sent)?;
            if asked.engine("")?.snapshot().node(&node_id).is_none() {
                return Err(Refusal::failed("node not found"));
            }
            // A client speaks of what is on its node.
            for update in &mut command.allocations {
                if update.node_id.is_empty() {
                    update.node_id.clone_from(&node_id);
                } else if update.node_id != node_id {
                    return Err(Refusal::bad("Node ID does not match"));
                }
            }
            let applied = apply(asked, command).await?;
            Ok(Reply::written(applied.index, json!({"Index": applied.index})))
        }
        E::NodeEligibility => {
            let command: SetEligibility = body::read(sent)?;
            let command = SetEligibility { node_id, ..command };
            Ok(changed(&apply(asked, command).await?))
        }
        E::NodeDrain => {
            let command = drain(asked, sent)?;
            Ok(changed(&apply(asked, DrainNode { node_id, ..command }).await?))
        }
        E::NodePurge => {
            let _: Value = optional(sent)?;
            Ok(heard(&apply(asked, PurgeNode { node_id }).await?))
        }
        _ => {
            let _: Value = optional(sent)?;
            Ok(heard(&apply(asked, EvaluateNode { node_id }).await?))
        }
    }
}

/// What a request says of a drain: in its body, or as the first API has it in a parameter.
fn drain(asked: &Asked<'_>, sent: Sent) -> Result<DrainNode, Refusal> {
    if !sent.is_blank() {
        return body::read(sent);
    }
    let drain_spec = match asked.query.text("enable") {
        "" => return Err(Refusal::bad("missing enable value")),
        _ if asked.query.is("enable").map_err(|_| Refusal::bad("invalid enable value"))? => {
            // The first API knows no deadline: all go at once.
            Some(DrainSpec { deadline: Span::from_nanos(-1), ..DrainSpec::default() })
        }
        _ => None,
    };
    Ok(DrainNode { mark_eligible: drain_spec.is_none(), drain_spec, ..DrainNode::default() })
}

/// The reply to an operator.
fn changed(applied: &Applied) -> Reply {
    let body = json!({
        "EvalIDs": evaluations(applied),
        "EvalCreateIndex": applied.evaluation_create_index,
        "NodeModifyIndex": applied.node_modify_index,
        "Index": applied.index,
    });
    Reply::written(applied.index, body)
}

/// The reply to a client.
fn heard(applied: &Applied) -> Reply {
    let body = json!({
        "HeartbeatTTL": applied.heartbeat_ttl.map_or(0, |ttl| ttl.as_nanos()),
        "EvalIDs": evaluations(applied),
        "EvalCreateIndex": applied.evaluation_create_index,
        "NodeModifyIndex": applied.node_modify_index,
        "Index": applied.index,
        "Features": 0,
        "KnownLeader": false,
        "LastContact": 0,
        "LeaderRPCAddr": "",
        "NumNodes": 0,
        "Servers": null,
    });
    Reply::written(applied.index, body)
}

fn evaluations(applied: &Applied) -> Value {
    let ids = applied.evaluation_ids();
    match ids.is_empty() {
        true => Value::Null,
        false => json!(ids),
    }
}
