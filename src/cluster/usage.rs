//! How full nodes are.

use super::Cluster;
use crate::model::Node;

/// How full a node is, from [`Cluster::usage`].
#[derive(Clone, Copy, Debug)]
pub struct NodeUsage<'a> {
    node: &'a Node,
    cpu_mhz: Usage,
    memory_mb: Usage,
    disk_mb: Usage,
}

/// How much of an amount is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// What allocations hold.
    pub used: i64,
    /// What there is for allocations: what the node has, less what it reserves.
    pub capacity: i64,
}

impl<'a> NodeUsage<'a> {
    /// The node.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// MHz.
    pub fn cpu_mhz(&self) -> Usage {
        self.cpu_mhz
    }

    /// MB of memory.
    pub fn memory_mb(&self) -> Usage {
        self.memory_mb
    }

    /// MB of disk.
    pub fn disk_mb(&self) -> Usage {
        self.disk_mb
    }
}

impl Cluster {
    /// How full each node is, in no order that means anything.
    ///
    /// ```
    /// use stowplan::model::{Job, Node};
    /// use stowplan::{Cluster, PlaceOptions, Usage};
    ///
    /// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// let mut cluster = Cluster::new([node])?;
    /// let job = Job::builder("web")
    ///     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)))
    ///     .build()?;
    /// cluster.place(&job, &PlaceOptions::default());
    /// let usage = cluster.usage().next().ok_or("no node")?;
    /// assert_eq!(usage.cpu_mhz(), Usage { used: 600, capacity: 1_000 });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn usage(&self) -> impl Iterator<Item = NodeUsage<'_>> {
        self.state.nodes().map(|(slot, record)| {
            let (free, capacity) = (self.state.free(slot), record.capacity);
            let usage = |free: i64, capacity: i64| Usage { used: capacity - free, capacity };
            NodeUsage {
                node: &record.node,
                cpu_mhz: usage(free.cpu_mhz, capacity.cpu_mhz),
                memory_mb: usage(free.memory_mb, capacity.memory_mb),
                disk_mb: usage(free.disk_mb, capacity.disk_mb),
            }
        })
    }
}
