//! Deciding on documents: they are put into a copy of the cluster, and processed there.

use super::decision::Decision;
use super::job_state::JobState;
use super::load::{asked, load};
use super::pass::process_asked;
use super::told::Teller;
use super::triggers;
use crate::cluster::Cluster;
use crate::model::{ClientStatus, Evaluation, Job};
use crate::placement::options::PlaceOptions;
use crate::time::Timestamp;

/// Decides on an evaluation by documents: finds what has to change of its job, and where what is missing
/// goes. The cluster must hold the job's allocations that have not ended on its nodes. Nothing of it is
/// changed.
///
/// An evaluation that the scheduler of its type does not take is decided to have `failed`.
///
/// ```
/// use stowplan::model::{Evaluation, Job, Node};
/// use stowplan::schedule::{JobState, decide};
/// use stowplan::{Cluster, PlaceOptions, Timestamp};
///
/// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// let job = Job::builder("web")
///     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(100).memory_mb(64)))
///     .build()?;
/// let mut known = JobState::default();
/// known.versions.push(job);
/// let evaluation = Evaluation {
///     id: "e1".into(),
///     job_id: "web".into(),
///     evaluation_type: "service".into(),
///     triggered_by: "job-register".into(),
///     ..Evaluation::default()
/// };
/// let cluster = Cluster::new([node])?;
/// let options = PlaceOptions::default();
/// let decision = decide(&cluster, &known, &evaluation, &options, Timestamp::EPOCH);
/// assert_eq!((decision.placements.len(), decision.evaluation.status.as_str()), (3, "complete"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(
    cluster: &Cluster,
    known: &JobState,
    evaluation: &Evaluation,
    options: &PlaceOptions,
    now: Timestamp,
) -> Decision {
    let job = known.versions.last();
    let of_job = job.map(Job::job_type).unwrap_or_default();
    let of_evaluation = evaluation.job_type().unwrap_or(of_job);
    if let Some(reason) = triggers::refusal(evaluation, of_evaluation) {
        return refused(evaluation, reason, now);
    }
    let mut after = cluster.fork();
    let (state, caches) = after.parts_mut();
    let mut transaction = state.begin(now);
    let slot = load(&mut transaction, known, evaluation);
    let asked = asked(&transaction, evaluation, job);
    let processed = process_asked(&mut transaction, caches, &asked, slot, options);
    let options = &options.for_evaluations();
    let teller = Teller { state: &transaction, known, evaluation, options, now };
    let stops: Vec<_> = processed.effects.stops.iter().map(|it| it.allocation.slot).collect();
    let decision = teller.decision(processed);
    for slot in stops {
        let desired = transaction.allocation(slot).map(|record| record.desired);
        if let Some(desired) = desired {
            transaction.set_status(slot, desired, ClientStatus::Complete);
        }
    }
    transaction.commit();
    Decision { after: Some(after), ..decision }
}

/// The decision on an evaluation that no scheduler takes.
fn refused(evaluation: &Evaluation, reason: String, now: Timestamp) -> Decision {
    Decision {
        evaluation: Evaluation {
            status: "failed".into(),
            status_description: reason,
            modify_time: now.as_nanos(),
            ..evaluation.clone()
        },
        ..Decision::default()
    }
}
