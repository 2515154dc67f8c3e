//! The keys of what requests say of nodes, of what runs on them, and of an operator's settings.

use super::schema::Kind::{Any, List, Map, One};
use super::schema::{NETWORK, Object, RESOURCES};

/// A node that joins, in its request.
pub(super) static NODE_REQUEST: Object = Object(&[("Node", One(&NODE))]);

static NODE: Object = Object(&[
    ("Attributes", Any),
    ("CSIControllerPlugins", Any),
    ("CSINodePlugins", Any),
    ("CgroupParent", Any),
    ("ComputedClass", Any),
    ("CreateIndex", Any),
    ("Datacenter", Any),
    ("Drain", Any),
    ("DrainStrategy", Any),
    ("Drivers", Map(&DRIVER)),
    ("Events", Any),
    ("HTTPAddr", Any),
    ("HostNetworks", Any),
    ("HostVolumes", Map(&HOST_VOLUME)),
    ("ID", Any),
    ("LastDrain", Any),
    ("Links", Any),
    ("Meta", Any),
    ("ModifyIndex", Any),
    ("Name", Any),
    ("NodeClass", Any),
    ("NodeMaxAllocs", Any),
    ("NodePool", Any),
    ("NodeResources", One(&NODE_RESOURCES)),
    ("Reserved", One(&RESOURCES)),
    ("ReservedResources", One(&NODE_RESERVED)),
    ("Resources", One(&RESOURCES)),
    ("SchedulingEligibility", Any),
    ("SecretID", Any),
    ("Status", Any),
    ("StatusDescription", Any),
    ("StatusUpdatedAt", Any),
    ("TLSEnabled", Any),
]);

static DRIVER: Object = Object(&[
    ("Attributes", Any),
    ("Detected", Any),
    ("HealthDescription", Any),
    ("Healthy", Any),
    ("UpdateTime", Any),
]);

static HOST_VOLUME: Object =
    Object(&[("ID", Any), ("Name", Any), ("Path", Any), ("ReadOnly", Any)]);

static NODE_RESOURCES: Object = Object(&[
    ("Cpu", One(&NODE_CPU)),
    ("Devices", List(&NODE_DEVICE)),
    ("Disk", One(&DISK)),
    ("MaxDynamicPort", Any),
    ("Memory", One(&MEMORY)),
    ("MinDynamicPort", Any),
    ("Networks", List(&NETWORK)),
    ("NodeNetworks", List(&NODE_NETWORK)),
    ("Processors", One(&PROCESSORS)),
]);

static NODE_RESERVED: Object = Object(&[
    ("Cpu", One(&NODE_CPU)),
    ("Disk", One(&DISK)),
    ("Memory", One(&MEMORY)),
    ("Networks", One(&RESERVED_NETWORKS)),
]);

static NODE_CPU: Object = Object(&[
    ("CpuShares", Any),
    ("ReservableCpuCores", Any),
    ("ReservedCpuCores", Any),
    ("TotalCpuCores", Any),
]);

static MEMORY: Object = Object(&[("MemoryMB", Any)]);

static DISK: Object = Object(&[("DiskMB", Any)]);

static RESERVED_NETWORKS: Object = Object(&[("ReservedHostPorts", Any)]);

static PROCESSORS: Object = Object(&[("Topology", One(&TOPOLOGY))]);

static TOPOLOGY: Object = Object(&[
    ("Cores", List(&CORE)),
    ("Nodes", Any),
    ("OverrideTotalCompute", Any),
    ("OverrideWitholdCompute", Any),
]);

static CORE: Object = Object(&[
    ("BaseSpeed", Any),
    ("Disable", Any),
    ("GuessSpeed", Any),
    ("ID", Any),
    ("MaxSpeed", Any),
    ("NodeID", Any),
    ("SocketID", Any),
]);

static NODE_DEVICE: Object = Object(&[
    ("Attributes", Map(&DEVICE_ATTRIBUTE)),
    ("Instances", List(&DEVICE_INSTANCE)),
    ("Name", Any),
    ("Type", Any),
    ("Vendor", Any),
]);

static DEVICE_ATTRIBUTE: Object =
    Object(&[("Bool", Any), ("Float", Any), ("Int", Any), ("String", Any), ("Unit", Any)]);

static DEVICE_INSTANCE: Object =
    Object(&[("HealthDescription", Any), ("Healthy", Any), ("ID", Any), ("Locality", Any)]);

static NODE_NETWORK: Object = Object(&[
    ("Addresses", List(&ADDRESS)),
    ("Device", Any),
    ("MacAddress", Any),
    ("Mode", Any),
    ("Speed", Any),
]);

static ADDRESS: Object = Object(&[
    ("Address", Any),
    ("Alias", Any),
    ("Family", Any),
    ("Gateway", Any),
    ("ReservedPorts", Any),
]);

/// What a client says of its allocations.
pub(super) static UPDATES: Object = Object(&[("Alloc", List(&UPDATE))]);

static UPDATE: Object = Object(&[
    ("ClientDescription", Any),
    ("ClientStatus", Any),
    ("DeploymentStatus", One(&HEALTH)),
    ("ID", Any),
    ("NodeID", Any),
    ("TaskStates", Map(&TASK_STATE)),
]);

static HEALTH: Object =
    Object(&[("Canary", Any), ("Healthy", Any), ("ModifyIndex", Any), ("Timestamp", Any)]);

static TASK_STATE: Object = Object(&[
    ("Events", List(&TASK_EVENT)),
    ("Failed", Any),
    ("FinishedAt", Any),
    ("LastRestart", Any),
    ("Restarts", Any),
    ("StartedAt", Any),
    ("State", Any),
]);

static TASK_EVENT: Object = Object(&[
    ("Details", Any),
    ("DisplayMessage", Any),
    ("ExitCode", Any),
    ("Message", Any),
    ("Time", Any),
    ("Type", Any),
]);

/// A namespace.
pub(super) static NAMESPACE: Object =
    Object(&[("Description", Any), ("Meta", Any), ("Name", Any), ("Quota", Any)]);

/// A node pool.
pub(super) static NODE_POOL: Object = Object(&[
    ("Description", Any),
    ("Meta", Any),
    ("Name", Any),
    ("SchedulerConfiguration", One(&SCHEDULER)),
]);

/// How the scheduler works.
pub(super) static SCHEDULER: Object = Object(&[
    ("MemoryOversubscriptionEnabled", Any),
    ("PauseEvalBroker", Any),
    ("PreemptionConfig", One(&PREEMPTION)),
    ("RejectJobRegistration", Any),
    ("SchedulerAlgorithm", Any),
]);

static PREEMPTION: Object = Object(&[
    ("BatchSchedulerEnabled", Any),
    ("ServiceSchedulerEnabled", Any),
    ("SysBatchSchedulerEnabled", Any),
    ("SystemSchedulerEnabled", Any),
]);
