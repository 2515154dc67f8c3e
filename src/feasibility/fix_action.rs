//! The changes that fixes consist of: of a job, or of nodes. Rules name those that would do away with
//! them, and `explain` carries them out.

use serde::Serialize;

/// One change of a [`Fix`](crate::Fix), to the job or to nodes.
///
/// Nodes and allocations go by their identities.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::FixAction;
///
/// let job = job.changed(|spec| spec.datacenters = vec!["dc2".into()])?;
/// let placement = cluster.place(&job, &PlaceOptions::default());
/// let explanation = placement.failed()[0].explain(&cluster);
/// let datacenter = "dc1".into();
/// assert_eq!(explanation.fixes()[0].actions(), [FixAction::AllowDatacenter { datacenter }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "Kind", rename_all = "PascalCase", rename_all_fields = "PascalCase")]
#[non_exhaustive]
pub enum FixAction {
    /// The job drops a constraint, wherever for this group it says it.
    DropConstraint {
        /// The constraint as the metrics have it; of `distinct_hosts`, that word.
        text: String,
        /// Where the job says it, `TaskGroups[0].Constraints[1]` for instance.
        paths: Vec<String>,
    },
    /// The job lets more of its allocations share a value of a property.
    RaiseDistinctProperty {
        /// The constraint as the metrics have it.
        text: String,
        /// The property, `${meta.rack}` for instance.
        property: String,
        /// How many allocations may then share a value.
        allowed: u64,
    },
    /// The job looks at one more datacenter.
    AllowDatacenter {
        /// The datacenter.
        datacenter: String,
    },
    /// The job looks at another node pool.
    UsePool {
        /// The pool.
        pool: String,
    },
    /// Nodes become ready: up, not draining, eligible.
    MakeReady {
        /// The nodes.
        nodes: Vec<String>,
    },
    /// Nodes get a healthy driver.
    AddDriver {
        /// The nodes.
        nodes: Vec<String>,
        /// The driver.
        driver: String,
    },
    /// Nodes get the plugin of a secrets provider.
    AddSecretsProvider {
        /// The nodes.
        nodes: Vec<String>,
        /// The provider.
        provider: String,
    },
    /// Nodes get a host volume, or one that they have may be written.
    AddVolume {
        /// The nodes.
        nodes: Vec<String>,
        /// The volume's name on the nodes.
        volume: String,
    },
    /// Nodes get a network of a mode, and an address on the host network `default` where they have none.
    AddNetwork {
        /// The nodes.
        nodes: Vec<String>,
        /// The mode, `bridge` for instance.
        mode: String,
    },
    /// All devices that a request could be met from become healthy.
    RepairDevices {
        /// The nodes.
        nodes: Vec<String>,
        /// What the request asks for, `nvidia/gpu` for instance.
        devices: String,
    },
    /// Nodes have more of the amounts free.
    AddResources {
        /// The nodes.
        nodes: Vec<String>,
        /// More CPU.
        #[serde(rename = "CPU")]
        cpu_mhz: i64,
        /// More memory.
        #[serde(rename = "MemoryMB")]
        memory_mb: i64,
        /// More disk.
        #[serde(rename = "DiskMB")]
        disk_mb: i64,
    },
    /// Nodes have more cores free.
    AddCores {
        /// The nodes.
        nodes: Vec<String>,
        /// How many more.
        cores: u32,
    },
    /// Nodes take more allocations.
    RaiseMaxAllocations {
        /// The nodes.
        nodes: Vec<String>,
        /// How many more.
        allocations: u32,
    },
    /// Allocations of jobs of lower priority leave a node.
    Evict {
        /// The node.
        node: String,
        /// The allocations.
        allocations: Vec<String>,
        /// Their names, in the same order.
        names: Vec<String>,
    },
    /// The job asks for no network, of the group or of one of its tasks.
    DropNetwork {
        /// The task; none for the group's network.
        task: Option<String>,
        /// The network's mode.
        mode: String,
    },
    /// The job asks for a port less.
    DropPort {
        /// The task; none for a port of the group's network.
        task: Option<String>,
        /// The port's label.
        label: String,
        /// The port's number; 0 for one that is chosen by the scheduler.
        port: i64,
    },
    /// A task asks for no cores of its own.
    DropCores {
        /// The task.
        task: String,
    },
    /// A task asks for some devices less.
    DropDevices {
        /// The task.
        task: String,
        /// The request, as its place in the task's list.
        request: usize,
        /// What it asks for, `nvidia/gpu` for instance.
        devices: String,
    },
    /// The group mounts a volume less.
    DropVolume {
        /// The group's name for it.
        alias: String,
    },
}

