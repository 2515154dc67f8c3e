//! How to place: what the API calls the scheduler's configuration, and what an embedder adds.

use std::borrow::Cow;

use crate::model::{Era, Job, JobType, TaskGroup};
use crate::rank::binpack::Algorithm;

/// How to place a job. The default is the API's: binpack, eviction for system jobs only, and the exact
/// best of all nodes.
///
/// ```
/// use stowplan::{Algorithm, PlaceOptions, Preemption, Search};
///
/// let options = PlaceOptions::default()
///     .algorithm(Algorithm::Spread)
///     .preemption(Preemption::all())
///     .search(Search::Sample(100))
///     .seed(7);
/// ```
#[derive(Clone, Debug, Default)]
pub struct PlaceOptions {
    pub(crate) algorithm: Algorithm,
    pub(crate) overrides: Vec<Override>,
    pub(crate) preemption: Preemption,
    pub(crate) memory_oversubscription: bool,
    pub(crate) seed: Option<u64>,
    pub(crate) search: Search,
    pub(crate) score_detail: ScoreDetail,
    pub(crate) failure_records: Option<FailureRecords>,
    pub(crate) explain: bool,
    pub(crate) stopwatch: Option<fn() -> u64>,
    pub(crate) oracle: bool,
}

/// Another algorithm for a job or one of its groups.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) job_id: String,
    pub(crate) group: Option<String>,
    pub(crate) algorithm: Algorithm,
}

/// For which types of jobs allocations of lower priority may be evicted (docs/placement.md, section
/// 6.1).
///
/// ```
/// use stowplan::{PlaceOptions, Preemption};
///
/// let preemption = Preemption { batch: true, ..Preemption::default() };
/// assert!(preemption.system && !preemption.service);
/// let options = PlaceOptions::default().preemption(preemption);
/// assert!(Preemption::all().service && !Preemption::none().system);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preemption {
    /// For service jobs.
    pub service: bool,
    /// For batch jobs.
    pub batch: bool,
    /// For system jobs.
    pub system: bool,
    /// For sysbatch jobs.
    pub sysbatch: bool,
}

/// Whether a group that could not be placed whole leaves one failed allocation, as in the first API.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::FailureRecords;
///
/// let options = PlaceOptions::default().record_failed_placements(FailureRecords::Always);
/// let placement = cluster.place(&job, &options);
/// let record = placement.failed()[0].to_allocation().ok_or("it is recorded")?;
/// assert_eq!(record.desired_status, "failed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureRecords {
    /// Groups of jobs of the first API do.
    Auto,
    /// All groups do.
    Always,
    /// None does.
    Never,
}

/// Which nodes a placement looks at.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::Search;
///
/// let sample = PlaceOptions::default().search(Search::Sample(2)).seed(7);
/// assert_eq!(cluster.place(&job, &sample).scanned(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Search {
    /// All of them: the placement is the exact best.
    #[default]
    Best,
    /// In an order drawn from the seed, until this many were found that would do, setting up to three
    /// poor ones aside; the next placement goes on where this one ended (docs/placement.md, section
    /// 3.2). Several schedulers with seeds of their own then collide less.
    Sample(usize),
}

/// Of how many nodes a placement's metrics show the scores.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::ScoreDetail;
///
/// let options = PlaceOptions::default().score_detail(ScoreDetail::None);
/// let placement = cluster.place(&job, &options);
/// assert!(placement.allocations().all(|it| it.metrics().score_meta_data.is_empty()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScoreDetail {
    /// Of none.
    None,
    /// Of the best few.
    Top(usize),
    /// Of all that were ranked.
    All,
}

impl Default for ScoreDetail {
    fn default() -> Self {
        ScoreDetail::Top(5)
    }
}

impl ScoreDetail {
    /// The most nodes whose scores are shown.
    pub(crate) fn limit(self) -> usize {
        match self {
            ScoreDetail::None => 0,
            ScoreDetail::Top(limit) => limit,
            ScoreDetail::All => usize::MAX,
        }
    }
}

impl Default for Preemption {
    fn default() -> Self {
        Preemption { service: false, batch: false, system: true, sysbatch: false }
    }
}

impl From<bool> for FailureRecords {
    fn from(always: bool) -> FailureRecords {
        if always { FailureRecords::Always } else { FailureRecords::Never }
    }
}

impl Preemption {
    /// For jobs of every type.
    pub fn all() -> Self {
        Preemption { service: true, batch: true, system: true, sysbatch: true }
    }

    /// For no job.
    pub fn none() -> Self {
        Preemption { service: false, batch: false, system: false, sysbatch: false }
    }

    pub(crate) fn is_on_for(self, job_type: JobType) -> bool {
        match job_type {
            JobType::Service => self.service,
            JobType::Batch => self.batch,
            JobType::System => self.system,
            JobType::Sysbatch => self.sysbatch,
        }
    }
}

