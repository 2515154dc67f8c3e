//! Why a node may not run a group.

use std::fmt;
use std::sync::Arc;

/// Why a node may not run a group. Its text is what the metrics count the node under
/// (`ConstraintFiltered`; docs/placement.md, sections 2.4 to 2.8).
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// use stowplan::{FilterReason, Verdict};
///
/// let job = job.changed(|spec| spec.task_groups[0].tasks[0].driver = "exec".into())?;
/// let explanation = cluster.explain_node(&job, "front", "n1", &PlaceOptions::default());
/// let explanation = explanation.ok_or("no such node")?;
/// assert_eq!(explanation.verdict(), &Verdict::Filtered(vec![FilterReason::MissingDrivers]));
/// assert_eq!(FilterReason::MissingDrivers.to_string(), "missing drivers");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FilterReason {
    /// The node does not satisfy a constraint: its left side, its operand and its right side.
    Constraint(Arc<str>),
    /// A task's driver is missing or not healthy.
    MissingDrivers,
    /// There are too few healthy devices, in use or not.
    MissingDevices,
    /// There is no network of the mode that the group asks for.
    MissingNetwork,
    /// The node has no address on the host network that a port asks for.
    MissingHostNetwork {
        /// The host network.
        host_network: String,
        /// The port's label.
        port: String,
    },
    /// The host network that a port asks for is a target that is not found on the node.
    InvalidHostNetwork {
        /// The host network as the job has it.
        host_network: String,
        /// The port's label.
        port: String,
    },
    /// A secrets provider that a task reads from is missing.
    MissingSecretsProvider,
    /// A host volume is missing, or may not be used as the group asks.
    MissingHostVolumes,
    /// CSI volumes are missing.
    MissingCsiVolumes(Vec<String>),
    /// Another allocation of the job or of the group is on the node.
    DistinctHosts,
    /// As many allocations as may share the node's value of a property have it already.
    DistinctProperty {
        /// The property, `${meta.rack}` for instance.
        property: String,
        /// The node's value.
        value: String,
        /// How many allocations have it.
        allocations: u64,
    },
    /// The node does not have a property that is to be distinct.
    MissingProperty {
        /// The property.
        property: String,
    },
    /// How many allocations may share a value of a property cannot be read.
    UnreadableCount {
        /// What the job says.
        count: String,
    },
}

/// The text of [`FilterReason::DistinctHosts`].
pub(crate) const DISTINCT_HOSTS: &str = "distinct_hosts";

impl FilterReason {
    /// Whether other allocations of the job are what keeps one from the node.
    pub(crate) fn is_distinct(&self) -> bool {
        matches!(self, FilterReason::DistinctHosts | FilterReason::DistinctProperty { .. })
    }

    /// The text that the metrics count nodes under.
    pub(crate) fn text(&self) -> Arc<str> {
        match self {
            FilterReason::Constraint(text) => text.clone(),
            reason => reason.to_string().into(),
        }
    }
}

impl fmt::Display for FilterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilterReason::Constraint(text) => f.write_str(text),
            FilterReason::MissingDrivers => f.write_str("missing drivers"),
            FilterReason::MissingDevices => f.write_str("missing devices"),
            FilterReason::MissingNetwork => f.write_str("missing network"),
            FilterReason::MissingHostNetwork { host_network, port } => {
                write!(f, "missing host network \"{host_network}\" for port \"{port}\"")
            }
            FilterReason::InvalidHostNetwork { host_network, port } => {
                write!(f, "invalid host network \"{host_network}\" template for port \"{port}\"")
            }
            FilterReason::MissingSecretsProvider => f.write_str("missing secrets provider"),
            FilterReason::MissingHostVolumes => f.write_str("missing compatible host volumes"),
            FilterReason::MissingCsiVolumes(volumes) => {
                write!(f, "missing CSI volume(s) {}", volumes.join(", "))
            }
            FilterReason::DistinctHosts => f.write_str(DISTINCT_HOSTS),
            FilterReason::DistinctProperty { property, value, allocations } => {
                write!(f, "distinct_property: {property}={value} used by {allocations} allocs")
            }
            FilterReason::MissingProperty { property } => {
                write!(f, "missing property \"{property}\"")
            }
            FilterReason::UnreadableCount { count } => {
                write!(f, "failed to convert RTarget \"{count}\" to uint64")
            }
        }
    }
}
