//! Amounts: asked for by tasks, offered by nodes, held by allocations (docs/placement.md, sections
//! 1.1 to
//! 1.3). CPU is in MHz ("shares"), memory and disk in MB.

use indexmap::IndexMap;

use super::device::{AllocatedDevice, NodeDevice, RequestedDevice};
use super::document::document;
use super::launch::Lifecycle;
use super::network::{AllocatedPort, NetworkResource, NodeNetwork};

/// MHz for a task that names none and asks for no whole cores.
pub(crate) const CPU_MHZ_DEFAULT: i64 = 100;
/// MB of memory for a task that names none.
pub(crate) const MEMORY_MB_DEFAULT: i64 = 300;

document! {
    /// The resources that a task asks for.
    ///
    /// ```
    /// use stowplan::model::Resources;
    ///
    /// let resources = Resources { cores: Some(2), memory_mb: Some(512), ..Resources::default() };
    /// assert_eq!((resources.cpu_mhz(), resources.cores()), (0, 2));
    /// assert_eq!(Resources::default().cpu_mhz(), 100);
    /// ```
    pub struct Resources {
        /// MHz; absent is 100, or nothing where `cores` is set.
        "CPU" => pub cpu: Option<i64>,
        /// Whole cores, for the task alone.
        "Cores" => pub cores: Option<i64>,
        /// MB; absent is 300.
        "MemoryMB" => pub memory_mb: Option<i64>,
        /// MB that the task may use where there is room; -1 is no limit.
        "MemoryMaxMB" => pub memory_max_mb: Option<i64>,
        /// MB of the first API's tasks; groups have an ephemeral disk since.
        "DiskMB" => pub disk_mb: Option<i64>,
        /// A relic that nothing reads.
        "IOPS" => pub iops: Option<i64>,
        /// At most one network.
        "Networks" => pub networks: Vec<NetworkResource>,
        /// Devices.
        "Devices" => pub devices: Vec<RequestedDevice>,
        /// MB beside `memory_mb` for secrets.
        "SecretsMB" => pub secrets_mb: Option<i64>,
        /// How the cores and devices should lie.
        #[serde(skip_serializing_if = "Option::is_none")]
        "NUMA" => pub numa: Option<NumaRequest>,
    }
}

document! {
    /// How a task's cores and devices should lie. Only `cores` heed it, and only in the original's
    /// paid edition (docs/placement.md, section 3.3); it is read, checked and kept.
    pub struct NumaRequest {
        /// `none` (also when empty), `prefer` or `require`.
        "Affinity" => pub affinity: String,
        /// The names of the requested devices that should lie on the same node.
        "Devices" => pub devices: Vec<String>,
    }
}

impl CpuCore {
    /// MHz: the first positive one of the base, the maximal and the guessed speed
    /// (docs/placement.md, section 1.1), or 0.
    pub fn speed_mhz(&self) -> i64 {
        let speeds = [self.base_speed, self.max_speed, self.guess_speed];
        speeds.into_iter().find(|speed| *speed > 0).unwrap_or(0)
    }
}

impl Resources {
    /// MHz; where the document names none, 100, or 0 beside `cores`.
    pub fn cpu_mhz(&self) -> i64 {
        let default = if self.cores() > 0 { 0 } else { CPU_MHZ_DEFAULT };
        self.cpu.unwrap_or(default)
    }

    /// Whole cores.
    pub fn cores(&self) -> u32 {
        u32::try_from(self.cores.unwrap_or(0).max(0)).unwrap_or(u32::MAX)
    }

    /// MB of memory, without that for secrets; where the document names none, 300.
    pub fn memory_mb(&self) -> i64 {
        self.memory_mb.unwrap_or(MEMORY_MB_DEFAULT)
    }

    /// MB of memory that may be used where there is room: 0 is not given, -1 no limit.
    pub fn memory_max_mb(&self) -> i64 {
        self.memory_max_mb.unwrap_or(0)
    }

    /// MB of memory for secrets.
    pub fn secrets_mb(&self) -> i64 {
        self.secrets_mb.unwrap_or(0)
    }
}

document! {
    /// What a node has.
    pub struct NodeResources {
        /// Compute.
        "Cpu" => pub cpu: NodeCpuResources,
        /// The cores one by one, where known.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Processors" => pub processors: Option<NodeProcessors>,
        /// Memory.
        "Memory" => pub memory: NodeMemoryResources,
        /// Disk.
        "Disk" => pub disk: NodeDiskResources,
        /// Devices by group.
        "Devices" => pub devices: Vec<NodeDevice>,
        /// Networks with their bandwidth.
        "Networks" => pub networks: Vec<NetworkResource>,
        /// Networks with their addresses.
        "NodeNetworks" => pub node_networks: Vec<NodeNetwork>,
        /// The first dynamic port; 0 is 20000.
        "MinDynamicPort" => pub min_dynamic_port: i64,
        /// The last dynamic port; 0 is 32000.
        "MaxDynamicPort" => pub max_dynamic_port: i64,
    }
}

