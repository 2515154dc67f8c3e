//! How full nodes are, one by one and together.

use std::fmt;

use indexmap::IndexMap;

use super::Cluster;
use crate::model::Node;
use crate::state::node::NodeRecord;
use crate::state::usage::{Amounts, Taken};

/// How full a node is, from [`Cluster::usage`] or [`Cluster::usage_of`].
///
/// What an allocation holds counts until its client has ended, also where it was told to stop.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// cluster.place(&job, &PlaceOptions::default());
/// let usage = cluster.usage_of("n1").ok_or("no such node")?;
/// assert_eq!((usage.node().id.as_str(), usage.allocations()), ("n1", 2));
/// assert_eq!(usage.cpu_mhz().free(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct NodeUsage<'a> {
    record: &'a NodeRecord,
    taken: &'a Taken,
    free: Amounts,
    allocations: usize,
}

/// How much of an amount is in use.
///
/// ```
/// use stowplan::Usage;
///
/// let memory_mb = Usage { used: 300, capacity: 1_024 };
/// assert_eq!(memory_mb.free(), 724);
/// assert_eq!(Usage { used: 2, capacity: 1 }.free(), -1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The amount that allocations hold.
    pub used: i64,
    /// The amount that there is for allocations: what the node has, less what it reserves.
    pub capacity: i64,
}

/// How full some nodes are together, from [`Cluster::total_usage`], [`Cluster::usage_by_class`] or
/// [`Cluster::usage_by_datacenter`]. Sums stop at the greatest number there is.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::Usage;
///
/// cluster.place(&job, &PlaceOptions::default());
/// let total = cluster.total_usage();
/// assert_eq!((total.nodes, total.allocations), (1, 2));
/// assert_eq!(total.cpu_mhz, Usage { used: 800, capacity: 1_000 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TotalUsage {
    /// How many nodes.
    pub nodes: usize,
    /// How many allocations are on them.
    pub allocations: usize,
    /// MHz.
    pub cpu_mhz: Usage,
    /// MB of memory.
    pub memory_mb: Usage,
    /// MB of disk.
    pub disk_mb: Usage,
    /// Cores that tasks may have for themselves.
    pub cores: Usage,
    /// Ports of the dynamic ranges.
    pub dynamic_ports: Usage,
    /// MBit/s.
    pub bandwidth_mbits: Usage,
    /// Devices by model, `nvidia/gpu/t4` for instance, in the order of the names.
    pub devices: IndexMap<String, Usage>,
}

impl Usage {
    /// The amount that is free; negative where allocations from elsewhere hold more than there is.
    pub fn free(self) -> i64 {
        self.capacity.saturating_sub(self.used)
    }

    fn counted(used: usize, capacity: usize) -> Usage {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Usage { used: count(used), capacity: count(capacity) }
    }

    fn add(&mut self, other: Usage) {
        self.used = self.used.saturating_add(other.used);
        self.capacity = self.capacity.saturating_add(other.capacity);
    }
}

impl<'a> NodeUsage<'a> {
    /// The node.
    pub fn node(&self) -> &'a Node {
        &self.record.node
    }

    /// How many allocations are on it that have not ended.
    pub fn allocations(&self) -> usize {
        self.allocations
    }

    /// MHz.
    pub fn cpu_mhz(&self) -> Usage {
        self.amount(|amounts| amounts.cpu_mhz)
    }

    /// MB of memory.
    pub fn memory_mb(&self) -> Usage {
        self.amount(|amounts| amounts.memory_mb)
    }

    /// MB of disk.
    pub fn disk_mb(&self) -> Usage {
        self.amount(|amounts| amounts.disk_mb)
    }

    /// Cores that tasks may have for themselves.
    pub fn cores(&self) -> Usage {
        Usage::counted(self.taken.cores.len(), self.record.node.cores().len())
    }

    /// Ports of the node's dynamic range, on the address on which most of them are in use; nothing
    /// where the node has no address. Reserved ones are no capacity.
    pub fn dynamic_ports(&self) -> Usage {
        let (first, last) = self.record.dynamic_ports();
        let range = usize::from(last.saturating_sub(first)) + 1;
        let within = |taken: &Taken, ip: &str| {
            let ports = taken.ports_on(ip);
            ports.map_or(0, |it| it.iter().filter(|it| (first..=last).contains(it)).count())
        };
        let on = self.record.addresses.iter().map(|address| {
            let reserved = within(&self.record.reserved, &address.ip);
            let used = within(self.taken, &address.ip).saturating_sub(reserved);
            Usage::counted(used, range.saturating_sub(reserved))
        });
        on.min_by_key(|usage| usage.free()).unwrap_or_default()
    }

    /// MBit/s of all networks together.
    pub fn bandwidth_mbits(&self) -> Usage {
        let mut all = Usage::default();
        for network in &self.record.task_networks {
            let used = self.taken.bandwidth_on(&network.device);
            all.add(Usage { used, capacity: network.mbits });
        }
        all
    }

    /// Devices by model, `nvidia/gpu/t4` for instance, in the node's order. Those that are not healthy are
    /// no capacity unless something has them.
    pub fn devices(&self) -> impl Iterator<Item = (String, Usage)> + use<'a> {
        let (groups, taken) = (self.record.devices.iter(), self.taken);
        groups.enumerate().map(move |(at, group)| {
            let used = taken.devices.get(at).map(Vec::as_slice).unwrap_or_default();
            let is_used = |at: usize| used.iter().any(|it| usize::from(*it) == at);
            let instances = group.instances.iter().enumerate();
            let capacity = instances.filter(|(at, it)| it.healthy || is_used(*at)).count();
            let name = [&group.name.vendor, &group.name.device_type, &group.name.model];
            let parts: Vec<&str> =
                name.into_iter().map(|part| &**part).filter(|part| !part.is_empty()).collect();
            (parts.join("/"), Usage::counted(used.len(), capacity))
        })
    }

    fn amount(&self, of: fn(Amounts) -> i64) -> Usage {
        let capacity = of(self.record.capacity);
        Usage { used: capacity - of(self.free), capacity }
    }
}

