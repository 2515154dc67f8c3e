//! A batch: the placements of one group by one call, with what they share.

use std::sync::Arc;

use super::group_version::GroupVersion;
use super::node::{Identities, Identity};
use super::scores::{ScoreLog, Scores};
use super::slots::{DeploymentRef, EvaluationRef, NodeSlot};
use super::small_list::SmallList;
use super::tally::Tally;
use crate::model::metrics::{AllocationMetrics, NodeScoreMeta};
use crate::time::Timestamp;

/// What the placements of a batch have in common, and a few bytes for each.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// What they ran when they were placed.
    pub(crate) version: GroupVersion,
    /// The evaluation that placed them.
    pub(crate) evaluation: EvaluationRef,
    /// The deployment that they are part of.
    pub(crate) deployment: DeploymentRef,
    /// The index and the instant of the transaction that made them.
    pub(crate) create_index: u64,
    pub(crate) created: Timestamp,
    /// The nodes that the batch's metrics speak of, by slot.
    pub(crate) nodes: Identities,
    pub(crate) tallies: SmallList<Arc<Tally>>,
    pub(crate) scores: ScoreLog,
    pub(crate) placed: SmallList<Placed>,
    /// Identities of what placements evicted, by placement.
    pub(crate) evicted: Vec<(u32, Vec<String>)>,
}

/// One placement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) node: NodeSlot,
    /// The counts, by their place in the batch's list.
    pub(crate) tally: u32,
    /// Where the score log has the nodes that its metrics show.
    pub(crate) best: u32,
    pub(crate) name_index: u32,
    pub(crate) score: f64,
    pub(crate) time_ns: u64,
}

impl Batch {
    /// What a placement evicted.
    pub(crate) fn evicted_by(&self, at: usize) -> &[String] {
        let found = self.evicted.iter().find(|(placed, _)| *placed as usize == at);
        found.map(|(_, ids)| ids.as_slice()).unwrap_or_default()
    }

    /// The name of a placement.
    pub(crate) fn name_of(&self, at: usize) -> String {
        self.version.name_of(self.placed.get(at).map_or(0, |placed| placed.name_index))
    }

    /// The node of a placement.
    pub(crate) fn node_of(&self, at: usize) -> Option<&Identity> {
        self.nodes.get(self.placed.get(at)?.node.at()).map(|identity| &**identity)
    }

    /// The metrics of a placement as the API has them.
    pub(crate) fn metrics(&self, at: usize) -> Option<AllocationMetrics> {
        let placed = self.placed.get(at)?;
        let tally = self.tallies.get(placed.tally as usize)?;
        let mut metrics = tally.metrics(self.version.job_spec().map_or("", |job| &job.node_pool));
        metrics.allocation_time = placed.time_ns;
        metrics.score_meta_data = self.score_meta(at);
        Some(metrics)
    }

    /// The best nodes of a placement, best first.
    fn score_meta(&self, at: usize) -> Vec<NodeScoreMeta> {
        let best = self.placed.get(at).and_then(|placed| self.scores.best(placed.best));
        let scores = best.unwrap_or_default().iter().filter_map(|&place| self.scores.get(place));
        scores
            .filter_map(|(node, scores)| Some(score_meta(self.nodes.get(node.at())?, &scores)))
            .collect()
    }
}

/// One node's scores as the API has them.
fn score_meta(node: &Identity, scores: &Scores) -> NodeScoreMeta {
    NodeScoreMeta {
        node_id: node.id.to_string(),
        scores: scores.named().map(|(name, score)| (name.to_owned(), score)).collect(),
        norm_score: scores.mean(),
        ..NodeScoreMeta::default()
    }
}