impl Search {
    /// The sample that the original takes: 2 nodes for a batch job, the logarithm of the number of
    /// nodes for a service, and where there are affinities or spreads `node_limit` (100 in its default
    /// configuration), or the group's count if that is larger (docs/placement.md, section 3.2).
    ///
    /// ```
    /// use stowplan::{Search, model::Job};
    ///
    /// let job = Job::from_json(r#"{"ID": "web", "TaskGroups": [
    ///     {"Name": "front", "Count": 3, "Tasks": [{"Name": "nginx", "Driver": "docker"}]}
    /// ]}"#)?;
    /// let group = &job.task_groups[0];
    /// assert_eq!(Search::like_the_original(&job, group, 1_000, 100), Search::Sample(10));
    /// # Ok::<(), stowplan::model::JobErrors>(())
    /// ```
    pub fn like_the_original(
        job: &Job,
        group: &TaskGroup,
        nodes: usize,
        node_limit: usize,
    ) -> Search {
        let has_affinities = !job.affinities.is_empty()
            || !group.affinities.is_empty()
            || group.tasks.iter().any(|task| !task.affinities.is_empty());
        let has_spreads = !job.spreads.is_empty() || !group.spreads.is_empty();
        if has_affinities || has_spreads {
            return Search::Sample(node_limit.max(group.count() as usize));
        }
        let log2_rounded_up = nodes.max(1).next_power_of_two().trailing_zeros() as usize;
        match job.job_type() {
            JobType::Batch => Search::Sample(2),
            _ => Search::Sample(log2_rounded_up.max(2)),
        }
    }
}

impl PlaceOptions {
    /// Which nodes the fit score prefers.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Which nodes the fit score prefers for one job.
    pub fn algorithm_for_job(mut self, job_id: impl Into<String>, algorithm: Algorithm) -> Self {
        self.overrides.push(Override { job_id: job_id.into(), group: None, algorithm });
        self
    }

    /// Which nodes the fit score prefers for one group of a job; it takes precedence over the job's.
    pub fn algorithm_for_group(
        mut self,
        job_id: impl Into<String>,
        group: impl Into<String>,
        algorithm: Algorithm,
    ) -> Self {
        let group = Some(group.into());
        self.overrides.push(Override { job_id: job_id.into(), group, algorithm });
        self
    }

    /// For which types of jobs allocations of lower priority may be evicted.
    pub fn preemption(mut self, preemption: Preemption) -> Self {
        self.preemption = preemption;
        self
    }

    /// Sets whether tasks may use more memory than they ask for, where there is room (`MemoryMaxMB`).
    /// It changes what an allocation is given, never where it goes.
    pub fn memory_oversubscription(mut self, on: bool) -> Self {
        self.memory_oversubscription = on;
        self
    }

    /// The seed that orders equal nodes and that ports and identities are drawn from. Without one, a
    /// cluster keeps its own, and a question takes 0. A cluster that is given another seed than it has
    /// takes it over, which costs a pass over its nodes.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Which nodes a placement looks at.
    pub fn search(mut self, search: Search) -> Self {
        self.search = search;
        self
    }

    /// Of how many nodes the metrics show the scores.
    pub fn score_detail(mut self, detail: ScoreDetail) -> Self {
        self.score_detail = detail;
        self
    }

    /// Sets whether each group that could not be placed whole leaves one failed allocation, as in the
    /// first API: always or never, or by the era of the job. By default always where a job is placed,
    /// and by its era where an evaluation is processed.
    pub fn record_failed_placements(mut self, records: impl Into<FailureRecords>) -> Self {
        self.failure_records = Some(records.into());
        self
    }

    /// Whether a group of a job leaves a failed allocation.
    pub(crate) fn records_failures_of(&self, job: &Job) -> bool {
        match self.failure_records.unwrap_or(FailureRecords::Always) {
            FailureRecords::Auto => job.era() == Era::First,
            FailureRecords::Always => true,
            FailureRecords::Never => false,
        }
    }

    /// The same for processing evaluations.
    pub(crate) fn for_evaluations(&self) -> Cow<'_, PlaceOptions> {
        match self.failure_records {
            Some(_) => Cow::Borrowed(self),
            None => Cow::Owned(self.clone().record_failed_placements(FailureRecords::Auto)),
        }
    }

    /// Sets whether every node's verdict is kept for each group, and for what cannot be placed the
    /// nearest fixes; off by default, since it looks at every node in detail.
    pub fn explain(mut self, on: bool) -> Self {
        self.explain = on;
        self
    }

    /// A clock to measure each placement with, in nanoseconds from any moment on. Without one,
    /// `AllocationTime` is 0.
    pub fn stopwatch(mut self, now_ns: fn() -> u64) -> Self {
        self.stopwatch = Some(now_ns);
        self
    }

    /// Looks at every node anew for every placement: slow, and hard to get wrong. For tests and for
    /// comparisons.
    pub fn oracle(mut self, on: bool) -> Self {
        self.oracle = on;
        self
    }

    /// The algorithm for a group.
    pub(crate) fn algorithm_of(&self, job_id: &str, group: &str) -> Algorithm {
        let of_job = || self.overrides.iter().filter(|it| it.job_id == job_id);
        let of_group = of_job().rfind(|it| it.group.as_deref() == Some(group));
        let found = of_group.or_else(|| of_job().rfind(|it| it.group.is_none()));
        found.map_or(self.algorithm, |it| it.algorithm)
    }
}
