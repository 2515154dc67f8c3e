//! Processing an evaluation of a cluster: for a plan, or at once.

use super::asked::Asked;
use super::load::asked;
use super::pass::{Processed, process_asked, process_in, refused};
use super::triggers;
use crate::cluster::Cluster;
use crate::cluster::plan::Committed;
use crate::model::{Evaluation, Job};
use crate::placement::caches::Caches;
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::Outcome;
use crate::plan::apply::{Applied, apply};
use crate::plan::attempt::Attempt;
use crate::plan::content::Plan;
use crate::plan::parts::Committed as Parts;
use crate::plan::verify::{Rejection, verify_placed};
use crate::state::State;
use crate::state::slots::{EvaluationSlot, JobSlot};
use crate::state::transaction::Transaction;
use crate::time::Timestamp;

/// Processes an evaluation at an instant: finds what has to change of its job, and where what is missing
/// goes (docs/lifecycle.md, section 2). The cluster, a fork mostly, is left as it was: the plan is all
/// there is of it, to be [committed](Cluster::commit) here or elsewhere. An instant that is over stands
/// for the cluster's present one.
///
/// The evaluation is the cluster's own of that identity; one that it does not hold is taken as given. One
/// that the scheduler of its type does not take fails.
///
/// ```
/// use stowplan::model::{Evaluation, Job, Node};
/// use stowplan::{Cluster, Timestamp, schedule};
///
/// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// let job = Job::builder("web")
///     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(100).memory_mb(64)))
///     .build()?;
/// let mut cluster = Cluster::new([node])?;
/// cluster.register_job(&job);
/// let id = cluster.upsert_evaluation(&Evaluation {
///     job_id: "web".into(),
///     evaluation_type: "service".into(),
///     triggered_by: "job-register".into(),
///     priority: 50,
///     ..Evaluation::default()
/// })?;
/// let evaluation = cluster.evaluation(&id).ok_or("it is not there")?;
///
/// let now = Timestamp::EPOCH;
/// let plan = schedule::process(&mut cluster.fork(), &evaluation, now);
/// assert_eq!((plan.len(), cluster.allocation_count()), (3, 0));
/// assert!(cluster.commit(plan, now).is_complete());
/// assert_eq!(cluster.evaluation(&id).ok_or("it is not there")?.status, "complete");
///
/// // All is as it should be then.
/// assert!(schedule::process(&mut cluster, &evaluation, now).is_no_op());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn process(cluster: &mut Cluster, evaluation: &Evaluation, now: Timestamp) -> Plan {
    process_with(cluster, evaluation, now, &PlaceOptions::default(), Attempt::default())
}

/// The same with options, in the [attempt](Committed::next_attempt) that a commit in part left to be made.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::model::Evaluation;
/// use stowplan::schedule::process_with;
/// use stowplan::{Algorithm, Attempt, Timestamp};
///
/// cluster.register_job(&job);
/// let evaluation = Evaluation {
///     job_id: "web".into(),
///     evaluation_type: "service".into(),
///     triggered_by: "job-register".into(),
///     ..Evaluation::default()
/// };
/// let options = PlaceOptions::default().algorithm(Algorithm::Spread);
/// let (now, first) = (Timestamp::EPOCH, Attempt::default());
/// let plan = process_with(&mut cluster, &evaluation, now, &options, first);
/// assert_eq!(plan.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn process_with(
    cluster: &mut Cluster,
    evaluation: &Evaluation,
    now: Timestamp,
    options: &PlaceOptions,
    attempt: Attempt,
) -> Plan {
    let (state, caches) = cluster.parts_mut();
    // Dropping the transaction takes everything back.
    let mut transaction = state.begin(state.now.max(now));
    let processed = match transaction.find_evaluation(&evaluation.id) {
        Some(slot) => process_in(&mut transaction, caches, slot, options, true),
        None => process_given(&mut transaction, caches, evaluation, options),
    };
    let Processed { outcome, effects, deployment } = processed;
    let made = deployment.map(|slot| transaction.deployment_ref(slot));
    Plan::of_effects(&transaction, outcome, effects, made, attempt, options)
}

/// Processes an evaluation that the state does not hold.
fn process_given(
    transaction: &mut Transaction<'_>,
    caches: &mut Caches,
    evaluation: &Evaluation,
    options: &PlaceOptions,
) -> Processed {
    let namespace = match evaluation.namespace.as_str() {
        "" => "default",
        namespace => namespace,
    };
    let job: Option<JobSlot> = transaction.find_job(namespace, &evaluation.job_id);
    let present = job.and_then(|job| transaction.registration(job)?.present());
    let of_job = present.map(|version| version.job.job_type()).unwrap_or_default();
    if let Some(reason) = triggers::refusal(evaluation, evaluation.job_type().unwrap_or(of_job)) {
        return refused(reason);
    }
    let present: Option<Job> = present.map(|version| version.job.clone());
    let asked: Asked = asked(transaction, evaluation, present.as_ref());
    process_asked(transaction, caches, &asked, job, options)
}

