//! A cluster: nodes and allocations that come and go, placements that are kept, and forks.
//!
//! In: nodes, allocations, jobs to place, and what became of allocations. Out: placements, explanations
//! and the cluster as it is. May import everything below: `plan`, `reconcile`, `explain`, `placement`,
//! `fit`, `feasibility`, `state`, `model` and `time`.

pub(crate) mod check;
mod debug;
pub(crate) mod difference;
mod documents;
mod ending;
mod evaluations;
mod explain;
pub(crate) mod failed;
mod fixes;
pub(crate) mod inventory;
pub(crate) mod inventory_json;
pub(crate) mod jobs;
pub(crate) mod node_changes;
pub(crate) mod place;
pub(crate) mod placement;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;
pub(crate) mod question;
pub(crate) mod readers;
pub(crate) mod request;
pub(crate) mod room_for;
pub(crate) mod snapshot;
pub(crate) mod usage;
pub(crate) mod views;

use std::sync::Arc;

use thiserror::Error;

use crate::cluster::inventory::{Inventory, InventoryError};
use crate::model::{Allocation, ClientStatus, DesiredStatus, Node};
use crate::placement::caches::Caches;
use crate::state::State;
use crate::state::imported::Imported;
use crate::state::nodes::tie_break_of;
use crate::state::slots::AllocationSlot;
use crate::state::transaction::Transaction;
use crate::time::Timestamp;

/// Nodes and what is on them. It places, keeps what it placed, and decides nothing else.
///
/// ```
/// use stowplan::{Cluster, PlaceOptions, model::{Job, Node}};
///
/// let node = r#"{"ID": "n1", "Datacenter": "dc1", "Attributes": {"driver.docker": "1"},
///     "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000},
///                       "Disk": {"DiskMB": 10000}}}"#;
/// let job = r#"{"ID": "web", "TaskGroups": [{"Name": "front", "Count": 4,
///     "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#;
/// let mut cluster = Cluster::new([Node::from_json(node)?])?;
/// let before = cluster.fork();
/// let placement = cluster.place(&Job::from_json(job)?, &PlaceOptions::default());
/// assert_eq!(placement.len(), 3);
/// assert_eq!(placement.failed()[0].metrics().dimension_exhausted["memory"], 1);
/// assert_eq!((before.allocation_count(), cluster.allocation_count()), (0, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Cluster {
    state: Arc<State>,
    caches: Arc<Caches>,
}

/// Why something cannot be done to a cluster.
///
/// ```
/// use stowplan::{Cluster, ClusterError};
///
/// let error = Cluster::default().remove_node("n1").unwrap_err();
/// assert_eq!(error, ClusterError::UnknownNode { id: "n1".into() });
/// assert_eq!(error.to_string(), "there is no node with the ID `n1`");
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterError {
    /// An allocation of this identity is there already.
    #[error("there is an allocation with the ID `{id}` already")]
    DuplicateAllocation {
        /// The identity.
        id: String,
    },
    /// An allocation cannot run after all, since its node is gone.
    #[error("allocation `{id}` was on node `{node_id}`, which is gone")]
    NodeGone {
        /// The allocation.
        id: String,
        /// The node.
        node_id: String,
    },
    /// No allocation has this identity.
    #[error("there is no allocation with the ID `{id}`")]
    UnknownAllocation {
        /// The identity.
        id: String,
    },
    /// No node has this identity.
    #[error("there is no node with the ID `{id}`")]
    UnknownNode {
        /// The identity.
        id: String,
    },
}