impl FixAction {
    /// The nodes that it changes; none for a change of the job.
    pub fn nodes(&self) -> &[String] {
        match self {
            FixAction::MakeReady { nodes }
            | FixAction::AddDriver { nodes, .. }
            | FixAction::AddSecretsProvider { nodes, .. }
            | FixAction::AddVolume { nodes, .. }
            | FixAction::AddNetwork { nodes, .. }
            | FixAction::RepairDevices { nodes, .. }
            | FixAction::AddResources { nodes, .. }
            | FixAction::AddCores { nodes, .. }
            | FixAction::RaiseMaxAllocations { nodes, .. } => nodes,
            FixAction::Evict { node, .. } => std::slice::from_ref(node),
            _ => &[],
        }
    }

    /// The list of nodes, where there may be several.
    pub(crate) fn nodes_mut(&mut self) -> Option<&mut Vec<String>> {
        match self {
            FixAction::MakeReady { nodes }
            | FixAction::AddDriver { nodes, .. }
            | FixAction::AddSecretsProvider { nodes, .. }
            | FixAction::AddVolume { nodes, .. }
            | FixAction::AddNetwork { nodes, .. }
            | FixAction::RepairDevices { nodes, .. }
            | FixAction::AddResources { nodes, .. }
            | FixAction::AddCores { nodes, .. }
            | FixAction::RaiseMaxAllocations { nodes, .. } => Some(nodes),
            _ => None,
        }
    }

    /// What it does, whatever the nodes and the amounts.
    pub(crate) fn kind(&self) -> FixAction {
        let mut kind = self.clone();
        if let Some(nodes) = kind.nodes_mut() {
            nodes.clear();
        }
        match &mut kind {
            FixAction::AddResources { cpu_mhz, memory_mb, disk_mb, .. } => {
                for amount in [cpu_mhz, memory_mb, disk_mb] {
                    *amount = (*amount).signum();
                }
            }
            FixAction::AddCores { cores: amount, .. }
            | FixAction::RaiseMaxAllocations { allocations: amount, .. } => *amount = 1,
            FixAction::RaiseDistinctProperty { allowed, .. } => *allowed = 0,
            FixAction::Evict { node, allocations, names } => {
                node.clear();
                allocations.clear();
                names.clear();
            }
            _ => {}
        }
        kind
    }

    /// Whether it changes what the group asks for beside amounts.
    pub(crate) fn changes_ask(&self) -> bool {
        matches!(
            self,
            FixAction::DropNetwork { .. }
                | FixAction::DropPort { .. }
                | FixAction::DropDevices { .. }
                | FixAction::DropCores { .. }
        )
    }

    /// How big a change it is: first what only says where to look, then what moves or repairs
    /// something, then new things, and last what takes from the job.
    pub(crate) fn weight(&self) -> u32 {
        match self {
            FixAction::RaiseDistinctProperty { .. } => 10,
            FixAction::DropConstraint { .. } | FixAction::AllowDatacenter { .. } => 11,
            FixAction::UsePool { .. } => 12,
            FixAction::MakeReady { .. } => 13,
            FixAction::Evict { .. } => 14,
            FixAction::RaiseMaxAllocations { .. } => 15,
            FixAction::AddResources { .. } => 16,
            FixAction::RepairDevices { .. } => 17,
            FixAction::AddCores { .. } => 18,
            FixAction::AddDriver { .. }
            | FixAction::AddSecretsProvider { .. }
            | FixAction::AddVolume { .. }
            | FixAction::AddNetwork { .. } => 19,
            FixAction::DropPort { .. } => 21,
            FixAction::DropVolume { .. } => 22,
            FixAction::DropDevices { .. } | FixAction::DropCores { .. } => 23,
            FixAction::DropNetwork { .. } => 24,
        }
    }
}
