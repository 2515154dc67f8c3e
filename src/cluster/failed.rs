//! Failures as embedders see them: a group that could not be placed whole, in figures and in words.

use std::fmt;
use std::sync::OnceLock;

use crate::explain::format::{Count, TextCounts, rule_in_words};
use crate::model::{Allocation, AllocationMetrics, Job, Resources, Task, TaskGroup};
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::GroupFailure;
use crate::plan::apply::{FAILED_TO_PLACE, sum_of_tasks};
use crate::state::{State, ids};
use crate::syntax::glob;

/// A group of which not everything could be placed.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// let placement = cluster.place(&job, &PlaceOptions::default());
/// let failed = &placement.failed()[0];
/// assert_eq!((failed.name(), failed.unplaced()), ("front", 1));
/// assert_eq!(
///     failed.to_string(),
///     "web.front: 1 of 3 not placed; 1 node evaluated; 1 exhausted: 1 cpu",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FailedGroup {
    failure: GroupFailure,
    /// Made when asked for.
    metrics: OnceLock<Box<AllocationMetrics>>,
    options: PlaceOptions,
    identity_seed: u64,
    /// Whether there was any node at all.
    has_nodes: bool,
}

impl FailedGroup {
    pub(crate) fn new(options: &PlaceOptions, state: &State, failure: GroupFailure) -> FailedGroup {
        FailedGroup {
            failure,
            metrics: OnceLock::new(),
            options: options.clone(),
            identity_seed: state.identity_seed,
            has_nodes: state.nodes().next().is_some(),
        }
    }

    /// The options that it was placed with.
    pub(super) fn options(&self) -> &PlaceOptions {
        &self.options
    }

    pub(super) fn failure(&self) -> &GroupFailure {
        &self.failure
    }

    /// The job.
    pub fn job(&self) -> &Job {
        &self.failure.job
    }

    /// The group.
    pub fn task_group(&self) -> &TaskGroup {
        &self.failure.job.spec().task_groups[self.failure.group]
    }

    /// The group's name.
    pub fn name(&self) -> &str {
        &self.task_group().name
    }

    /// How many allocations of the group are missing.
    pub fn unplaced(&self) -> u32 {
        self.failure.unplaced
    }

    /// The metrics of the first placement that failed. Those that were not attempted after it are
    /// counted in `coalesced_failures`.
    pub fn metrics(&self) -> &AllocationMetrics {
        self.metrics.get_or_init(|| {
            let mut metrics = self.failure.tally.metrics(&self.failure.job.node_pool);
            metrics.coalesced_failures = u64::from(self.failure.unplaced.saturating_sub(1));
            metrics.allocation_time = self.failure.time_ns;
            add_exhausted_resources(&mut metrics, self.task_group(), self.failure.unplaced);
            Box::new(metrics)
        })
    }

    /// The failed allocation that stands for the group's failed placements, as the first API has it;
    /// none where [`PlaceOptions::record_failed_placements`](crate::PlaceOptions) says so.
    pub fn to_allocation(&self) -> Option<Allocation> {
        let group = self.task_group();
        let name = format!("{}.{}[{}]", self.failure.job.id, group.name, self.failure.name_index);
        let is_recorded = self.options.records_failures_of(&self.failure.job);
        is_recorded.then(|| Allocation {
            id: ids::of_failure(
                self.identity_seed,
                self.failure.modify_index,
                &self.failure.job,
                group,
            ),
            namespace: self.failure.job.namespace.clone(),
            name,
            job_id: self.failure.job.id.clone(),
            job: Some(self.failure.job.shared_spec()),
            task_group: group.name.clone(),
            resources: Some(sum_of_tasks(group)),
            metrics: Some(self.metrics().clone()),
            desired_status: "failed".into(),
            desired_description: FAILED_TO_PLACE.into(),
            client_status: "failed".into(),
            ..Allocation::default()
        })
    }
}

/// What the unplaced allocations ask for of what ran out (docs/placement.md, section 8).
fn add_exhausted_resources(metrics: &mut AllocationMetrics, group: &TaskGroup, missing: u32) {
    let ran_out = |dimension: &str| metrics.dimension_exhausted.contains_key(dimension);
    let (cpu, memory) = (ran_out("cpu"), ran_out("memory"));
    if !cpu && !memory {
        return;
    }
    let missing = i64::from(missing);
    let of_task = |task: &Task| Resources {
        cpu: cpu.then(|| task.cpu_mhz() * missing),
        memory_mb: memory.then(|| task.memory_mb() * missing),
        ..Resources::default()
    };
    metrics.resources_exhausted =
        group.tasks.iter().map(|task| (task.name.clone(), of_task(task))).collect();
}

/// The metrics in words: how many nodes were looked at and what became of them.
impl fmt::Display for FailedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}: {}", self.job().id, self.name(), self.unplaced())?;
        if !self.job().job_type().is_system() {
            write!(f, " of {}", self.task_group().count())?;
        }
        write!(f, " not placed")?;
        if !self.has_nodes {
            return write!(f, "; there are no nodes");
        }
        let metrics = self.metrics();
        match metrics.nodes_evaluated {
            0 => write!(f, "; no nodes were eligible for evaluation")?,
            nodes => write!(f, "; {} evaluated", Count(nodes as usize, "node"))?,
        }
        write_counts(f, metrics)?;
        for pattern in self.job().datacenters.iter().filter(|pattern| *pattern != "*") {
            let mut available = metrics.nodes_available.iter().filter(|(_, nodes)| **nodes > 0);
            if !available.any(|(datacenter, _)| glob::matches(pattern, datacenter)) {
                write!(f, "; no nodes are available in datacenter `{pattern}`")?;
            }
        }
        Ok(())
    }
}

fn write_counts(f: &mut fmt::Formatter<'_>, metrics: &AllocationMetrics) -> fmt::Result {
    if metrics.nodes_filtered > 0 {
        let rules = TextCounts::of(&metrics.constraint_filtered, rule_in_words);
        write!(f, "; {} filtered: {}", metrics.nodes_filtered, rules.with("by "))?;
    }
    if metrics.nodes_exhausted > 0 {
        let dimensions = TextCounts::of(&metrics.dimension_exhausted, str::to_owned);
        write!(f, "; {} exhausted: {}", metrics.nodes_exhausted, dimensions.with(""))?;
    }
    Ok(())
}
