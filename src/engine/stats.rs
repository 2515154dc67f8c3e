//! Figures of what waits in an engine.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::place::Place;
use super::queues::Queues;
use crate::model::{AllocationMetrics, JobType};
use crate::state::State;

/// What waits in an engine, from [`Engine::stats`](super::Engine::stats) (docs/lifecycle.md, section 6).
///
/// No figure says how many evaluations are to be canceled: those that another one of their job has overtaken
/// are canceled at once here.
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
///
/// let stats = Engine::new(EngineOptions::default()).stats();
/// assert_eq!((stats.ready, stats.blocked), (0, 0));
/// assert!(stats.blocked_by_job.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Evaluations that may be processed.
    pub ready: usize,
    /// The same by type of job.
    pub ready_by_type: IndexMap<JobType, usize>,
    /// Evaluations that are with schedulers outside.
    pub unacked: usize,
    /// The same by type of job.
    pub unacked_by_type: IndexMap<JobType, usize>,
    /// Evaluations that wait for another one of their job.
    pub pending: usize,
    /// Evaluations that failed and are tried again later.
    pub waiting: usize,
    /// Evaluations that wait for their time.
    pub delayed: usize,
    /// Evaluations that wait for room.
    pub blocked: usize,
    /// Of these, those that any change of a node may help.
    pub escaped: usize,
    /// Of those that wait for room, the ones that a quota limits.
    pub quota_limited: usize,
    /// What the evaluations that wait for room miss, by the namespace and the name of their job.
    pub blocked_by_job: BTreeMap<(String, String), BlockedResources>,
    /// The same by the nodes that had too little of it.
    pub blocked_by_place: BTreeMap<BlockedPlace, BlockedResources>,
}

/// What is missing of which too little is free, from [`EngineStats`].
///
/// ```
/// use stowplan::engine::BlockedResources;
///
/// assert_eq!(BlockedResources::default().cpu_mhz, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockedResources {
    /// CPU in MHz; 0 where there is enough.
    pub cpu_mhz: i64,
    /// Memory in MB; 0 where there is enough.
    pub memory_mb: i64,
}

/// Nodes alike that had too little free, from [`EngineStats`].
///
/// ```
/// use stowplan::engine::BlockedPlace;
///
/// assert_eq!(BlockedPlace::default().class, "");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct BlockedPlace {
    /// The class of the nodes.
    pub class: String,
    /// A datacenter that was looked at.
    pub datacenter: String,
    /// The pool that was looked at.
    pub node_pool: String,
}

impl BlockedResources {
    fn add(&mut self, more: BlockedResources) {
        self.cpu_mhz = self.cpu_mhz.saturating_add(more.cpu_mhz);
        self.memory_mb = self.memory_mb.saturating_add(more.memory_mb);
    }

    /// What a group that found no place misses.
    fn of(metrics: &AllocationMetrics) -> BlockedResources {
        let mut missing = BlockedResources::default();
        for task in metrics.resources_exhausted.values() {
            let cpu_mhz = task.cpu.unwrap_or(0);
            missing.add(BlockedResources { cpu_mhz, memory_mb: task.memory_mb.unwrap_or(0) });
        }
        missing
    }
}

/// The figures of what waits.
pub(super) fn of(state: &State, queues: &Queues) -> EngineStats {
    let mut stats = EngineStats {
        blocked: queues.blocked.len(),
        escaped: queues.blocked.escaped(),
        quota_limited: queues.blocked.quota_limited(),
        ..EngineStats::default()
    };
    for (slot, place) in queues.places() {
        match place {
            Place::Ready(job_type, _) => {
                stats.ready += 1;
                *stats.ready_by_type.entry(*job_type).or_default() += 1;
            }
            Place::Out(_) => {
                stats.unacked += 1;
                let job_type = state.evaluation(slot).and_then(|it| it.job_type);
                *stats.unacked_by_type.entry(job_type.unwrap_or_default()).or_default() += 1;
            }
            Place::Pending => stats.pending += 1,
            Place::Failed(_) => stats.waiting += 1,
            Place::Waiting(_) => stats.delayed += 1,
            Place::Blocked(..) => {}
        }
    }
    add_missing(&mut stats, state, queues);
    stats
}

/// Adds what the evaluations that wait for room miss.
fn add_missing(stats: &mut EngineStats, state: &State, queues: &Queues) {
    for slot in queues.blocked.all() {
        let Some(record) = state.evaluation(slot) else { continue };
        let Some((namespace, name)) = state.job(record.job.slot).map(|job| job.names()) else {
            continue;
        };
        let failed = record.details.as_deref().map(|details| &details.failed_groups);
        for metrics in failed.into_iter().flat_map(|groups| groups.values()) {
            let missing = BlockedResources::of(metrics);
            if missing == BlockedResources::default() {
                continue;
            }
            let job = (namespace.to_owned(), name.to_owned());
            stats.blocked_by_job.entry(job).or_default().add(missing);
            for class in metrics.class_exhausted.keys() {
                for datacenter in metrics.nodes_available.keys() {
                    let place = BlockedPlace {
                        class: class.clone(),
                        datacenter: datacenter.clone(),
                        node_pool: metrics.node_pool.clone(),
                    };
                    stats.blocked_by_place.entry(place).or_default().add(missing);
                }
            }
        }
    }
}
