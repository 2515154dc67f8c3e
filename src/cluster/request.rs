//! Requests as embedders make them: by identities and names.

use thiserror::Error;

use super::Cluster;
use crate::model::Job;
use crate::placement::missing;
use crate::placement::request::Request;
use crate::state::State;

/// One allocation to be placed, for [`Cluster::place_requests`]: of which group, under which number,
/// and what to heed of the nodes.
///
/// ```
/// use stowplan::{Cluster, PlaceOptions, PlacementRequest};
/// use stowplan::model::{Job, Node};
///
/// let node = |id| Node::builder(id).cpu_shares(1_000).memory_mb(1_024).driver("docker").build();
/// let mut cluster = Cluster::new([node("n1")?, node("n2")?])?;
/// let job = Job::builder("web")
///     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(100).memory_mb(64)))
///     .build()?;
/// let requests = [
///     PlacementRequest::new(&job, "front", 0).preferred_node("n2"),
///     PlacementRequest::new(&job, "front", 1).penalty_node("n2"),
/// ];
/// let placement = cluster.place_requests(&requests, &PlaceOptions::default())?;
/// let nodes: Vec<&str> = placement.allocations().map(|it| it.node_id()).collect();
/// assert_eq!(nodes, ["n2", "n1"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PlacementRequest {
    job: Job,
    group: String,
    name_index: u32,
    only_node: Option<String>,
    preferred_node: Option<String>,
    penalty_nodes: Vec<String>,
    replaces: Option<String>,
}

/// Why requests make no sense.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::{PlacementRequest, RequestError};
///
/// let request = PlacementRequest::new(&job, "back", 0);
/// let error = cluster.place_requests(&[request], &PlaceOptions::default()).unwrap_err();
/// assert!(matches!(error, RequestError::UnknownGroup { .. }));
/// assert_eq!(error.to_string(), "job `web` has no group `back`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The job has no group of this name.
    #[error("job `{job_id}` has no group `{group}`")]
    UnknownGroup {
        /// The job's identity.
        job_id: String,
        /// The name.
        group: String,
    },
    /// There is no allocation to be replaced.
    #[error("there is no allocation with the ID `{id}`")]
    UnknownAllocation {
        /// The identity.
        id: String,
    },
    /// The only node that an allocation may go to is not there.
    #[error("there is no node with the ID `{id}`")]
    UnknownNode {
        /// The identity.
        id: String,
    },
}

impl PlacementRequest {
    /// A request for the allocation `<job>.<group>[<name_index>]` on whatever node is best.
    pub fn new(job: &Job, group: impl Into<String>, name_index: u32) -> PlacementRequest {
        PlacementRequest {
            job: job.clone(),
            group: group.into(),
            name_index,
            only_node: None,
            preferred_node: None,
            penalty_nodes: Vec::new(),
            replaces: None,
        }
    }

    /// The same, to go to one node and no other.
    pub fn only_node(mut self, id: impl Into<String>) -> Self {
        self.only_node = Some(id.into());
        self
    }

    /// The same, to go to one node if that would do, whatever the others score: where its data is, for
    /// instance. A node that is not there is no preference.
    pub fn preferred_node(mut self, id: impl Into<String>) -> Self {
        self.preferred_node = Some(id.into());
        self
    }

    /// The same, to stay away from one node more, because what is replaced failed there
    /// (docs/placement.md, section 3.5). System jobs do not heed it.
    pub fn penalty_node(mut self, id: impl Into<String>) -> Self {
        self.penalty_nodes.push(id.into());
        self
    }

    /// The same, to take the place of an allocation: that is told to stop, and its room counts as free
    /// for this request. If no node is found it is left alone. Until its client has ended it holds its
    /// room all the same.
    pub fn replaces(mut self, id: impl Into<String>) -> Self {
        self.replaces = Some(id.into());
        self
    }

    /// The job, in the version that is to be placed.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The group's name.
    pub fn task_group(&self) -> &str {
        &self.group
    }

    /// The number in the allocation's name.
    pub fn name_index(&self) -> u32 {
        self.name_index
    }

    /// The identity of the only node that will do.
    pub(super) fn node_id(&self) -> Option<&str> {
        self.only_node.as_deref()
    }

    /// The group, as its place in the job.
    pub(super) fn group_place(&self) -> Option<usize> {
        self.job.spec().task_groups.iter().position(|it| it.name == self.group)
    }

    /// The request as placing takes it, with the group as its place in the job.
    pub(super) fn resolve(&self, state: &State) -> Result<(usize, Request), RequestError> {
        let unknown_group = || RequestError::UnknownGroup {
            job_id: self.job.id.clone(),
            group: self.group.clone(),
        };
        let group = self.group_place().ok_or_else(unknown_group)?;
        let unknown_node = |id: &String| RequestError::UnknownNode { id: id.clone() };
        let only_node = self.only_node.as_ref();
        let only_node =
            only_node.map(|id| state.find_node(id).ok_or_else(|| unknown_node(id))).transpose()?;
        let preferred_node = self.preferred_node.as_ref().and_then(|id| state.find_node(id));
        let replaces = self.replaces.as_ref();
        let unknown = |id: &String| RequestError::UnknownAllocation { id: id.clone() };
        let replaces =
            replaces.map(|id| state.find_allocation(id).ok_or_else(|| unknown(id))).transpose()?;
        let named = Request::named(self.name_index);
        let mut request = Request { only_node, preferred_node, replaces, ..named };
        request
            .penalty_nodes
            .extend(self.penalty_nodes.iter().filter_map(|id| state.find_node(id)));
        Ok((group, request))
    }
}

impl Cluster {
    /// The allocations that a job has too few of, as requests: what [`Cluster::place`] places. Of a
    /// system job that is one for each node that does not have it yet.
    pub fn missing(&self, job: &Job) -> Vec<PlacementRequest> {
        let job_slot = self.state.find_job(&job.namespace, &job.id);
        let mut requests = Vec::new();
        for group in &job.spec().task_groups {
            let mut missing = Vec::new();
            missing::requests(&self.state, job, job_slot, group, &mut missing);
            requests.extend(missing.iter().map(|request| {
                let node = request.only_node.and_then(|slot| self.state.node(slot));
                PlacementRequest {
                    only_node: node.map(|node| node.node.id.clone()),
                    ..PlacementRequest::new(job, &group.name, request.name_index)
                }
            }));
        }
        requests
    }
}
