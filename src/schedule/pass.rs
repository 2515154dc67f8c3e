//! Processing on the state's own records, inside a transaction (docs/lifecycle.md, section 2).

use super::asked::Asked;
use super::facts::RecordFacts;
use super::known::Known;
use super::triggers;
use crate::model::{Era, EvaluationStatus, Job, JobType, RescheduleTracker};
use crate::placement::caches::Caches;
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::{GroupFailure, Outcome};
use crate::plan::effects::{Effects, EvaluationEffect, Shortage};
use crate::reconcile::changes::{Changes, Placement};
use crate::reconcile::reconcile;
use crate::reconcile::view::{FirstApi, Input};
use crate::state::slots::{DeploymentSlot, EvaluationSlot, JobSlot};
use crate::state::small_list::SmallList;
use crate::state::transaction::Transaction;

/// What processing an evaluation came to.
#[derive(Debug, Default)]
pub(crate) struct Processed {
    /// What was placed, which is in the transaction.
    pub(crate) outcome: Outcome,
    /// All else, of which the transaction has the new deployment, and the stops of what is on a node as
    /// far as its room goes.
    pub(crate) effects: Effects,
    /// The new deployment, in the transaction.
    pub(crate) deployment: Option<DeploymentSlot>,
}

/// An evaluation being processed.
pub(super) struct Pass<'a, 't, 's> {
    pub(super) transaction: &'t mut Transaction<'s>,
    pub(super) caches: &'t mut Caches,
    pub(super) asked: &'a Asked,
    /// The index of the state before anything was placed.
    pub(super) snapshot_index: u64,
    pub(super) known: &'a Known,
    pub(super) job_type: JobType,
    pub(super) options: &'a PlaceOptions,
    pub(super) changes: &'a mut Changes,
    pub(super) outcome: Outcome,
    /// The new deployment.
    pub(super) deployment: Option<DeploymentSlot>,
    /// What was placed, in the order of the outcome.
    pub(super) placed: Vec<Placement>,
    /// The trackers of what replaces failed ones, by its place among what was placed, ascending.
    pub(super) trackers: Vec<(u32, RescheduleTracker)>,
    /// Whether nothing was to be placed, so that nobody takes the room of what stops.
    pub(super) stops_alone: bool,
    /// The groups that failed, and which nodes may help; none if none failed.
    pub(super) shortage: Option<Box<Shortage>>,
    /// What is recorded of them as the first API does.
    pub(super) records: Vec<GroupFailure>,
    /// By group, in the order in which they were looked at: how many are to be placed still.
    pub(super) queued: SmallList<(u32, i64)>,
    /// Of a system job: the nodes without room, by their places.
    pub(super) exhausted_nodes: Vec<u32>,
}

/// Processes an evaluation that the state holds: finds what has to change of its job, and places what is
/// missing, which is left in place. What else changes is told, to be applied at once or to be written down and
/// taken elsewhere. An evaluation that is gone changes nothing.
pub(crate) fn process_in(
    transaction: &mut Transaction<'_>,
    caches: &mut Caches,
    evaluation: EvaluationSlot,
    options: &PlaceOptions,
    is_written: bool,
) -> Processed {
    let Some(record) = transaction.shared_evaluation(evaluation) else {
        return Processed::default();
    };
    let job = transaction.resolve_job(record.job);
    let asked = Asked { record, slot: Some(evaluation), given_id: String::new(), is_written };
    process_asked(transaction, caches, &asked, job, options)
}

/// The same of an evaluation that the state need not hold.
pub(super) fn process_asked(
    transaction: &mut Transaction<'_>,
    caches: &mut Caches,
    asked: &Asked,
    job: Option<JobSlot>,
    options: &PlaceOptions,
) -> Processed {
    let Some(reason) = triggers::refusal_of(asked.record.trigger, asked.record.job_type) else {
        return process(transaction, caches, asked, job, &options.for_evaluations());
    };
    let mut processed = refused(reason);
    processed.effects.job = job.map(|job| transaction.job_ref(job)).unwrap_or_default();
    processed.effects.evaluation.evaluation = asked.reference(transaction);
    processed.effects.evaluation.snapshot_index = transaction.modify_index;
    processed
}

/// What becomes of an evaluation that no scheduler takes.
pub(super) fn refused(reason: String) -> Processed {
    let evaluation = EvaluationEffect {
        status: Some(EvaluationStatus::Failed),
        description: reason,
        ..EvaluationEffect::default()
    };
    Processed { effects: Effects { evaluation, ..Effects::default() }, ..Processed::default() }
}

fn process(
    transaction: &mut Transaction<'_>,
    caches: &mut Caches,
    asked: &Asked,
    job: Option<JobSlot>,
    options: &PlaceOptions,
) -> Processed {
    let snapshot_index = transaction.modify_index;
    let current = job.and_then(|job| transaction.registration(job)?.present());
    let current = current.map(|version| version.job.clone());
    let is_stopped = current.as_ref().is_none_or(|job| job.stop);
    let of_evaluation = asked.record.job_type.unwrap_or_default();
    let job_type = match &current {
        Some(job) if !is_stopped => job.job_type(),
        _ => of_evaluation,
    };
    let known = Known::new(transaction, job, asked, job_type.is_system());
    let has_deployments = matches!(job_type, JobType::Service | JobType::System);
    let input = Input {
        now: transaction.now(),
        job_type,
        is_stopped,
        current: known.current_place(),
        versions: &known.versions,
        groups: known.groups,
        allocations: &known.views,
        notable: &known.notable,
        deployment: known.deployment.as_ref().filter(|_| has_deployments),
        evaluation: asked.handle(),
        nodes: &known.standings,
        groups_by_name: &known.groups_by_name,
        first_api: current.as_ref().and_then(first_api),
    };
    let mut facts = RecordFacts::new(&known, transaction, current.as_ref(), options);
    let mut changes = reconcile(&input, &mut facts);
    facts.finish();
    let mut pass = Pass {
        transaction,
        caches,
        asked,
        snapshot_index,
        known: &known,
        job_type,
        options,
        changes: &mut changes,
        outcome: Outcome::default(),
        deployment: None,
        placed: Vec::new(),
        trackers: Vec::new(),
        stops_alone: true,
        shortage: None,
        records: Vec::new(),
        queued: SmallList::None,
        exhausted_nodes: Vec::new(),
    };
    if let Some(job) = &current {
        pass.place(job);
    }
    pass.finish()
}

/// How a job is changed, where it is one of the first API.
pub(super) fn first_api(job: &Job) -> Option<FirstApi> {
    let update = job.update.as_ref().filter(|_| job.era() == Era::First)?;
    Some(FirstApi { max_parallel: update.max_parallel(), stagger: update.stagger() })
}
