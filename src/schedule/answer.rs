//! A decision as one JSON object: what changes, in few keys, without what stays the same.
//!
//! New things have no identities yet: evaluations are `created[i]`, in the order of their list, the
//! evaluation itself is `this`, a new deployment `new` and the present one `existing`.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::decision::Decision;
use super::job_state::JobState;
use crate::model::{Allocation, Deployment, DeploymentState, Evaluation, RescheduleEvent};
use crate::time::Timestamp;

const NANOS: i64 = 1_000_000_000;

impl Decision {
    /// The decision as one JSON object with the keys `stops`, `placements`, `updates`,
    /// `created_evals`, `deployments`, `eval` (null where it is reblocked), `reblocked` and
    /// `annotations`: what `stowplan evaluate --json` prints. `known` is what was decided on, and `now`
    /// the instant of that; lengths of time are in seconds from it.
    pub fn answer(&self, known: &JobState, now: Timestamp) -> Value {
        let names = Names::new(known, self, now);
        json!({
            "stops": self.stops.iter().map(|it| names.stop(it)).collect::<Vec<_>>(),
            "placements": self.placements.iter().map(|it| names.placement(it)).collect::<Vec<_>>(),
            "updates": self.updates.iter().map(|it| names.update(it)).collect::<Vec<_>>(),
            "created_evals": names.created(),
            "deployments": names.deployments(),
            "eval": if self.is_reblocked { Value::Null } else { names.evaluation() },
            "reblocked": u8::from(self.is_reblocked),
            "annotations": self.annotations(),
        })
    }

    /// The figures of a dry run, without zeros.
    fn annotations(&self) -> Value {
        let groups = self.figures.iter().map(|(group, figures)| {
            let shown = figures.named().into_iter().filter(|(_, number)| *number > 0);
            let shown: Map<String, Value> =
                shown.map(|(name, number)| (name.to_owned(), json!(number))).collect();
            (group.clone(), Value::Object(shown))
        });
        Value::Object(groups.collect())
    }
}

/// What things without identities are called.
struct Names<'a> {
    now: Timestamp,
    known: &'a JobState,
    before: IndexMap<&'a str, &'a Allocation>,
    decision: &'a Decision,
    /// The places of the created evaluations, by trigger and time.
    order: Vec<usize>,
}

