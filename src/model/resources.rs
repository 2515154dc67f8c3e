//! Amounts: asked for by tasks, offered by nodes, held by allocations (specification, sections 1.1 to
//! 1.3). CPU is in MHz ("shares"), memory and disk in MB.

use indexmap::IndexMap;

use super::device::{AllocatedDevice, NodeDevice, RequestedDevice};
use super::document::document;
use super::job::Lifecycle;
use super::network::{AllocatedPort, NetworkResource, NodeNetwork};

document! {
    /// What a task asks for.
    pub struct Resources {
        /// MHz; absent is 100, or nothing where `cores` is set.
        #[serde(rename = "CPU")]
        pub cpu: Option<i64>,
        /// Whole cores, for the task alone.
        pub cores: Option<i64>,
        /// MB; absent is 300.
        #[serde(rename = "MemoryMB")]
        pub memory_mb: Option<i64>,
        /// MB that the task may use where there is room; -1 is no limit.
        #[serde(rename = "MemoryMaxMB")]
        pub memory_max_mb: Option<i64>,
        /// MB of the first API's tasks; groups have an ephemeral disk since.
        #[serde(rename = "DiskMB")]
        pub disk_mb: Option<i64>,
        /// A relic that nothing reads.
        #[serde(rename = "IOPS")]
        pub iops: Option<i64>,
        /// At most one network.
        pub networks: Vec<NetworkResource>,
        /// Devices.
        pub devices: Vec<RequestedDevice>,
        /// MB beside `memory_mb` for secrets.
        #[serde(rename = "SecretsMB")]
        pub secrets_mb: Option<i64>,
    }
}

document! {
    /// What a node has.
    pub struct NodeResources {
        /// Compute.
        pub cpu: NodeCpuResources,
        /// The cores one by one, where known.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub processors: Option<NodeProcessors>,
        /// Memory.
        pub memory: NodeMemoryResources,
        /// Disk.
        pub disk: NodeDiskResources,
        /// Devices by group.
        pub devices: Vec<NodeDevice>,
        /// Networks with their bandwidth.
        pub networks: Vec<NetworkResource>,
        /// Networks with their addresses.
        pub node_networks: Vec<NodeNetwork>,
        /// The first dynamic port; 0 is 20000.
        pub min_dynamic_port: i64,
        /// The last dynamic port; 0 is 32000.
        pub max_dynamic_port: i64,
    }
}

document! {
    /// A node's compute in sum.
    pub struct NodeCpuResources {
        /// MHz.
        pub cpu_shares: i64,
        /// All cores.
        pub total_cpu_cores: i64,
        /// The cores that tasks may have for themselves.
        pub reservable_cpu_cores: Vec<i64>,
    }
}

document! {
    /// A node's processors.
    pub struct NodeProcessors {
        /// Sockets, NUMA nodes and cores.
        pub topology: Option<CpuTopology>,
    }
}

document! {
    /// A node's cores and how they lie.
    pub struct CpuTopology {
        /// NUMA nodes.
        pub nodes: Vec<i64>,
        /// The cores.
        pub cores: Vec<CpuCore>,
        /// MHz to use in place of the sum over the cores, where positive.
        pub override_total_compute: i64,
        /// MHz withheld by the node's configuration; the key's spelling is the API's.
        pub override_withold_compute: i64,
    }
}

document! {
    /// One core.
    pub struct CpuCore {
        /// Its socket.
        #[serde(rename = "SocketID")]
        pub socket_id: i64,
        /// Its NUMA node.
        #[serde(rename = "NodeID")]
        pub node_id: i64,
        /// Its number.
        #[serde(rename = "ID")]
        pub id: i64,
        /// Whether tasks may not have it.
        pub disable: bool,
        /// MHz; the first positive one of base, max and guess counts.
        pub base_speed: i64,
        /// MHz.
        pub max_speed: i64,
        /// MHz.
        pub guess_speed: i64,
    }
}

document! {
    /// A node's memory.
    pub struct NodeMemoryResources {
        /// MB.
        #[serde(rename = "MemoryMB")]
        pub memory_mb: i64,
    }
}

document! {
    /// A node's disk.
    pub struct NodeDiskResources {
        /// MB.
        #[serde(rename = "DiskMB")]
        pub disk_mb: i64,
    }
}

document! {
    /// What of a node is not to be given to tasks.
    pub struct NodeReservedResources {
        /// Compute.
        pub cpu: NodeReservedCpuResources,
        /// Memory.
        pub memory: NodeMemoryResources,
        /// Disk.
        pub disk: NodeDiskResources,
        /// Ports.
        pub networks: NodeReservedNetworkResources,
    }
}

document! {
    /// A node's reserved compute.
    pub struct NodeReservedCpuResources {
        /// MHz.
        pub cpu_shares: i64,
        /// Cores that tasks may not have for themselves.
        pub reserved_cpu_cores: Vec<i64>,
    }
}

document! {
    /// A node's reserved ports.
    pub struct NodeReservedNetworkResources {
        /// On every address, such as `22,80,1000-2000`.
        pub reserved_host_ports: String,
    }
}

document! {
    /// What an allocation holds.
    pub struct AllocatedResources {
        /// By task.
        pub tasks: IndexMap<String, AllocatedTaskResources>,
        /// The tasks' places in the life of the allocation; `null` for a main task.
        pub task_lifecycles: IndexMap<String, Option<Lifecycle>>,
        /// By the group.
        pub shared: AllocatedSharedResources,
    }
}

document! {
    /// What one task of an allocation holds.
    pub struct AllocatedTaskResources {
        /// Compute.
        pub cpu: AllocatedCpuResources,
        /// Memory.
        pub memory: AllocatedMemoryResources,
        /// The network with its assigned ports.
        pub networks: Vec<NetworkResource>,
        /// Devices.
        pub devices: Vec<AllocatedDevice>,
    }
}

document! {
    /// Compute held by a task.
    pub struct AllocatedCpuResources {
        /// MHz.
        pub cpu_shares: i64,
        /// Cores for the task alone.
        pub reserved_cores: Vec<i64>,
    }
}

document! {
    /// Memory held by a task.
    pub struct AllocatedMemoryResources {
        /// MB.
        #[serde(rename = "MemoryMB")]
        pub memory_mb: i64,
        /// MB where there is room; 0 is the same as `memory_mb`, -1 no limit.
        #[serde(rename = "MemoryMaxMB")]
        pub memory_max_mb: i64,
    }
}

document! {
    /// What an allocation's tasks hold together.
    pub struct AllocatedSharedResources {
        /// MB of ephemeral disk.
        #[serde(rename = "DiskMB")]
        pub disk_mb: i64,
        /// The group's network.
        pub networks: Vec<NetworkResource>,
        /// The group's ports.
        pub ports: Vec<AllocatedPort>,
    }
}
