//! What clients say in steps, and what operators do to allocations and deployments.

use super::steps::{Kind, Step};
use crate::engine::{
    AllocationUpdate, Command, Engine, FailDeployment, PauseDeployment, PromoteDeployment,
    SetAllocationHealth, StopAllocation, UnblockDeployment, UpdateAllocations,
};
use crate::model::{Allocation, AllocationDeploymentStatus, ClientStatus, NodeStatus, TaskState};

/// The command of a step on allocations or deployments.
pub(super) fn command(step: &Step, engine: &Engine) -> Command {
    match step.kind {
        Kind::ClientsStart => start(step, engine),
        Kind::ClientsStop => stop(step, engine),
        Kind::ClientReports => report(step, engine),
        Kind::StopAllocation => StopAllocation {
            allocation_id: pick(step, engine),
            reschedule: step.how[0] % 4 == 3,
            ..StopAllocation::default()
        }
        .into(),
        _ => on_deployment(step, engine),
    }
}

/// The allocations, in an order of their own.
fn sorted(engine: &Engine) -> Vec<Allocation> {
    let mut all: Vec<Allocation> = engine.allocations().collect();
    all.sort_by(|a, b| (a.create_index, &a.id).cmp(&(b.create_index, &b.id)));
    all
}

/// An allocation of which something may still come, or a name that is nobody's.
fn pick(step: &Step, engine: &Engine) -> String {
    let mut all = sorted(engine);
    if step.who % 8 != 7 {
        all.retain(|it| !it.client().is_terminal());
    }
    let at = usize::from(step.who) % all.len().max(1);
    let found = all.get(at).filter(|_| step.who < 250);
    found.map_or_else(|| "a1".to_owned(), |it| it.id.clone())
}

fn answers(engine: &Engine, allocation: &Allocation) -> bool {
    let node = engine.view(&allocation.id).and_then(|it| it.node());
    node.is_some_and(|it| !matches!(it.status(), NodeStatus::Down | NodeStatus::Disconnected))
}

fn start(step: &Step, engine: &Engine) -> Command {
    let mut all = sorted(engine);
    all.retain(|it| {
        let is_new = it.client() == ClientStatus::Pending || it.client() == ClientStatus::Unknown;
        let is_unjudged = it.deployment_status.as_ref().is_none_or(|it| it.healthy.is_none());
        !it.desired().is_terminal()
            && (is_new || (is_unjudged && it.client() == ClientStatus::Running))
            && answers(engine, it)
    });
    let healthy = match step.how[0] {
        0..180 => Some(true),
        180..240 => None,
        _ => Some(false),
    };
    let many = if step.how[1] < 128 { usize::MAX } else { usize::from(step.how[1] % 4) };
    updates(engine, all.iter().take(many).map(|it| (it, ClientStatus::Running, healthy)))
}

fn stop(step: &Step, engine: &Engine) -> Command {
    let mut all = sorted(engine);
    all.retain(|it| {
        it.desired().is_terminal() && !it.client().is_terminal() && answers(engine, it)
    });
    let many = if step.how[0] < 200 { usize::MAX } else { 1 };
    updates(engine, all.iter().take(many).map(|it| (it, ClientStatus::Complete, None)))
}

fn report(step: &Step, engine: &Engine) -> Command {
    let id = pick(step, engine);
    let (status, healthy) = match step.how[0] % 8 {
        0 | 1 => (ClientStatus::Failed, None),
        2 => (ClientStatus::Failed, Some(false)),
        3 => (ClientStatus::Complete, None),
        4 => (ClientStatus::Running, Some(false)),
        5 => (ClientStatus::Running, Some(true)),
        _ => (ClientStatus::Running, None),
    };
    match engine.allocation(&id) {
        Some(it) => updates(engine, [(&it, status, healthy)].into_iter()),
        None => {
            let mut update = AllocationUpdate::new(id, status);
            if step.how[1] % 4 == 3 {
                update.client_status = "asleep".into();
            }
            UpdateAllocations { allocations: vec![update] }.into()
        }
    }
}

fn updates<'a>(
    engine: &Engine,
    all: impl Iterator<Item = (&'a Allocation, ClientStatus, Option<bool>)>,
) -> Command {
    let now = engine.now();
    let update = |(it, status, healthy): (&Allocation, ClientStatus, Option<bool>)| {
        let has_ended = status.is_terminal();
        let started_at = it.task_states.get("main").and_then(|it| it.started_at).or(Some(now));
        let state = TaskState {
            state: if has_ended { "dead" } else { "running" }.into(),
            failed: status == ClientStatus::Failed,
            started_at,
            finished_at: Some(now).filter(|_| has_ended),
            ..TaskState::default()
        };
        AllocationUpdate {
            node_id: it.node_id.clone(),
            task_states: Some(("main".to_owned(), state)).into_iter().collect(),
            deployment_status: healthy.map(|healthy| AllocationDeploymentStatus {
                healthy: Some(healthy),
                timestamp: Some(now),
                ..AllocationDeploymentStatus::default()
            }),
            ..AllocationUpdate::new(&it.id, status)
        }
    };
    UpdateAllocations { allocations: all.map(update).collect() }.into()
}

fn on_deployment(step: &Step, engine: &Engine) -> Command {
    let mut all: Vec<_> = engine.deployments_with_prefix("").collect();
    all.sort_by(|a, b| (b.create_index, &b.id).cmp(&(a.create_index, &a.id)));
    if step.who % 8 != 7 {
        all.retain(|it| !matches!(it.status.as_str(), "successful" | "failed" | "cancelled"));
    }
    let found = all.get(usize::from(step.who) % all.len().max(1)).filter(|_| step.who < 250);
    let deployment_id = found.map_or_else(|| "d1".to_owned(), |it| it.id.clone());
    match step.kind {
        Kind::PauseDeployment => {
            PauseDeployment { deployment_id, pause: step.how[0].is_multiple_of(2) }.into()
        }
        Kind::FailDeployment => FailDeployment { deployment_id }.into(),
        Kind::UnblockDeployment => UnblockDeployment { deployment_id }.into(),
        Kind::PromoteDeployment => {
            let all = step.how[0] % 4 != 3;
            let groups = match step.how[0] {
                3 | 7 | 11 => vec![],
                other if other % 4 == 3 => vec![step.one(1, &["front", "back", "side"]).to_owned()],
                _ => vec![],
            };
            PromoteDeployment { deployment_id, all, groups }.into()
        }
        _ => {
            let mut of_it = sorted(engine);
            of_it.retain(|it| it.deployment_id == deployment_id || step.how[1] >= 240);
            let at = usize::from(step.how[0]) % of_it.len().max(1);
            let named: Vec<String> = of_it.get(at).map(|it| it.id.clone()).into_iter().collect();
            let (healthy, unhealthy) =
                if step.how[2] % 4 == 3 { (vec![], named) } else { (named, vec![]) };
            SetAllocationHealth { deployment_id, healthy, unhealthy }.into()
        }
    }
}