impl Cluster {
    /// A cluster of nodes with nothing on them, with the seed 0.
    ///
    /// # Errors
    ///
    /// Two nodes have one identity.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Result<Self, InventoryError> {
        Ok(Cluster::from_inventory(&Inventory::new(nodes)?, 0))
    }

    /// A cluster of what an inventory holds. The seed orders equal nodes; ports and identities are
    /// drawn from it.
    pub fn from_inventory(inventory: &Inventory, seed: u64) -> Self {
        let mut state = State::new(seed);
        // Slots in the order of the ranks let the first of equals be the one to take.
        let mut nodes: Vec<&Node> = inventory.nodes().iter().collect();
        nodes.sort_by_cached_key(|node| (tie_break_of(seed, &node.id), &node.id));
        let mut transaction = state.begin(Timestamp::EPOCH);
        for node in nodes {
            transaction.upsert_node(node.clone());
        }
        for allocation in inventory.allocations() {
            let job = inventory.job_of(allocation);
            transaction.import(Imported::new(allocation.clone(), job));
        }
        transaction.commit();
        state.volumes = Arc::new(inventory.volumes().to_vec());
        Cluster { state: Arc::new(state), caches: Arc::default() }
    }

    /// A cluster of its own with the same content. It costs a pointer.
    pub fn fork(&self) -> Cluster {
        self.clone()
    }

    /// A node.
    pub fn node(&self, id: &str) -> Option<&Node> {
        Some(&self.state.node(self.state.find_node(id)?)?.node)
    }

    /// Every node, in no order that means anything.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.state.nodes().map(|(_, record)| &record.node)
    }

    /// Adds an allocation that was placed elsewhere.
    ///
    /// # Errors
    ///
    /// An allocation of its identity is there already, or it has not ended on a node that is not there.
    pub fn add_allocation(&mut self, allocation: Allocation) -> Result<(), ClusterError> {
        if self.state.find_allocation(&allocation.id).is_some() {
            return Err(ClusterError::DuplicateAllocation { id: allocation.id });
        }
        let is_gone = allocation.client().is_terminal() || allocation.node_id.is_empty();
        if !is_gone && self.state.find_node(&allocation.node_id).is_none() {
            return Err(ClusterError::UnknownNode { id: allocation.node_id });
        }
        let job = allocation.job.clone();
        self.change(|state| state.import(Imported::new(allocation, job)));
        Ok(())
    }

    /// Tells an allocation to stop. It takes room on its node until its client status says that it has
    /// ended.
    ///
    /// # Errors
    ///
    /// There is no such allocation.
    pub fn stop_allocation(&mut self, id: &str) -> Result<(), ClusterError> {
        let slot = self.find(id)?;
        let record = self.state.allocation(slot);
        let client = record.map_or(ClientStatus::Complete, |it| it.client);
        // What was evicted stays evicted: it has made room already.
        let desired = record.map(|it| it.desired).filter(|it| it.is_terminal());
        let desired = desired.unwrap_or(DesiredStatus::Stop);
        self.change(|state| state.set_status(slot, desired, client));
        Ok(())
    }

    /// Sets what became of an allocation on its node. One that has ended gives its room back, and one
    /// that runs after all takes it again, whether there is enough of it or not.
    ///
    /// # Errors
    ///
    /// There is no such allocation, or it runs after all on a node that is gone. A node that came later
    /// under the same identity is another one.
    pub fn set_client_status(
        &mut self,
        id: &str,
        status: ClientStatus,
    ) -> Result<(), ClusterError> {
        let slot = self.find(id)?;
        let record = self.state.allocation(slot);
        let desired = record.map_or(DesiredStatus::Run, |it| it.desired);
        let is_back = !status.is_terminal() && record.is_some_and(|it| it.client.is_terminal());
        let is_gone = record.is_some_and(|it| self.state.node(it.node).is_none());
        let node_id = self.state.node_id_of(slot).unwrap_or_default();
        if is_back && is_gone && !node_id.is_empty() {
            return Err(ClusterError::NodeGone { id: id.into(), node_id: node_id.into() });
        }
        self.change(|state| state.set_status(slot, desired, status));
        Ok(())
    }

    /// Takes an allocation out altogether.
    ///
    /// # Errors
    ///
    /// There is no such allocation.
    pub fn remove_allocation(&mut self, id: &str) -> Result<(), ClusterError> {
        let slot = self.find(id)?;
        self.change(|state| state.remove_allocation(slot));
        Ok(())
    }

    /// An allocation as the API has it, without its job.
    pub fn allocation(&self, id: &str) -> Option<Allocation> {
        self.state.allocation_document(self.state.find_allocation(id)?)
    }

    /// Every allocation as the API has it, without its job, in no order that means anything.
    pub fn allocations(&self) -> impl Iterator<Item = Allocation> {
        let slots = self.state.allocations().map(|(slot, _)| slot);
        slots.filter_map(|slot| self.state.allocation_document(slot))
    }

    /// How many allocations there are, live ones and others.
    pub fn allocation_count(&self) -> usize {
        self.state.allocation_count()
    }

    /// A number made of every live allocation's name, node and ports. Clusters on which the same was
    /// placed in the same way have the same digest, whatever order it came about in.
    pub fn digest(&self) -> u64 {
        let live = self.state.allocations().filter(|(_, record)| record.is_live());
        let hashes = live.map(|(slot, _)| self.state.allocation_digest(slot));
        hashes.fold(0, u64::wrapping_add)
    }

    fn find(&self, id: &str) -> Result<AllocationSlot, ClusterError> {
        let found = self.state.find_allocation(id);
        found.ok_or_else(|| ClusterError::UnknownAllocation { id: id.into() })
    }

    /// Makes a change with an index of its own.
    pub(super) fn change<R>(&mut self, make: impl FnOnce(&mut Transaction<'_>) -> R) -> R {
        let state = self.state_mut();
        let mut transaction = state.begin(state.now);
        let made = make(&mut transaction);
        transaction.commit();
        made
    }

    /// What is known.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// What is known and what is kept for speed, to change.
    pub(crate) fn parts_mut(&mut self) -> (&mut State, &mut Caches) {
        (Arc::make_mut(&mut self.state), Arc::make_mut(&mut self.caches))
    }

    /// A cluster of a seed, of nothing.
    pub(crate) fn empty(seed: u64) -> Cluster {
        Cluster { state: Arc::new(State::new(seed)), caches: Arc::default() }
    }

    /// A cluster of what is known.
    pub(crate) fn of_state(state: State) -> Cluster {
        Cluster { state: Arc::new(state), caches: Arc::default() }
    }

    /// What is known, to change.
    pub(crate) fn state_mut(&mut self) -> &mut State {
        Arc::make_mut(&mut self.state)
    }
}
