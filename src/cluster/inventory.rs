//! An inventory: the nodes of a question, and what is on them already.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use thiserror::Error;

use crate::model::volume::DynamicVolume;
use crate::model::{Allocation, Job, JobSpec, Node};

/// Nodes, the allocations on them, and volumes: what a question is asked of.
///
/// ```
/// use stowplan::Inventory;
/// use stowplan::model::Node;
///
/// let node = r#"{"ID": "n1", "Datacenter": "dc1",
///     "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000}}}"#;
/// let inventory = Inventory::new([Node::from_json(node)?])?;
/// assert_eq!(inventory.nodes().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Inventory {
    nodes: Vec<Node>,
    allocations: Vec<Allocation>,
    volumes: Vec<DynamicVolume>,
    /// Jobs by namespace and ID, for allocations that come without theirs.
    jobs: IndexMap<(String, String), Arc<JobSpec>>,
}

/// Why nodes or allocations make no inventory.
///
/// ```
/// use stowplan::model::Node;
/// use stowplan::{Inventory, InventoryError};
///
/// let node = Node::builder("n1").build().unwrap();
/// let error = Inventory::new([node.clone(), node]).unwrap_err();
/// assert_eq!(error, InventoryError::DuplicateNode { id: "n1".into() });
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InventoryError {
    /// An allocation's identity is there twice.
    #[error("two allocations have the ID `{id}`")]
    DuplicateAllocation {
        /// The identity.
        id: String,
    },
    /// A node's identity is there twice.
    #[error("two nodes have the ID `{id}`")]
    DuplicateNode {
        /// The identity.
        id: String,
    },
}

impl Inventory {
    /// An inventory of nodes with nothing on them.
    ///
    /// # Errors
    ///
    /// Two nodes have one identity.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Result<Self, InventoryError> {
        let nodes: Vec<Node> = nodes.into_iter().collect();
        let mut ids = IndexSet::with_capacity(nodes.len());
        for node in &nodes {
            if !ids.insert(node.id.as_str()) {
                return Err(InventoryError::DuplicateNode { id: node.id.clone() });
            }
        }
        Ok(Inventory { nodes, ..Inventory::default() })
    }

    /// The inventory with these allocations, which may be of either era of the API, live or not. An
    /// allocation that comes without its job gets it from [`Inventory::with_jobs`], if it is there. One
    /// whose node is not in the inventory is on a node that is gone: it counts for its job as long as it
    /// is live, and takes no room.
    ///
    /// # Errors
    ///
    /// Two allocations have one identity.
    pub fn with_allocations(
        mut self,
        allocations: impl IntoIterator<Item = Allocation>,
    ) -> Result<Self, InventoryError> {
        self.allocations.extend(allocations);
        let mut ids = IndexSet::with_capacity(self.allocations.len());
        for allocation in &self.allocations {
            if !ids.insert(allocation.id.as_str()) {
                return Err(InventoryError::DuplicateAllocation { id: allocation.id.clone() });
            }
        }
        Ok(self)
    }

    /// The inventory with these dynamic host volumes.
    pub fn with_volumes(mut self, volumes: impl IntoIterator<Item = DynamicVolume>) -> Self {
        self.volumes.extend(volumes);
        self
    }

    /// The inventory with these jobs for allocations that come without theirs.
    pub fn with_jobs<'a>(mut self, jobs: impl IntoIterator<Item = &'a Job>) -> Self {
        let named = |job: &Job| ((job.namespace.clone(), job.id.clone()), job.shared_spec());
        self.jobs.extend(jobs.into_iter().map(named));
        self
    }

    /// The nodes, in the order in which they came.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The allocations, in the order in which they came.
    pub fn allocations(&self) -> &[Allocation] {
        &self.allocations
    }

    /// The dynamic host volumes.
    pub fn volumes(&self) -> &[DynamicVolume] {
        &self.volumes
    }

    /// The nodes, to change; their identities must stay.
    pub(crate) fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    /// The allocations, to change; their identities must stay.
    pub(crate) fn allocations_mut(&mut self) -> &mut [Allocation] {
        &mut self.allocations
    }

    /// The job that an allocation belongs to, as far as the inventory knows it.
    pub(crate) fn job_of(&self, allocation: &Allocation) -> Option<Arc<JobSpec>> {
        let named = || {
            let namespace = match allocation.namespace.as_str() {
                "" => "default",
                namespace => namespace,
            };
            self.jobs.get(&(namespace.to_owned(), allocation.job_id.clone())).cloned()
        };
        allocation.job.clone().or_else(named)
    }
}
