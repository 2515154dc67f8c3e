//! The base set: the nodes that a job looks at at all (docs/placement.md, section 2.1).

use std::fmt;

use crate::model::Job;
use crate::state::node::NodeRecord;
use crate::syntax::glob;

/// The pool that is every pool.
const ALL_POOLS: &str = "all";

/// Which nodes a job looks at: ready ones in its datacenters and its pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BaseSet<'a> {
    datacenters: &'a [String],
    node_pool: &'a str,
}

/// Why a job does not look at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotCandidate {
    /// Its status is not `ready`.
    Status(String),
    /// It drains.
    Draining,
    /// It is not eligible for scheduling.
    Ineligible,
    /// It is in another pool.
    Pool(String),
    /// It is in another datacenter.
    Datacenter(String),
    /// It has its allocation of a system job already. Only explanations say this.
    Done,
}

impl fmt::Display for NotCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotCandidate::Status(status) => write!(f, "status `{status}`"),
            NotCandidate::Draining => write!(f, "draining"),
            NotCandidate::Ineligible => write!(f, "ineligible"),
            NotCandidate::Pool(pool) => write!(f, "node pool `{pool}`"),
            NotCandidate::Datacenter(datacenter) => write!(f, "datacenter `{datacenter}`"),
            NotCandidate::Done => write!(f, "already served"),
        }
    }
}

impl<'a> BaseSet<'a> {
    pub(crate) fn of(job: &'a Job) -> BaseSet<'a> {
        let spec = job.spec();
        BaseSet { datacenters: &spec.datacenters, node_pool: &spec.node_pool }
    }

    /// Whether the job looks at a node.
    pub(crate) fn contains(&self, node: &NodeRecord) -> bool {
        node.node.is_ready() && self.has_pool(node) && self.has_datacenter(node)
    }

    /// Everything that keeps a node out.
    pub(crate) fn all_reasons(&self, node: &NodeRecord) -> Vec<NotCandidate> {
        let spec = node.node.spec();
        let mut reasons = Vec::new();
        if spec.status != "ready" {
            reasons.push(NotCandidate::Status(spec.status.clone()));
        }
        if spec.is_draining() {
            reasons.push(NotCandidate::Draining);
        } else if spec.scheduling_eligibility != "eligible" {
            reasons.push(NotCandidate::Ineligible);
        }
        if !self.has_pool(node) {
            reasons.push(NotCandidate::Pool(spec.node_pool.clone()));
        }
        if !self.has_datacenter(node) {
            reasons.push(NotCandidate::Datacenter(spec.datacenter.clone()));
        }
        reasons
    }

    fn has_pool(&self, node: &NodeRecord) -> bool {
        self.node_pool == ALL_POOLS || self.node_pool == node.node.spec().node_pool
    }

    fn has_datacenter(&self, node: &NodeRecord) -> bool {
        let datacenter = &node.node.spec().datacenter;
        self.datacenters.iter().any(|pattern| glob::matches(pattern, datacenter))
    }
}