/// Processes an evaluation and carries out all that it comes to, in one transaction. Nothing is verified,
/// since nothing has changed meanwhile.
pub(crate) fn process_whole(
    transaction: &mut Transaction<'_>,
    caches: &mut Caches,
    evaluation: EvaluationSlot,
    options: &PlaceOptions,
) -> (Outcome, Applied) {
    let processed = process_in(transaction, caches, evaluation, options, false);
    let applied = apply(transaction, processed.effects, &processed.outcome, processed.deployment);
    (processed.outcome, applied)
}

impl Cluster {
    /// Processes an evaluation of the cluster and carries out all that it comes to, in one change: what
    /// [`schedule::process`](process) and [`Cluster::commit`] come to where nobody else changes anything. None
    /// if the cluster has no such evaluation.
    ///
    /// ```
    /// # use stowplan::model::{Job, Node};
    /// # use stowplan::{Cluster, PlaceOptions};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    /// #     .build()?;
    /// # let mut cluster = Cluster::new([node])?;
    /// use stowplan::Timestamp;
    /// use stowplan::model::Evaluation;
    ///
    /// cluster.register_job(&job);
    /// let id = cluster.upsert_evaluation(&Evaluation {
    ///     job_id: "web".into(),
    ///     evaluation_type: "service".into(),
    ///     triggered_by: "job-register".into(),
    ///     ..Evaluation::default()
    /// })?;
    /// let options = PlaceOptions::default();
    /// let committed = cluster.process(&id, Timestamp::EPOCH, &options).ok_or("it is not there")?;
    /// assert_eq!(committed.allocations().count(), 2);
    /// // What found no place waits for room.
    /// let waiting = cluster.evaluation(&committed.created()[0]).ok_or("it is not there")?;
    /// assert_eq!((waiting.status.as_str(), waiting.previous_eval), ("blocked", id));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process(
        &mut self,
        evaluation_id: &str,
        now: Timestamp,
        options: &PlaceOptions,
    ) -> Option<Committed> {
        self.process_if(evaluation_id, now, options, |_, _| Vec::new())
    }

    /// The same, but what was found is verified node by node before it is kept, by the rules by which
    /// [plans](Cluster::commit) are: nodes that get anything new are there, ready and eligible, what is given
    /// there fits beside what else is there, and nobody else holds its ports, cores and devices. Where any node
    /// refuses, [`Committed::rejected`] says which and why, and nothing has changed. As nobody else changes
    /// anything meanwhile, none does: this is for who wants that looked at again.
    ///
    /// ```
    /// # use stowplan::model::{Evaluation, Job, Node};
    /// # use stowplan::{Cluster, PlaceOptions, Timestamp};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    /// #     .build()?;
    /// # let mut cluster = Cluster::new([node])?;
    /// cluster.register_job(&job);
    /// let id = cluster.upsert_evaluation(&Evaluation {
    ///     job_id: "web".into(),
    ///     evaluation_type: "service".into(),
    ///     triggered_by: "job-register".into(),
    ///     ..Evaluation::default()
    /// })?;
    /// let now = Timestamp::EPOCH;
    /// let committed = cluster.process_verified(&id, now, &PlaceOptions::default());
    /// let committed = committed.ok_or("it is not there")?;
    /// assert_eq!((committed.is_complete(), committed.allocations().count()), (true, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process_verified(
        &mut self,
        evaluation_id: &str,
        now: Timestamp,
        options: &PlaceOptions,
    ) -> Option<Committed> {
        self.process_if(evaluation_id, now, options, |state, processed| {
            verify_placed(state, &processed.outcome, &processed.effects)
        })
    }

    /// Processes an evaluation, and keeps what it comes to where that is not refused.
    fn process_if(
        &mut self,
        evaluation_id: &str,
        now: Timestamp,
        options: &PlaceOptions,
        refuse: impl FnOnce(&State, &Processed) -> Vec<Rejection>,
    ) -> Option<Committed> {
        let (state, caches) = self.parts_mut();
        let slot = state.find_evaluation(evaluation_id)?;
        state.now = state.now.max(now);
        let mut transaction = state.begin(state.now);
        let processed = process_in(&mut transaction, caches, slot, options, false);
        let rejected = refuse(&transaction, &processed);
        if !rejected.is_empty() {
            // Dropping the transaction takes everything back.
            drop(transaction);
            let parts = Parts { rejected, ..Parts::default() };
            return Some(Committed::of(self.state(), options, parts, self.modify_index()));
        }
        let Processed { outcome, effects, deployment } = processed;
        let stops = effects.stops.iter().map(|stop| stop.allocation.slot);
        let stopped = stops.map(|slot| transaction.allocation_id(slot)).collect();
        let applied = apply(&mut transaction, effects, &outcome, deployment);
        let index = transaction.commit().index;
        Some(Committed::at_once(self, options, (outcome, stopped), &applied, index))
    }
}
