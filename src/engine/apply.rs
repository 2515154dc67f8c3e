//! Applying commands, each in one transaction.

use std::sync::Arc;

use super::applied::Applied;
use super::change::Change;
use super::command::Command;
use super::error::CommandError;
use super::event::Cause;
use super::options::EngineOptions;
use super::queues::Queues;
use super::{
    Engine, allocations, chronicle, deliveries, deployment_commands, drains, garbage, heartbeat,
    job_changes, jobs, launches, nodes, settings, settle, submissions, summaries,
};
use crate::cluster::Cluster;
use crate::cluster::plan::Committed;
use crate::placement::options::PlaceOptions;
use crate::plan::parts::Committed as PartsCommitted;
use crate::state::changed::Changes;
use crate::state::slots::EvaluationSlot;
use crate::state::small_list::SmallList;
use crate::time::Timestamp;

impl Engine {
    /// Does all that is due by an instant, then what a command says at that instant. What the command made
    /// ready is left to the next call.
    ///
    /// # Errors
    ///
    /// The instant is over, or the command is refused: it has changed nothing then, except that time has
    /// come to the instant.
    pub fn apply(&mut self, now: Timestamp, command: Command) -> Result<Applied, CommandError> {
        self.commands += 1;
        if now < self.now() {
            return Err(CommandError::TimeIsOver { at: now, now: self.now() });
        }
        self.history.begin_call();
        if matches!(command, Command::Resume(_)) {
            self.change(Cause::NodeStatus, |change| {
                heartbeat::resume(change, now);
                Ok::<(), CommandError>(())
            })?;
            self.advance_within(now);
            return Ok(Applied { index: self.modify_index(), ..Applied::default() });
        }
        self.advance_within(now);
        self.change(cause_of(&command), |change| run(change, command))
    }

