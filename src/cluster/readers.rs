//! What readers of an engine's cluster look at beside allocations, evaluations and deployments: jobs as
//! the API has them, settings, and when what last changed (docs/lifecycle.md, sections 9 and 10).

use super::Cluster;
use super::views::{AllocationView, JobView};
use crate::model::{
    Allocation, JobSpec, JobSubmission, JobSummary, Namespace, NodePool, SchedulerConfiguration,
};
use crate::state::standing::Scaling;

/// The tables of a cluster, for [`Cluster::table_index`].
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions, RegisterNode, Table};
/// use stowplan::model::Node;
/// use stowplan::Timestamp;
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let node = Node::builder("n1").build()?.spec().clone();
/// engine.apply(Timestamp::EPOCH, RegisterNode::from(node).into())?;
/// assert_eq!((engine.table_index(Table::Nodes), engine.table_index(Table::Jobs)), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is named by what it holds")]
pub enum Table {
    Allocations,
    Deployments,
    Evaluations,
    Jobs,
    Namespaces,
    NodePools,
    Nodes,
    SchedulerConfiguration,
    Summaries,
}

/// A change of the count of a group, or a note about it, from [`JobView::scalings`].
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions, RegisterJob, ScaleJob};
/// use stowplan::model::{Job, JobType};
/// use stowplan::Timestamp;
///
/// // A service is not scaled as long as it is being deployed.
/// let job = Job::builder("web")
///     .job_type(JobType::Batch)
///     .group("front", 1, |g| g.task("nginx", "docker", |t| t))
///     .build()?;
/// let mut engine = Engine::new(EngineOptions::default());
/// engine.apply(Timestamp::EPOCH, RegisterJob::from(job.spec().clone()).into())?;
/// let scale: ScaleJob = serde_json::from_str(r#"{"JobID": "web", "Count": 3, "Target": {"Group": "front"}}"#)?;
/// engine.apply(Timestamp::EPOCH, scale.into())?;
/// let web = engine.job("default", "web").ok_or("it is not registered")?;
/// let counts: Vec<_> = web.scalings().map(|it| (it.group(), it.previous_count(), it.count())).collect();
/// assert_eq!(counts, [("front", 1, Some(3))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ScalingView<'a> {
    scaling: &'a Scaling,
}

impl<'a> ScalingView<'a> {
    /// The group.
    pub fn group(&self) -> &'a str {
        &self.scaling.group
    }

    /// When it was, in nanoseconds since 1970.
    pub fn time(&self) -> i64 {
        self.scaling.at.as_nanos()
    }

    /// Its index.
    pub fn create_index(&self) -> u64 {
        self.scaling.index
    }

    /// The count then; none for a note.
    pub fn count(&self) -> Option<i64> {
        self.scaling.count
    }

    /// The count before.
    pub fn previous_count(&self) -> i64 {
        self.scaling.previous_count
    }

    /// Why.
    pub fn message(&self) -> &'a str {
        &self.scaling.message
    }

    /// Whether it is a note of something that failed.
    pub fn is_error(&self) -> bool {
        self.scaling.is_error
    }

    /// More about it.
    pub fn meta(&self) -> &'a serde_json::Map<String, serde_json::Value> {
        &self.scaling.meta
    }

    /// The evaluation that it made; empty if it made none.
    pub fn evaluation_id(&self) -> &'a str {
        &self.scaling.evaluation_id
    }
}

impl<'a> JobView<'a> {
    /// The present version as the API has it, with what the job has come to; none if it is not registered.
    pub fn document(&self) -> Option<JobSpec> {
        self.state.job_document(self.slot)
    }

    /// The versions that are kept as the API has them, the newest first.
    pub fn version_documents(&self) -> impl Iterator<Item = JobSpec> {
        let (state, slot) = (self.state, self.slot);
        self.version_numbers().filter_map(move |(number, _)| state.version_document(slot, number))
    }

    /// The text that a version was made of; none if that did not come with it, or there is no such version.
    pub fn submission(&self, version: u64) -> Option<JobSubmission> {
        let known = self.state.job_version(self.slot, version)?;
        let submission = known.submission.as_deref()?.clone();
        let (namespace, job_id) = self.state.job(self.slot)?.names();
        Some(JobSubmission {
            namespace: namespace.to_owned(),
            job_id: job_id.to_owned(),
            version,
            job_modify_index: known.job.job_modify_index,
            ..submission
        })
    }

    /// How many of its allocations are in which state; none if it is not registered.
    pub fn summary(&self) -> Option<JobSummary> {
        self.state.job_summary(self.slot)
    }

    /// The changes of its groups' counts that are remembered, the oldest first.
    pub fn scalings(&self) -> impl Iterator<Item = ScalingView<'a>> {
        let standing = self.state.standing(self.slot).map(|it| &**it);
        let scalings = standing.map(|it| it.scalings.as_slice()).unwrap_or_default();
        scalings.iter().map(|scaling| ScalingView { scaling })
    }

    /// The index at which it last changed; 0 if it is not registered.
    pub fn modify_index(&self) -> u64 {
        self.state.registration(self.slot).map_or(0, |it| it.modify_index)
    }

    /// The index at which its summary last changed.
    pub fn summary_index(&self) -> u64 {
        self.state.standing(self.slot).map_or(0, |it| it.counted.summary_modified)
    }

    /// The index at which an allocation of it last came, changed or left.
    pub fn allocations_index(&self) -> u64 {
        self.state.standing(self.slot).map_or(0, |it| it.counted.allocations_modified)
    }
}

impl AllocationView<'_> {
    /// The allocation as the API has it, with its job. It is made by this call.
    pub fn whole_document(&self) -> Allocation {
        let document = self.document();
        let job = document.job.clone().or_else(|| self.version().cloned());
        Allocation { job, ..document }
    }
}

impl Cluster {
    /// The index at which anything of a table last changed; 0 if nothing ever did.
    pub fn table_index(&self, table: Table) -> u64 {
        let book = self.state.book();
        match table {
            Table::Allocations => book.indexes.allocations,
            Table::Deployments => book.indexes.deployments,
            Table::Evaluations => book.indexes.evaluations,
            Table::Jobs => book.indexes.jobs,
            Table::Namespaces => book.settings.namespaces_modified,
            Table::NodePools => book.settings.pools_modified,
            Table::Nodes => book.indexes.nodes,
            Table::SchedulerConfiguration => book.settings.scheduler.modify_index,
            Table::Summaries => book.indexes.summaries,
        }
    }

    /// The index at which an allocation on a node last came, changed or left; 0 if none ever did.
    pub fn allocations_index_on(&self, node_id: &str) -> u64 {
        let node = self.state.find_node(node_id);
        node.map_or(0, |node| self.state.life(node).allocations_modified)
    }

    /// How the scheduler works, whatever the job.
    pub fn scheduler_configuration(&self) -> &SchedulerConfiguration {
        &self.state.book().settings.scheduler
    }

    /// The namespaces, by name.
    pub fn namespaces(&self) -> &[Namespace] {
        &self.state.book().settings.namespaces
    }

    /// The node pools that an operator knows of, by name.
    pub fn node_pools(&self) -> &[NodePool] {
        &self.state.book().settings.pools
    }
}