/// The node's identity and its amounts.
impl fmt::Debug for NodeUsage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeUsage")
            .field("node", &self.record.node.id)
            .field("allocations", &self.allocations)
            .field("cpu_mhz", &self.cpu_mhz())
            .field("memory_mb", &self.memory_mb())
            .field("disk_mb", &self.disk_mb())
            .finish_non_exhaustive()
    }
}

impl TotalUsage {
    fn add(&mut self, usage: &NodeUsage<'_>) {
        self.nodes += 1;
        self.allocations += usage.allocations();
        for (sum, more) in [
            (&mut self.cpu_mhz, usage.cpu_mhz()),
            (&mut self.memory_mb, usage.memory_mb()),
            (&mut self.disk_mb, usage.disk_mb()),
            (&mut self.cores, usage.cores()),
            (&mut self.dynamic_ports, usage.dynamic_ports()),
            (&mut self.bandwidth_mbits, usage.bandwidth_mbits()),
        ] {
            sum.add(more);
        }
        for (model, more) in usage.devices() {
            self.devices.entry(model).or_default().add(more);
        }
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
    /// assert_eq!((usage.allocations(), usage.memory_mb().free()), (3, 1_024 - 192));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn usage(&self) -> impl Iterator<Item = NodeUsage<'_>> {
        self.state.nodes().map(|(slot, record)| NodeUsage {
            record,
            taken: self.state.taken(slot, record),
            free: self.state.free(slot),
            allocations: self.state.allocations_on(slot).len(),
        })
    }

    /// How full one node is.
    pub fn usage_of(&self, id: &str) -> Option<NodeUsage<'_>> {
        let slot = self.state.find_node(id)?;
        let record = self.state.node(slot)?;
        Some(NodeUsage {
            record,
            taken: self.state.taken(slot, record),
            free: self.state.free(slot),
            allocations: self.state.allocations_on(slot).len(),
        })
    }

    /// How full all nodes are together.
    ///
    /// ```
    /// use stowplan::model::{Job, Node};
    /// use stowplan::{Cluster, PlaceOptions, Usage};
    ///
    /// let node = |id, class| {
    ///     let node = Node::builder(id).class(class).cpu_shares(1_000).memory_mb(1_024);
    ///     node.driver("docker").device("nvidia/gpu/t4", |d| d.instance("a").instance("b")).build()
    /// };
    /// let mut cluster = Cluster::new([node("n1", "large")?, node("n2", "small")?])?;
    /// let job = Job::builder("train").group("all", 3, |g| {
    ///     g.task("fit", "docker", |t| t.cpu_shares(100).memory_mb(64).device("gpu", 1))
    /// });
    /// cluster.place(&job.build()?, &PlaceOptions::default());
    /// let total = cluster.total_usage();
    /// assert_eq!(total.devices["nvidia/gpu/t4"], Usage { used: 3, capacity: 4 });
    /// let by_class = cluster.usage_by_class();
    /// assert_eq!(by_class["large"].nodes, 1);
    /// assert_eq!(by_class["large"].cpu_mhz.used + by_class["small"].cpu_mhz.used, 300);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn total_usage(&self) -> TotalUsage {
        let mut total = self.usage_by(|_| "");
        total.swap_remove("").unwrap_or_default()
    }

    /// How full the nodes of each class are together, in the order of the classes.
    pub fn usage_by_class(&self) -> IndexMap<String, TotalUsage> {
        self.usage_by(|node| &node.node_class)
    }

    /// How full the nodes of each datacenter are together, in the order of the datacenters.
    pub fn usage_by_datacenter(&self) -> IndexMap<String, TotalUsage> {
        self.usage_by(|node| &node.datacenter)
    }

    fn usage_by(&self, key: impl Fn(&Node) -> &str) -> IndexMap<String, TotalUsage> {
        let mut totals: IndexMap<String, TotalUsage> = IndexMap::new();
        for usage in self.usage() {
            match totals.get_mut(key(usage.node())) {
                Some(total) => total.add(&usage),
                None => totals.entry(key(usage.node()).to_owned()).or_default().add(&usage),
            }
        }
        totals.sort_unstable_keys();
        totals.values_mut().for_each(|total| total.devices.sort_unstable_keys());
        totals
    }
}
