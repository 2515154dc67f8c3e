//! What a state is after a decision: the next question.

use stowplan::model::{Allocation, Deployment, Evaluation};
use stowplan::schedule::{Decision, JobState};

use crate::lifecycle::{Question, cluster};

/// The state after a decision was carried out, with the evaluation that is asked next. New things get
/// identities with a prefix of their own.
pub(crate) fn apply(question: &Question, decision: &Decision, prefix: &str) -> Question {
    let mut known = question.known.clone();
    let mut step = Step { decision, prefix, known: &mut known };
    step.deployments();
    step.updates_and_stops();
    step.placements();
    let waits = |it: &&Evaluation| it.wait_until.is_some();
    let waiting: Vec<String> =
        decision.created.iter().filter(waits).map(|it| step.renamed(&it.id)).collect();
    known.waiting.extend(waiting);
    Question {
        now: question.now,
        cluster: cluster(&question.nodes, &known),
        nodes: question.nodes.clone(),
        known,
        evaluation: Evaluation {
            id: format!("{prefix}next"),
            status: "pending".into(),
            wait_until: None,
            ..question.evaluation.clone()
        },
    }
}

struct Step<'a> {
    decision: &'a Decision,
    prefix: &'a str,
    known: &'a mut JobState,
}

impl Step<'_> {
    fn renamed(&self, id: &str) -> String {
        match id.strip_prefix("new[") {
            Some(rest) => format!("{}{}", self.prefix, rest.trim_end_matches(']')),
            None => id.to_owned(),
        }
    }

    fn deployment_id(&self, id: &str) -> String {
        if id.starts_with("new[") { format!("d-{}", self.renamed(id)) } else { id.to_owned() }
    }

    fn deployments(&mut self) {
        if let (Some(update), Some(latest)) =
            (&self.decision.deployment_update, self.known.deployments.last_mut())
        {
            *latest = update.clone();
        }
        if let Some(new) = &self.decision.deployment {
            let id = self.deployment_id(&new.id);
            self.known.deployments.push(Deployment { id, ..new.clone() });
        }
    }

    fn updates_and_stops(&mut self) {
        for update in &self.decision.updates {
            let updated = Allocation {
                followup_eval_id: self.renamed(&update.followup_eval_id),
                deployment_id: self.deployment_id(&update.deployment_id),
                ..update.clone()
            };
            *find(&mut self.known.allocations, &update.id) = updated;
        }
        for stop in &self.decision.stops {
            let follow_up = self.renamed(&stop.followup_eval_id);
            let it = find(&mut self.known.allocations, &stop.id);
            it.desired_status = stop.desired_status.clone();
            it.desired_description = stop.desired_description.clone();
            if !stop.client_status.is_empty() {
                it.client_status = stop.client_status.clone();
            }
            if !follow_up.is_empty() {
                it.followup_eval_id = follow_up;
            }
        }
    }

    fn placements(&mut self) {
        for (at, placement) in self.decision.placements.iter().enumerate() {
            let id = format!("{}{at}", self.prefix);
            if !placement.previous_allocation.is_empty() {
                find(&mut self.known.allocations, &placement.previous_allocation).next_allocation =
                    id.clone();
            }
            let new = Allocation {
                id: id.clone(),
                client_status: "pending".into(),
                deployment_id: self.deployment_id(&placement.deployment_id),
                create_index: 1_000_000 + at as u64,
                ..placement.clone()
            };
            let deployments = &mut self.known.deployments;
            let deployment = deployments.iter_mut().find(|it| it.id == new.deployment_id);
            let state = deployment.and_then(|it| it.task_groups.get_mut(&new.task_group));
            if let Some(state) = state {
                state.placed_allocs += 1;
                if new.is_canary() {
                    state.placed_canaries.push(id);
                }
            }
            self.known.allocations.push(new);
        }
    }
}

fn find<'a>(allocations: &'a mut [Allocation], id: &str) -> &'a mut Allocation {
    allocations.iter_mut().find(|it| it.id == id).expect("a known allocation")
}
