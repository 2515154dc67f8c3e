//! What a transaction took out, kept as what its events say of it. The texts are made when they are asked for.

use std::sync::Arc;

use super::State;
use super::deployment::DeploymentRecord;
use super::evaluation::EvaluationRecord;
use super::ids;
use super::job::JobNames;
use super::node::Identity;
use super::record_id::RecordId;
use super::records::{Identified, RecordChange, Records};
use super::slots::EvaluationRef;
use super::undo::{RemovedAllocation, Worked};

/// Something that was taken out.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) kind: GoneKind,
    id: GoneId,
    /// Its job, if it is one or is of one.
    job: Option<JobNames>,
    /// The node that an allocation was on, and the evaluation that placed it.
    node: Option<Arc<Identity>>,
    evaluation: GoneId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GoneKind {
    Allocation,
    Deployment,
    Evaluation,
    Job,
    Node,
}

/// An identity.
#[derive(Clone, Debug)]
enum GoneId {
    None,
    /// That of the job.
    OfJob,
    Of(RecordId),
}

impl GoneId {
    fn text(&self) -> String {
        match self {
            GoneId::None | GoneId::OfJob => String::new(),
            GoneId::Of(id) => id.text(),
        }
    }

    /// A text, or else what was made here.
    fn of(kept: Option<&str>, made: (u64, u32, u32)) -> GoneId {
        GoneId::Of(RecordId::of(kept, made))
    }
}

impl Gone {
    fn new(kind: GoneKind, id: GoneId) -> Gone {
        Gone { kind, id, job: None, node: None, evaluation: GoneId::None }
    }

    pub(super) fn of_node(id: &str) -> Gone {
        Gone::new(GoneKind::Node, GoneId::Of(RecordId::Text(id.into())))
    }

    pub(super) fn of_job(names: JobNames) -> Gone {
        Gone { job: Some(names), ..Gone::new(GoneKind::Job, GoneId::OfJob) }
    }

    pub(super) fn of_allocation(state: &State, removed: &RemovedAllocation) -> Gone {
        let RemovedAllocation { slot, record, lifecycle, batch, job, .. } = removed;
        let rare = lifecycle.as_ref().and_then(|it| it.rare.as_deref());
        let kept = rare.and_then(|rare| rare.document.as_deref()).map(|it| it.id.as_str());
        let batch = batch.as_ref().or_else(|| state.batch(record.batch));
        let evaluation = lifecycle.as_ref().map(|it| it.evaluation);
        let evaluation = evaluation.or_else(|| batch.map(|batch| batch.evaluation));
        let job = job.as_deref().or_else(|| state.job(record.job));
        let id = GoneId::of(kept, (state.identity_seed, slot.0, record.generation));
        Gone {
            job: job.map(|job| job.names.clone()),
            node: state.identities.get(record.node.at()).cloned(),
            evaluation: evaluation_id(state, evaluation.unwrap_or_default()),
            ..Gone::new(GoneKind::Allocation, id)
        }
    }

    pub(super) fn of_evaluation(state: &State, before: &Worked<EvaluationRecord>) -> Option<Gone> {
        let seed = state.identity_seed ^ ids::EVALUATIONS;
        Gone::of_record(state, GoneKind::Evaluation, &state.evaluations, before, seed)
    }

    pub(super) fn of_deployment(state: &State, before: &Worked<DeploymentRecord>) -> Option<Gone> {
        let seed = state.identity_seed ^ ids::DEPLOYMENTS;
        Gone::of_record(state, GoneKind::Deployment, &state.deployments, before, seed)
    }

    /// A record that was taken out, if it was.
    fn of_record<R: Identified>(
        state: &State,
        kind: GoneKind,
        records: &Records<R>,
        before: &Worked<R>,
        seed: u64,
    ) -> Option<Gone> {
        let RecordChange::Removed(record) = &before.change else { return None };
        // Taking it out counted the slot's generation on.
        let generation = records.generation(before.slot).wrapping_sub(1);
        let id = GoneId::of(record.kept_id(), (seed, before.slot, generation));
        let job = state.job(before.job).map(|job| job.names.clone());
        Some(Gone { job, ..Gone::new(kind, id) })
    }

    /// Its identity.
    pub(crate) fn id(&self) -> String {
        match self.id {
            GoneId::OfJob => self.job().1.to_owned(),
            _ => self.id.text(),
        }
    }

    /// The namespace and the identity of its job; empty if it is of none.
    pub(crate) fn job(&self) -> (&str, &str) {
        self.job.as_ref().map_or(("", ""), JobNames::both)
    }

    /// The identity of the node that an allocation was on.
    pub(crate) fn node_id(&self) -> &str {
        self.node.as_ref().map_or("", |it| &it.id)
    }

    /// The identity of the evaluation that placed an allocation.
    pub(crate) fn evaluation_id(&self) -> String {
        self.evaluation.text()
    }
}

/// The identity of an evaluation, which is kept where it cannot be told from the reference.
fn evaluation_id(state: &State, of: EvaluationRef) -> GoneId {
    if of == EvaluationRef::NONE {
        return GoneId::None;
    }
    let known = state.resolve_evaluation(of).and_then(|slot| state.evaluation(slot));
    let seed = state.identity_seed ^ ids::EVALUATIONS;
    GoneId::of(known.and_then(Identified::kept_id), (seed, of.slot.0, of.generation))
}
