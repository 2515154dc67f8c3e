//! Stubs: what lists show of their things (docs/lifecycle.md, section 10).

use serde_json::{Map, Value, json};

use super::documents::complete_lifecycles;
use crate::model::{Allocation, Evaluation, JobSpec, JobSummary, JobType, NodeSpec};

/// A job in a list. Its metadata is shown on request.
pub(super) fn job(job: &JobSpec, summary: &JobSummary, has_meta: bool) -> Value {
    let mut stub = json!({
        "ID": job.id,
        "ParentID": job.extra.get("ParentID").and_then(Value::as_str).unwrap_or_default(),
        "Name": job.name,
        "Namespace": job.namespace,
        "Datacenters": job.datacenters,
        "NodePool": job.node_pool,
        "Multiregion": job.extra.get("Multiregion"),
        "Type": job.job_type,
        "Priority": job.priority(),
        "Periodic": job.periodic.is_some(),
        "ParameterizedJob": job.parameterized_job.is_some(),
        "Stop": job.stop,
        "Status": job.status,
        "StatusDescription": job.status_description,
        "JobSummary": summary,
        "Version": job.version,
        "CreateIndex": job.create_index,
        "ModifyIndex": job.modify_index,
        "JobModifyIndex": job.job_modify_index,
        "SubmitTime": job.submit_time,
    });
    if has_meta && let Some(stub) = stub.as_object_mut() {
        stub.insert("Meta".to_owned(), json!(job.meta));
    }
    stub
}

/// What of an allocation a list shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllocationColumns {
    pub(super) has_resources: bool,
    pub(super) has_task_states: bool,
}

/// An allocation in a list, of which it is said what type and version of its job it runs.
pub(super) fn allocation(
    allocation: &Allocation,
    job_type: JobType,
    version: u64,
    columns: AllocationColumns,
) -> Value {
    let states = match allocation.task_states.is_empty() || !columns.has_task_states {
        true => Value::Null,
        false => json!(allocation.task_states),
    };
    let preempted = match allocation.preempted_allocations.is_empty() {
        true => Value::Null,
        false => json!(allocation.preempted_allocations),
    };
    let mut stub = json!({
        "ID": allocation.id,
        "EvalID": allocation.eval_id,
        "Name": allocation.name,
        "Namespace": allocation.namespace,
        "NodeID": allocation.node_id,
        "NodeName": allocation.node_name,
        "JobID": allocation.job_id,
        "JobType": job_type.as_str(),
        "JobVersion": version,
        "TaskGroup": allocation.task_group,
        "DesiredStatus": allocation.desired_status,
        "DesiredDescription": allocation.desired_description,
        "ClientStatus": allocation.client_status,
        "ClientDescription": allocation.client_description,
        "DesiredTransition": transition(allocation),
        "TaskStates": states,
        "DeploymentStatus": allocation.deployment_status,
        "FollowupEvalID": allocation.followup_eval_id,
        "NextAllocation": allocation.next_allocation,
        "RescheduleTracker": allocation.reschedule_tracker,
        "PreemptedAllocations": preempted,
        "PreemptedByAllocation": allocation.preempted_by_allocation,
        "CreateIndex": allocation.create_index,
        "ModifyIndex": allocation.modify_index,
        "CreateTime": allocation.create_time,
        "ModifyTime": allocation.modify_time,
    });
    if columns.has_resources
        && let Some(stub) = stub.as_object_mut()
    {
        let mut holds = json!(allocation.allocated_resources);
        holds.as_object_mut().into_iter().for_each(complete_lifecycles);
        stub.insert("AllocatedResources".to_owned(), holds);
    }
    stub
}

/// What an allocation was told to do, with the keys that say nothing.
fn transition(allocation: &Allocation) -> Value {
    let mut transition = match serde_json::to_value(&allocation.desired_transition) {
        Ok(Value::Object(transition)) => transition,
        _ => Map::new(),
    };
    for key in ["Migrate", "Reschedule", "ForceReschedule"] {
        transition.entry(key).or_insert(Value::Null);
    }
    Value::Object(transition)
}

