//! Commands on allocations and deployments, by sections 3.1 and 8.

use stowplan::engine::{
    AllocationCommandError, Command, DeploymentCommandError, PromoteDeployment,
    SetAllocationHealth, UpdateAllocations,
};
use stowplan::model::{ClientStatus, Deployment};

use crate::facts::{Facts, is_active};
use crate::model::{Answer, Model};

impl Model {
    pub(crate) fn tell_of_runs(&mut self, command: &Command, facts: &Facts) -> Answer {
        match command {
            Command::UpdateAllocations(body) => {
                let refusal = self.update(body, facts);
                refusal.map_or(Answer::Accepted, Answer::refused)
            }
            Command::StopAllocation(body) => {
                match facts.allocations.contains_key(&body.allocation_id) {
                    true => Answer::Accepted,
                    false => Answer::refused(AllocationCommandError::UnknownAllocation),
                }
            }
            _ => on_deployment(command, facts).map_or(Answer::Accepted, Answer::refused),
        }
    }

    fn update(
        &mut self,
        body: &UpdateAllocations,
        facts: &Facts,
    ) -> Option<AllocationCommandError> {
        if body.allocations.is_empty() {
            return Some(AllocationCommandError::Nothing);
        }
        for update in &body.allocations {
            let status = &update.client_status;
            if !status.is_empty() && ClientStatus::from_text(status).is_none() {
                return Some(AllocationCommandError::UnknownStatus { status: status.clone() });
            }
            // A client may know an allocation for longer than the server does.
            let Some(fact) = facts.allocations.get(&update.id) else { continue };
            let node_id = fact.it.node_id.clone();
            let node = self.nodes.get(&node_id).filter(|_| fact.has_node);
            match node.map(|node| node.status.as_str()) {
                None => {}
                Some("down") => {
                    return Some(AllocationCommandError::NodeStatus { node_id, status: "down" });
                }
                Some("disconnected") => {
                    let status = "disconnected";
                    return Some(AllocationCommandError::NodeStatus { node_id, status });
                }
                Some(_) => {}
            }
        }
        for update in &body.allocations {
            let fact = facts.allocations.get(&update.id).filter(|it| it.has_node);
            if let Some(node) = fact.and_then(|it| self.nodes.get_mut(&it.it.node_id)) {
                node.is_unsynced = false;
            }
        }
        None
    }
}

fn on_deployment(command: &Command, facts: &Facts) -> Option<DeploymentCommandError> {
    let (id, verb) = match command {
        Command::PauseDeployment(body) if body.pause => (&body.deployment_id, "pause"),
        Command::PauseDeployment(body) => (&body.deployment_id, "resume"),
        Command::PromoteDeployment(body) => (&body.deployment_id, "promote"),
        Command::FailDeployment(body) => (&body.deployment_id, "fail"),
        Command::UnblockDeployment(body) => (&body.deployment_id, "unblock"),
        Command::SetAllocationHealth(body) => {
            (&body.deployment_id, "set health of allocations for a")
        }
        other => panic!("{other:?} is not on deployments"),
    };
    let Some(deployment) = facts.deployments.get(id) else {
        return Some(DeploymentCommandError::UnknownDeployment);
    };
    if !is_active(deployment) {
        return Some(DeploymentCommandError::Ended { verb });
    }
    match command {
        Command::PromoteDeployment(body) => promote(body, deployment, facts),
        // There is one region only, for which no deployment waits.
        Command::UnblockDeployment(_) => {
            let all = ["running", "paused", "pending", "initializing"];
            let status = all.into_iter().find(|it| *it == deployment.status).unwrap_or_default();
            Some(DeploymentCommandError::NotBlocked { status })
        }
        Command::SetAllocationHealth(body) => judge(body, facts),
        _ => None,
    }
}

fn promote(
    body: &PromoteDeployment,
    deployment: &Deployment,
    facts: &Facts,
) -> Option<DeploymentCommandError> {
    if !body.all && body.groups.is_empty() {
        return Some(DeploymentCommandError::NoGroups);
    }
    if let Some(group) = body.groups.iter().find(|it| !deployment.task_groups.contains_key(*it)) {
        return Some(DeploymentCommandError::UnknownGroup { group: group.clone() });
    }
    let mut waits = false;
    for (group, state) in &deployment.task_groups {
        let is_meant = body.all || body.groups.contains(group);
        if !is_meant || state.desired_canaries == 0 || state.promoted {
            continue;
        }
        waits = true;
        let is_healthy = |id: &&String| {
            let canary = facts.allocations.get(*id).filter(|it| it.is_live());
            let status = canary.and_then(|it| it.it.deployment_status.as_ref());
            status.is_some_and(|it| it.healthy == Some(true))
        };
        let healthy = state.placed_canaries.iter().filter(is_healthy).count() as i64;
        if healthy < state.desired_canaries {
            let (group, desired) = (group.clone(), state.desired_canaries);
            return Some(DeploymentCommandError::TooFewHealthy { group, healthy, desired });
        }
    }
    (!waits).then_some(DeploymentCommandError::NoCanaries)
}

fn judge(body: &SetAllocationHealth, facts: &Facts) -> Option<DeploymentCommandError> {
    if body.healthy.is_empty() && body.unhealthy.is_empty() {
        return Some(DeploymentCommandError::NoAllocations);
    }
    for id in body.healthy.iter().chain(&body.unhealthy) {
        match facts.allocations.get(id) {
            None => return Some(DeploymentCommandError::UnknownAllocation { id: id.clone() }),
            Some(it) if it.it.deployment_id != body.deployment_id => {
                return Some(DeploymentCommandError::ForeignAllocation { id: id.clone() });
            }
            Some(_) => {}
        }
    }
    None
}