document! {
    /// A node's compute in sum.
    pub struct NodeCpuResources {
        /// MHz.
        "CpuShares" => pub cpu_shares: i64,
        /// All cores.
        "TotalCpuCores" => pub total_cpu_cores: i64,
        /// The cores that tasks may have for themselves.
        "ReservableCpuCores" => pub reservable_cpu_cores: Vec<i64>,
    }
}

document! {
    /// A node's processors.
    pub struct NodeProcessors {
        /// Sockets, NUMA nodes and cores.
        "Topology" => pub topology: Option<CpuTopology>,
    }
}

document! {
    /// A node's cores and how they lie.
    pub struct CpuTopology {
        /// NUMA nodes.
        "Nodes" => pub nodes: Vec<i64>,
        /// The cores.
        "Cores" => pub cores: Vec<CpuCore>,
        /// MHz to use in place of the sum over the cores, where positive.
        "OverrideTotalCompute" => pub override_total_compute: i64,
        /// MHz withheld by the node's configuration; the key's spelling is the API's.
        "OverrideWitholdCompute" => pub override_withold_compute: i64,
    }
}

document! {
    /// One core.
    pub struct CpuCore {
        /// Its socket.
        "SocketID" => pub socket_id: i64,
        /// Its NUMA node.
        "NodeID" => pub node_id: i64,
        /// Its number.
        "ID" => pub id: i64,
        /// Whether tasks may not have it.
        "Disable" => pub disable: bool,
        /// MHz; the first positive one of base, max and guess counts.
        "BaseSpeed" => pub base_speed: i64,
        /// MHz.
        "MaxSpeed" => pub max_speed: i64,
        /// MHz.
        "GuessSpeed" => pub guess_speed: i64,
    }
}

document! {
    /// A node's memory.
    pub struct NodeMemoryResources {
        /// MB.
        "MemoryMB" => pub memory_mb: i64,
    }
}

document! {
    /// A node's disk.
    pub struct NodeDiskResources {
        /// MB.
        "DiskMB" => pub disk_mb: i64,
    }
}

document! {
    /// What of a node is not to be given to tasks.
    pub struct NodeReservedResources {
        /// Compute.
        "Cpu" => pub cpu: NodeReservedCpuResources,
        /// Memory.
        "Memory" => pub memory: NodeMemoryResources,
        /// Disk.
        "Disk" => pub disk: NodeDiskResources,
        /// Ports.
        "Networks" => pub networks: NodeReservedNetworkResources,
    }
}

document! {
    /// A node's reserved compute.
    pub struct NodeReservedCpuResources {
        /// MHz.
        "CpuShares" => pub cpu_shares: i64,
        /// Cores that tasks may not have for themselves.
        "ReservedCpuCores" => pub reserved_cpu_cores: Vec<i64>,
    }
}

document! {
    /// A node's reserved ports.
    pub struct NodeReservedNetworkResources {
        /// On every address, such as `22,80,1000-2000`.
        "ReservedHostPorts" => pub reserved_host_ports: String,
    }
}

document! {
    /// What an allocation holds.
    pub struct AllocatedResources {
        /// By task.
        "Tasks" => pub tasks: IndexMap<String, AllocatedTaskResources>,
        /// The tasks' places in the life of the allocation; `null` for a main task.
        "TaskLifecycles" => pub task_lifecycles: IndexMap<String, Option<Lifecycle>>,
        /// By the group.
        "Shared" => pub shared: AllocatedSharedResources,
    }
}

document! {
    /// What one task of an allocation holds.
    pub struct AllocatedTaskResources {
        /// Compute.
        "Cpu" => pub cpu: AllocatedCpuResources,
        /// Memory.
        "Memory" => pub memory: AllocatedMemoryResources,
        /// The network with its assigned ports.
        "Networks" => pub networks: Vec<NetworkResource>,
        /// Devices.
        "Devices" => pub devices: Vec<AllocatedDevice>,
    }
}

document! {
    /// Compute held by a task.
    pub struct AllocatedCpuResources {
        /// MHz.
        "CpuShares" => pub cpu_shares: i64,
        /// Cores for the task alone.
        "ReservedCores" => pub reserved_cores: Vec<i64>,
    }
}

document! {
    /// Memory held by a task.
    pub struct AllocatedMemoryResources {
        /// MB.
        "MemoryMB" => pub memory_mb: i64,
        /// MB where there is room; 0 is the same as `memory_mb`, -1 no limit.
        "MemoryMaxMB" => pub memory_max_mb: i64,
    }
}

document! {
    /// What an allocation's tasks hold together.
    pub struct AllocatedSharedResources {
        /// MB of ephemeral disk.
        "DiskMB" => pub disk_mb: i64,
        /// The group's network.
        "Networks" => pub networks: Vec<NetworkResource>,
        /// The group's ports.
        "Ports" => pub ports: Vec<AllocatedPort>,
    }
}