/// A node in a list.
pub(super) fn node(node: &NodeSpec, has_resources: bool) -> Value {
    let extra = |key: &str| node.extra.get(key);
    let volumes = match node.host_volumes.is_empty() {
        true => Value::Null,
        false => json!(node.host_volumes),
    };
    let mut stub = json!({
        "ID": node.id,
        "Address": address(node),
        "Attributes": Value::Null,
        "Datacenter": node.datacenter,
        "Name": node.name,
        "NodePool": node.node_pool,
        "NodeClass": node.node_class,
        "Version": node.attributes.get("nomad.version").map_or("", String::as_str),
        "Drain": node.is_draining(),
        "SchedulingEligibility": node.scheduling_eligibility,
        "Status": node.status,
        "StatusDescription": extra("StatusDescription").and_then(Value::as_str).unwrap_or_default(),
        "Drivers": node.drivers,
        "HostVolumes": volumes,
        "LastDrain": extra("LastDrain"),
        "CreateIndex": extra("CreateIndex").and_then(Value::as_u64).unwrap_or(0),
        "ModifyIndex": node.modify_index,
    });
    if has_resources && let Some(stub) = stub.as_object_mut() {
        stub.insert("NodeResources".to_owned(), json!(node.node_resources));
        stub.insert("ReservedResources".to_owned(), json!(node.reserved_resources));
    }
    stub
}

/// An evaluation beside another one.
pub(super) fn evaluation(evaluation: &Evaluation) -> Value {
    json!({
        "ID": evaluation.id,
        "Namespace": evaluation.namespace,
        "Priority": evaluation.priority,
        "Type": evaluation.evaluation_type,
        "TriggeredBy": evaluation.triggered_by,
        "JobID": evaluation.job_id,
        "NodeID": evaluation.node_id,
        "DeploymentID": evaluation.deployment_id,
        "Status": evaluation.status,
        "StatusDescription": evaluation.status_description,
        "WaitUntil": evaluation.extra.get("WaitUntil"),
        "NextEval": evaluation.next_eval,
        "PreviousEval": evaluation.previous_eval,
        "BlockedEval": evaluation.blocked_eval,
        "CreateIndex": evaluation.create_index,
        "ModifyIndex": evaluation.modify_index,
        "CreateTime": evaluation.create_time,
        "ModifyTime": evaluation.modify_time,
    })
}

/// Where a node is reached: the host of its own address of the API, or that of its network.
fn address(node: &NodeSpec) -> &str {
    let own = node.extra.get("HTTPAddr").and_then(Value::as_str);
    let host = own.and_then(|it| it.rsplit_once(':')).map(|(host, _)| host);
    let attribute = || node.attributes.get("unique.network.ip-address").map(String::as_str);
    host.or_else(attribute).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: AllocationColumns = AllocationColumns { has_resources: true, has_task_states: true };

    #[test]
    fn a_stub_has_the_keys_of_both_eras() {
        let text = r#"{"ID": "a1", "Name": "web.front[0]", "JobID": "web", "TaskGroup": "front",
            "DesiredStatus": "run", "ClientStatus": "pending", "CreateIndex": 3, "ModifyIndex": 4}"#;
        let document: Allocation = serde_json::from_str(text).unwrap();
        let stub = allocation(&document, JobType::Service, 0, ALL);
        assert_eq!((&stub["Name"], &stub["JobType"]), (&json!("web.front[0]"), &json!("service")));
        assert_eq!(stub["DesiredTransition"]["Migrate"], Value::Null);
        assert!(stub["TaskStates"].is_null() && stub.get("AllocatedResources").is_some());
    }

    #[test]
    fn a_nodes_address_is_that_of_its_api() {
        let text = r#"{"ID": "n1", "HTTPAddr": "10.1.0.6:4646", "CreateIndex": 12,
            "Attributes": {"nomad.version": "1.1.2", "unique.network.ip-address": "10.0.0.1"}}"#;
        let mut spec: NodeSpec = serde_json::from_str(text).unwrap();
        let stub = node(&spec, false);
        assert_eq!((&stub["Address"], &stub["Version"]), (&json!("10.1.0.6"), &json!("1.1.2")));
        assert_eq!((&stub["CreateIndex"], &stub["Drain"]), (&json!(12), &json!(false)));
        spec.extra.clear();
        assert_eq!(node(&spec, true)["Address"], "10.0.0.1");
    }
}