impl<'a> Names<'a> {
    fn new(known: &'a JobState, decision: &'a Decision, now: Timestamp) -> Names<'a> {
        let mut order: Vec<usize> = (0..decision.created.len()).collect();
        order.sort_by_key(|at| {
            let created = &decision.created[*at];
            (created.triggered_by.clone(), created.wait_until, created.node_id.clone())
        });
        let by_id = |it: &'a Allocation| (it.id.as_str(), it);
        let before = known.allocations.iter().map(by_id).collect();
        Names { now, known, before, decision, order }
    }

    /// An evaluation's name, from its ID or its `new[i]`.
    fn evaluation_name(&self, id: &str) -> String {
        let place = |at: usize| self.order.iter().position(|place| *place == at);
        match new_place(id).and_then(place) {
            Some(place) => format!("created[{place}]"),
            None if id == self.decision.evaluation.id => "this".to_owned(),
            None => id.to_owned(),
        }
    }

    /// A deployment's name.
    fn deployment_name(&self, id: &str) -> String {
        let present = self.known.deployments.last();
        match new_place(id) {
            Some(_) => "new".to_owned(),
            None if present.is_some_and(|it| it.id == id) => "existing".to_owned(),
            None => id.to_owned(),
        }
    }

    fn before(&self, id: &str) -> Option<&'a Allocation> {
        self.before.get(id).copied()
    }

    fn seconds_from_now(&self, nanos: i64) -> i64 {
        Timestamp::from_nanos(nanos).since(self.now).as_nanos() / NANOS
    }

    fn stop(&self, stop: &Allocation) -> Value {
        let mut value = json!({"ID": stop.id, "Description": stop.desired_description});
        if !stop.client_status.is_empty() {
            value["ClientStatus"] = json!(stop.client_status);
        }
        if !stop.followup_eval_id.is_empty() {
            value["Followup"] = json!(self.evaluation_name(&stop.followup_eval_id));
        }
        value
    }

    fn placement(&self, placement: &Allocation) -> Value {
        let events = placement.reschedule_tracker.as_ref().map(|tracker| {
            let event = |it: &RescheduleEvent| {
                json!({
                    "AgoS": -self.seconds_from_now(it.reschedule_time),
                    "DelayS": it.delay.as_nanos() / NANOS,
                    "PrevAllocID": it.prev_alloc_id,
                })
            };
            tracker.events.iter().map(event).collect::<Vec<_>>()
        });
        let mut value = json!({
            "Name": placement.name,
            "PreviousAllocation": placement.previous_allocation,
            "JobVersion": placement.job_version(),
            "DeploymentID": self.deployment_name(&placement.deployment_id),
            "Canary": placement.is_canary(),
            "Reschedules": events,
        });
        let is_system = self.decision.evaluation.job_type().is_some_and(|it| it.is_system());
        if is_system {
            value["NodeID"] = json!(placement.node_id);
        }
        value
    }

    /// What of an allocation changes.
    fn update(&self, update: &Allocation) -> Value {
        let mut value = json!({"ID": update.id});
        let Some(before) = self.before(&update.id) else { return value };
        if self.decision.in_place.contains(&update.id) {
            value["InPlace"] = json!(true);
        }
        if update.deployment_id != before.deployment_id {
            value["DeploymentID"] = json!(self.deployment_name(&update.deployment_id));
        }
        if update.client_status != before.client_status {
            value["ClientStatus"] = json!(update.client_status);
        }
        if update.client_description != before.client_description {
            value["ClientDescription"] = json!(update.client_description);
        }
        if update.alloc_states.len() > before.alloc_states.len() {
            value["NewState"] = json!(update.alloc_states.last().map(|state| &state.value));
        }
        if update.followup_eval_id != before.followup_eval_id {
            value["Followup"] = json!(self.evaluation_name(&update.followup_eval_id));
        }
        value
    }

    fn created(&self) -> Vec<Value> {
        let created = self.order.iter().filter_map(|at| self.decision.created.get(*at));
        created.map(|it| self.created_evaluation(it)).collect()
    }

    fn created_evaluation(&self, created: &Evaluation) -> Value {
        let wait = created.wait_until.map(|at| self.seconds_from_now(at.as_nanos()));
        let mut value = json!({
            "TriggeredBy": created.triggered_by,
            "Status": created.status,
            "StatusDescription": created.status_description,
            "Priority": created.priority,
            "PreviousEvalIsThis": created.previous_eval == self.decision.evaluation.id,
            "WaitUntilS": wait,
        });
        if !created.node_id.is_empty() {
            value["NodeID"] = json!(created.node_id);
        }
        value
    }

    fn deployments(&self) -> Vec<Value> {
        let update = self.decision.deployment_update.as_ref().map(|it| {
            json!({
                "ID": self.deployment_name(&it.id),
                "Update": true,
                "Status": it.status,
                "StatusDescription": it.status_description,
            })
        });
        let new = self.decision.deployment.as_ref().map(new_deployment);
        update.into_iter().chain(new).collect()
    }

    fn evaluation(&self) -> Value {
        let evaluation = &self.decision.evaluation;
        let failed: Map<String, Value> = evaluation
            .failed_tg_allocs
            .iter()
            .map(|(group, metrics)| (group.clone(), json!(metrics.coalesced_failures)))
            .collect();
        json!({
            "Status": evaluation.status,
            "StatusDescription": evaluation.status_description,
            "BlockedEval": self.evaluation_name(&evaluation.blocked_eval),
            "NextEval": self.evaluation_name(&evaluation.next_eval),
            "Deployment": self.deployment_name(&evaluation.deployment_id),
            "FailedTGAllocs": failed,
            "QueuedAllocations": evaluation.queued_allocations,
        })
    }
}

fn new_deployment(new: &Deployment) -> Value {
    let group = |state: &DeploymentState| {
        json!({
            "AutoPromote": state.auto_promote,
            "AutoRevert": state.auto_revert,
            "DesiredCanaries": state.desired_canaries,
            "DesiredTotal": state.desired_total,
            "PlacedCanaries": state.placed_canaries.len(),
            "Promoted": state.promoted,
        })
    };
    let groups: Map<String, Value> =
        new.task_groups.iter().map(|(name, state)| (name.clone(), group(state))).collect();
    json!({
        "ID": "new",
        "JobVersion": new.job_version,
        "Status": new.status,
        "StatusDescription": new.status_description,
        "TaskGroups": groups,
    })
}

/// The number in `new[i]`.
fn new_place(id: &str) -> Option<usize> {
    id.strip_prefix("new[")?.strip_suffix(']')?.parse().ok()
}
