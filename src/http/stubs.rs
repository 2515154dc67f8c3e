//! Stubs: what lists show of their things (docs/lifecycle.md, section 10).

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::documents::complete_lifecycles;
use crate::engine::AllocationView;
use crate::model::{Evaluation, JobSpec, JobSummary, NodeSpec};

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

/// An allocation in a list. It is written straight from what is known of it: lists are long.
pub(super) struct AllocationStub<'a> {
    pub(super) view: AllocationView<'a>,
    pub(super) columns: AllocationColumns,
}

impl Serialize for AllocationStub<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let it = self.view.outline();
        let job = self.view.job_spec();
        let version = it.job_version.or(job.map(|job| job.version)).unwrap_or(0);
        let has_states = self.columns.has_task_states && !it.task_states.is_empty();
        let states = Some(&it.task_states).filter(|_| has_states);
        let preempted = Some(&it.preempted_allocations).filter(|ids| !ids.is_empty());
        let mut stub = serializer.serialize_map(None)?;
        if self.columns.has_resources {
            let mut holds = json!(self.view.allocated_resources());
            holds.as_object_mut().into_iter().for_each(complete_lifecycles);
            stub.serialize_entry("AllocatedResources", &holds)?;
        }
        stub.serialize_entry("ClientDescription", &it.client_description)?;
        stub.serialize_entry("ClientStatus", &it.client_status)?;
        stub.serialize_entry("CreateIndex", &it.create_index)?;
        stub.serialize_entry("CreateTime", &it.create_time)?;
        stub.serialize_entry("DeploymentStatus", &it.deployment_status)?;
        stub.serialize_entry("DesiredDescription", &it.desired_description)?;
        stub.serialize_entry("DesiredStatus", &it.desired_status)?;
        stub.serialize_entry("DesiredTransition", &it.desired_transition)?;
        stub.serialize_entry("EvalID", &it.eval_id)?;
        stub.serialize_entry("FollowupEvalID", &it.followup_eval_id)?;
        stub.serialize_entry("ID", &it.id)?;
        stub.serialize_entry("JobID", &it.job_id)?;
        stub.serialize_entry(
            "JobType",
            job.map(|job| job.job_type()).unwrap_or_default().as_str(),
        )?;
        stub.serialize_entry("JobVersion", &version)?;
        stub.serialize_entry("ModifyIndex", &it.modify_index)?;
        stub.serialize_entry("ModifyTime", &it.modify_time)?;
        stub.serialize_entry("Name", &it.name)?;
        stub.serialize_entry("Namespace", &it.namespace)?;
        stub.serialize_entry("NextAllocation", &it.next_allocation)?;
        stub.serialize_entry("NodeID", &it.node_id)?;
        stub.serialize_entry("NodeName", &it.node_name)?;
        stub.serialize_entry("PreemptedAllocations", &preempted)?;
        stub.serialize_entry("PreemptedByAllocation", &it.preempted_by_allocation)?;
        stub.serialize_entry("RescheduleTracker", &it.reschedule_tracker)?;
        stub.serialize_entry("TaskGroup", &it.task_group)?;
        stub.serialize_entry("TaskStates", &states)?;
        stub.end()
    }
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
    use crate::engine::{Command, Engine, EngineOptions, RegisterJob, RegisterNode};
    use crate::model::{Job, Node};
    use crate::time::Timestamp;

    const ALL: AllocationColumns = AllocationColumns { has_resources: true, has_task_states: true };

    #[test]
    fn a_stub_says_what_a_list_shows_and_no_more() {
        let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build();
        let job = Job::builder("web").group("front", 1, |g| g.task("t", "docker", |t| t)).build();
        let mut engine = Engine::new(EngineOptions::default());
        let commands: [Command; 2] = [
            RegisterNode::from(node.unwrap().spec().clone()).into(),
            RegisterJob::from(job.unwrap().spec().clone()).into(),
        ];
        for command in commands {
            engine.apply(Timestamp::EPOCH, command).unwrap();
        }
        engine.advance(Timestamp::EPOCH).unwrap();
        let view = engine.allocations_of("default", "web").next().unwrap();
        let stub = json!(AllocationStub { view, columns: ALL });
        assert_eq!((&stub["Name"], &stub["JobType"]), (&json!("web.front[0]"), &json!("service")));
        assert_eq!((&stub["NodeID"], &stub["JobVersion"]), (&json!("n1"), &json!(0)));
        assert_eq!(stub["DesiredTransition"]["Migrate"], Value::Null);
        assert_eq!(stub["AllocatedResources"]["TaskLifecycles"], json!({"t": null}));
        assert_eq!(stub["EvalID"], view.document().eval_id);
        assert!(stub["TaskStates"].is_null() && stub.get("Metrics").is_none());
        let bare = AllocationColumns { has_resources: false, has_task_states: false };
        let keys = json!(AllocationStub { view, columns: bare }).as_object().unwrap().len();
        assert_eq!((keys, stub.as_object().unwrap().len()), (26, 27));
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
