//! The base set: the nodes that a job looks at at all (docs/placement.md, section 2.1).

use std::fmt;

use super::finding::Finding;
use super::fix_action::FixAction;
use super::view::NodeView;
use crate::model::Job;
use crate::state::facts::{Fact, FactSet};
use crate::state::key_writer::KeyWriter;
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
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// use stowplan::{NotCandidate, Verdict};
///
/// let job = job.changed(|spec| spec.datacenters = vec!["dc2".into()])?;
/// let explanation = cluster.explain_node(&job, "front", "n1", &PlaceOptions::default());
/// let explanation = explanation.ok_or("no such node")?;
/// let reasons = vec![NotCandidate::Datacenter("dc1".into())];
/// assert_eq!(explanation.verdict(), &Verdict::NotCandidate(reasons));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

impl NotCandidate {
    /// The change after which it is no reason any more.
    pub(crate) fn remedy(&self) -> FixAction {
        match self {
            NotCandidate::Pool(pool) => FixAction::UsePool { pool: pool.clone() },
            NotCandidate::Datacenter(datacenter) => {
                FixAction::AllowDatacenter { datacenter: datacenter.clone() }
            }
            NotCandidate::Status(_)
            | NotCandidate::Draining
            | NotCandidate::Ineligible
            | NotCandidate::Done => FixAction::MakeReady { nodes: Vec::new() },
        }
    }
}

impl<'a> BaseSet<'a> {
    /// The facts of a node that decide.
    pub(crate) const FACTS: FactSet = FactSet::of(&[Fact::Readiness, Fact::Datacenter, Fact::Pool]);

    pub(crate) fn of(job: &'a Job) -> BaseSet<'a> {
        let spec = job.spec();
        BaseSet { datacenters: &spec.datacenters, node_pool: &spec.node_pool }
    }

    /// Writes what decides which nodes a job looks at.
    pub(crate) fn write_key(&self, key: &mut KeyWriter) {
        key.list(self.datacenters.iter(), |key, datacenter| key.text(datacenter));
        key.text(self.node_pool);
    }

    /// Whether the job looks at a node.
    pub(crate) fn contains(&self, node: &NodeRecord) -> bool {
        let node = NodeView::alone(node, BaseSet::FACTS);
        node.is_ready() && self.has_pool(node) && self.has_datacenter(node)
    }

    /// Whether a node is in the job's pool and datacenters, whether or not it takes anything new.
    pub(crate) fn has_place(&self, node: &NodeRecord) -> bool {
        let node = NodeView::alone(node, BaseSet::FACTS);
        self.has_pool(node) && self.has_datacenter(node)
    }

    /// Everything that keeps a node out.
    pub(crate) fn all_reasons(&self, node: &NodeRecord) -> Vec<NotCandidate> {
        let node = NodeView::alone(node, BaseSet::FACTS);
        let mut reasons = Vec::new();
        if node.status() != "ready" {
            reasons.push(NotCandidate::Status(node.status().into()));
        }
        if node.is_draining() {
            reasons.push(NotCandidate::Draining);
        } else if !node.is_eligible() {
            reasons.push(NotCandidate::Ineligible);
        }
        if !self.has_pool(node) {
            reasons.push(NotCandidate::Pool(node.node_pool().into()));
        }
        if !self.has_datacenter(node) {
            reasons.push(NotCandidate::Datacenter(node.datacenter().into()));
        }
        reasons
    }

    /// All that is asked of a node for the job to look at it, and what is found.
    pub(crate) fn findings(&self, node: &NodeRecord) -> Vec<Finding> {
        let node = NodeView::alone(node, BaseSet::FACTS);
        let in_words = |text: &str| format!("`{text}`");
        let eligibility = match (node.is_draining(), node.is_eligible()) {
            (true, _) => "draining",
            (false, true) => "eligible",
            (false, false) => "ineligible",
        };
        let takes_new = eligibility == "eligible";
        let patterns: Vec<String> = self.datacenters.iter().map(|it| in_words(it)).collect();
        let datacenter = in_words(node.datacenter());
        vec![
            Finding::new("status", "`ready`", &in_words(node.status()), node.status() == "ready"),
            Finding::new("eligibility", "eligible", eligibility, takes_new),
            Finding::new(
                "node pool",
                &in_words(self.node_pool),
                &in_words(node.node_pool()),
                self.has_pool(node),
            ),
            Finding::new(
                "datacenter",
                &patterns.join(" or "),
                &datacenter,
                self.has_datacenter(node),
            ),
        ]
    }

    fn has_pool(&self, node: NodeView<'_>) -> bool {
        self.node_pool == ALL_POOLS || self.node_pool == node.node_pool()
    }

    fn has_datacenter(&self, node: NodeView<'_>) -> bool {
        self.datacenters.iter().any(|pattern| glob::matches(pattern, node.datacenter()))
    }
}