    /// Makes a change in one transaction, with what follows from it at once. Nothing has changed where it
    /// is refused.
    pub(super) fn change<E>(
        &mut self,
        cause: Cause,
        make: impl FnOnce(&mut Change<'_>) -> Result<(), E>,
    ) -> Result<Applied, E> {
        let Engine { cluster, queues, options, history, .. } = self;
        let index = cluster.modify_index();
        let mut applied = Applied::default();
        let Made { created, revisited, committed, changes } =
            transact(cluster, queues, options, &mut applied, history.spare(), make)?;
        if let Some(committed) = committed {
            let (parts, options) = *committed;
            let committed = Committed::of(cluster.state(), &options, parts, applied.index);
            applied.plan_result = Some(Box::new(committed.to_document(cluster)));
        }
        let state = cluster.state();
        if !created.is_empty() {
            applied.evaluation_create_index = applied.index;
        }
        let ids = created.iter().filter_map(|&slot| state.evaluation_record_id(slot));
        applied.evaluations = ids.collect();
        let queues = Arc::make_mut(queues);
        queues.follow(state, &options.garbage, &changes);
        revisited.into_iter().for_each(|slot| queues.revisit(state, &options.garbage, slot));
        if applied.index > index {
            let entry = chronicle::Entry { index: applied.index, cause, changes };
            history.add(state, entry, options.history);
        } else {
            history.keep_spare(changes);
        }
        Ok(applied)
    }
}

/// What a change came to.
struct Made {
    created: SmallList<EvaluationSlot>,
    revisited: Vec<EvaluationSlot>,
    committed: Option<Box<(PartsCommitted, PlaceOptions)>>,
    changes: Box<Changes>,
}

/// Makes a change in one transaction, with what follows from it at once, and keeps it.
fn transact<E>(
    cluster: &mut Cluster,
    queues: &Queues,
    options: &EngineOptions,
    applied: &mut Applied,
    mut changes: Box<Changes>,
    make: impl FnOnce(&mut Change<'_>) -> Result<(), E>,
) -> Result<Made, E> {
    let (state, caches) = cluster.parts_mut();
    let now = state.now;
    let mut change = Change {
        state: state.begin(now),
        caches,
        queues,
        options,
        applied,
        created: SmallList::None,
        revisited: Vec::new(),
        is_looked_at: false,
        wakes_all: false,
        committed: None,
    };
    make(&mut change)?;
    settle::settle(&mut change, &mut changes);
    let Change { state: transaction, applied, created, revisited, committed, .. } = change;
    applied.index = transaction.commit().index;
    Ok(Made { created, revisited, committed, changes })
}

/// Does what a command says.
fn run(change: &mut Change<'_>, command: Command) -> Result<(), CommandError> {
    match command {
        Command::RegisterJob(body) => jobs::register(change, body)?,
        Command::DeregisterJob(body) => jobs::deregister(change, &body)?,
        Command::EvaluateJob(body) => jobs::evaluate(change, &body)?,
        Command::ScaleJob(body) => job_changes::scale(change, body)?,
        Command::RevertJob(body) => job_changes::revert(change, &body)?,
        Command::SetJobStability(body) => job_changes::set_stability(change, &body)?,
        Command::DispatchJob(body) => launches::dispatch(change, body)?,
        Command::ForcePeriodic(body) => launches::force(change, &body)?,
        Command::RegisterNode(body) => nodes::register(change, body.node)?,
        Command::PurgeNode(body) => nodes::purge(change, &body.node_id)?,
        Command::Heartbeat(body) => nodes::heartbeat(change, &body.node_id)?,
        Command::SetNodeStatus(body) => nodes::set_status(change, &body)?,
        Command::SetEligibility(body) => nodes::set_eligibility(change, &body)?,
        Command::EvaluateNode(body) => nodes::evaluate(change, &body.node_id)?,
        Command::UpdateAllocations(body) => allocations::update(change, body)?,
        Command::StopAllocation(body) => allocations::stop(change, &body)?,
        Command::SetSchedulerConfiguration(body) => settings::set_scheduler(change, body)?,
        Command::UpsertNamespace(body) => settings::upsert_namespace(change, body.namespace)?,
        Command::DeleteNamespace(body) => settings::delete_namespace(change, &body.name)?,
        Command::UpsertNodePool(body) => settings::upsert_pool(change, body.pool)?,
        Command::DeleteNodePool(body) => settings::delete_pool(change, &body.name)?,
        Command::DrainNode(body) => drains::drain(change, body)?,
        Command::PauseDeployment(body) => deployment_commands::pause(change, &body)?,
        Command::PromoteDeployment(body) => deployment_commands::promote(change, &body)?,
        Command::FailDeployment(body) => deployment_commands::fail(change, &body)?,
        Command::SetAllocationHealth(body) => deployment_commands::set_health(change, &body)?,
        Command::UnblockDeployment(body) => deployment_commands::unblock(change, &body)?,
        Command::ReconcileSummaries(_) => summaries::reconcile(change),
        Command::CollectGarbage(_) => garbage::collect(change),
        Command::Dequeue(body) => deliveries::dequeue(change, &body)?,
        Command::Ack(body) => deliveries::ack(change, &body)?,
        Command::Nack(body) => deliveries::nack(change, &body)?,
        Command::SubmitPlan(body) => submissions::submit(change, &body)?,
        Command::UpdateEvaluation(body) => submissions::update(change, &body)?,
        Command::CreateEvaluation(body) => submissions::create(change, &body)?,
        Command::DeleteEvaluations(body) => garbage::delete_evaluations(change, &body)?,
        // It was applied before time moved.
        Command::Resume(_) => {}
    }
    Ok(())
}

fn cause_of(command: &Command) -> Cause {
    match command {
        Command::RegisterJob(_)
        | Command::RevertJob(_)
        | Command::DispatchJob(_)
        | Command::ForcePeriodic(_) => Cause::JobRegistration,
        Command::DeregisterJob(_) => Cause::JobDeregistration,
        Command::EvaluateJob(_)
        | Command::ScaleJob(_)
        | Command::SetJobStability(_)
        | Command::ReconcileSummaries(_) => Cause::JobChange,
        Command::RegisterNode(_) => Cause::NodeRegistration,
        Command::PurgeNode(_) => Cause::NodeDeregistration,
        Command::Heartbeat(_)
        | Command::SetNodeStatus(_)
        | Command::EvaluateNode(_)
        | Command::Resume(_) => Cause::NodeStatus,
        Command::SetEligibility(_) => Cause::NodeEligibility,
        Command::UpdateAllocations(_) => Cause::ClientUpdate,
        Command::StopAllocation(_) => Cause::DesiredUpdate,
        Command::SetSchedulerConfiguration(_)
        | Command::UpsertNamespace(_)
        | Command::UpsertNodePool(_) => Cause::Settings,
        Command::DeleteNamespace(_) | Command::DeleteNodePool(_) => Cause::SettingsRemoval,
        Command::DrainNode(_) => Cause::NodeDrain,
        Command::PauseDeployment(_)
        | Command::FailDeployment(_)
        | Command::UnblockDeployment(_) => Cause::DeploymentStatus,
        Command::PromoteDeployment(_) => Cause::DeploymentPromotion,
        Command::SetAllocationHealth(_) => Cause::DeploymentHealth,
        Command::CollectGarbage(_) | Command::DeleteEvaluations(_) => Cause::Garbage,
        Command::SubmitPlan(_) => Cause::Plan,
        Command::Dequeue(_)
        | Command::Ack(_)
        | Command::Nack(_)
        | Command::UpdateEvaluation(_)
        | Command::CreateEvaluation(_) => Cause::Evaluations,
    }
}
