//! The keys of job documents of both eras of the API, those that scheduling does not use included: a key
//! that is not here is one that nobody reads.

use Kind::{Any, List, Map, One};

/// What a key holds.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A value without keys of its own, or with keys that the user chooses.
    Any,
    /// An object.
    One(&'static Object),
    /// A list of objects.
    List(&'static Object),
    /// Objects by names that the user chooses.
    Map(&'static Object),
}

/// The keys of an object.
pub(crate) struct Object(pub(crate) &'static [(&'static str, Kind)]);

/// What stands around a job in a request.
pub(super) static REQUEST: Object = Object(&[
    ("Job", One(&JOB)),
    ("EnforceIndex", Any),
    ("EvalPriority", Any),
    ("JobModifyIndex", Any),
    ("PolicyOverride", Any),
    ("PreserveCounts", Any),
    ("Submission", Any),
    ("Region", Any),
    ("Namespace", Any),
    ("SecretID", Any),
    ("Diff", Any),
]);

pub(super) static JOB: Object = Object(&[
    ("Affinities", List(&AFFINITY)),
    ("AllAtOnce", Any),
    ("Constraints", List(&CONSTRAINT)),
    ("ConsulNamespace", Any),
    ("ConsulToken", Any),
    ("CreateIndex", Any),
    ("Datacenters", Any),
    ("DispatchIdempotencyToken", Any),
    ("Dispatched", Any),
    ("ID", Any),
    ("JobModifyIndex", Any),
    ("Meta", Any),
    ("Migrate", One(&MIGRATE)),
    ("ModifyIndex", Any),
    ("Multiregion", Any),
    ("Name", Any),
    ("Namespace", Any),
    ("NodePool", Any),
    ("NomadTokenID", Any),
    ("ParameterizedJob", One(&PARAMETERIZED)),
    ("ParentID", Any),
    ("Payload", Any),
    ("Periodic", One(&PERIODIC)),
    ("Priority", Any),
    ("Region", Any),
    ("Reschedule", One(&RESCHEDULE)),
    ("Spreads", List(&SPREAD)),
    ("Stable", Any),
    ("Status", Any),
    ("StatusDescription", Any),
    ("Stop", Any),
    ("SubmitTime", Any),
    ("TaskGroups", List(&GROUP)),
    ("Type", Any),
    ("UI", Any),
    ("Update", One(&UPDATE)),
    ("VaultNamespace", Any),
    ("VaultToken", Any),
    ("Version", Any),
    ("VersionTag", Any),
]);

static GROUP: Object = Object(&[
    ("Affinities", List(&AFFINITY)),
    ("Constraints", List(&CONSTRAINT)),
    ("Consul", Any),
    ("Count", Any),
    ("Disconnect", One(&DISCONNECT)),
    ("EphemeralDisk", One(&EPHEMERAL_DISK)),
    ("MaxClientDisconnect", Any),
    ("MaxRunDuration", Any),
    ("Meta", Any),
    ("Migrate", One(&MIGRATE)),
    ("Name", Any),
    ("Networks", List(&NETWORK)),
    ("PreventRescheduleOnLost", Any),
    ("ReschedulePolicy", One(&RESCHEDULE)),
    ("RestartPolicy", One(&RESTART)),
    ("Scaling", One(&SCALING)),
    ("Services", List(&SERVICE)),
    ("ShutdownDelay", Any),
    ("Spreads", List(&SPREAD)),
    ("StopAfterClientDisconnect", Any),
    ("Tasks", List(&TASK)),
    ("Update", One(&UPDATE)),
    ("Volumes", Map(&VOLUME)),
]);

static TASK: Object = Object(&[
    ("Actions", Any),
    ("Affinities", List(&AFFINITY)),
    ("Artifacts", List(&ARTIFACT)),
    ("CSIPluginConfig", Any),
    ("Config", Any),
    ("Constraints", List(&CONSTRAINT)),
    ("Consul", Any),
    ("DispatchPayload", Any),
    ("Driver", Any),
    ("Env", Any),
    ("Identities", Any),
    ("Identity", Any),
    ("KillSignal", Any),
    ("KillTimeout", Any),
    ("Kind", Any),
    ("Leader", Any),
    ("Lifecycle", One(&LIFECYCLE)),
    ("LogConfig", One(&LOG_CONFIG)),
    ("Meta", Any),
    ("Name", Any),
    ("Resources", One(&RESOURCES)),
    ("RestartPolicy", One(&RESTART)),
    ("ScalingPolicies", List(&SCALING)),
    ("Schedule", Any),
    ("Secrets", List(&SECRET)),
    ("Services", List(&SERVICE)),
    ("ShutdownDelay", Any),
    ("Templates", List(&TEMPLATE)),
    ("User", Any),
    ("UsesConnect", Any),
    ("UsesCores", Any),
    ("Vault", Any),
    ("VolumeMounts", List(&VOLUME_MOUNT)),
]);

static CONSTRAINT: Object =
    Object(&[("Hard", Any), ("LTarget", Any), ("Operand", Any), ("RTarget", Any), ("Weight", Any)]);

static AFFINITY: Object =
    Object(&[("LTarget", Any), ("Operand", Any), ("RTarget", Any), ("Weight", Any)]);

static SPREAD: Object =
    Object(&[("Attribute", Any), ("SpreadTarget", List(&SPREAD_TARGET)), ("Weight", Any)]);

static SPREAD_TARGET: Object = Object(&[("Percent", Any), ("Value", Any)]);

pub(super) static RESOURCES: Object = Object(&[
    ("CPU", Any),
    ("Cores", Any),
    ("Devices", List(&DEVICE)),
    ("DiskMB", Any),
    ("IOPS", Any),
    ("MemoryMB", Any),
    ("MemoryMaxMB", Any),
    ("NUMA", Any),
    ("Networks", List(&NETWORK)),
    ("SecretsMB", Any),
]);

static DEVICE: Object = Object(&[
    ("Affinities", List(&AFFINITY)),
    ("Constraints", List(&CONSTRAINT)),
    ("Count", Any),
    ("FirstAvailable", Any),
    ("Name", Any),
]);

pub(super) static NETWORK: Object = Object(&[
    ("CIDR", Any),
    ("CNI", Any),
    ("DNS", Any),
    ("Device", Any),
    ("DynamicPorts", List(&PORT)),
    ("Hostname", Any),
    ("IP", Any),
    ("MBits", Any),
    ("Mode", Any),
    ("ReservedPorts", List(&PORT)),
]);

static PORT: Object = Object(&[
    ("HostNetwork", Any),
    ("IgnoreCollision", Any),
    ("Label", Any),
    ("To", Any),
    ("Value", Any),
]);

static VOLUME: Object = Object(&[
    ("AccessMode", Any),
    ("AttachmentMode", Any),
    ("MountOptions", Any),
    ("Name", Any),
    ("PerAlloc", Any),
    ("ReadOnly", Any),
    ("Source", Any),
    ("Sticky", Any),
    ("Type", Any),
]);

static VOLUME_MOUNT: Object = Object(&[
    ("Destination", Any),
    ("PropagationMode", Any),
    ("ReadOnly", Any),
    ("SELinuxLabel", Any),
    ("Volume", Any),
]);

static EPHEMERAL_DISK: Object = Object(&[("Migrate", Any), ("SizeMB", Any), ("Sticky", Any)]);

static LIFECYCLE: Object = Object(&[("Hook", Any), ("Sidecar", Any)]);

static LOG_CONFIG: Object =
    Object(&[("Disabled", Any), ("Enabled", Any), ("MaxFileSizeMB", Any), ("MaxFiles", Any)]);

static SECRET: Object =
    Object(&[("Config", Any), ("Env", Any), ("Name", Any), ("Path", Any), ("Provider", Any)]);

static ARTIFACT: Object = Object(&[
    ("Chown", Any),
    ("GetterHeaders", Any),
    ("GetterInsecure", Any),
    ("GetterMode", Any),
    ("GetterOptions", Any),
    ("GetterSource", Any),
    ("RelativeDest", Any),
]);

static TEMPLATE: Object = Object(&[
    ("ChangeMode", Any),
    ("ChangeScript", Any),
    ("ChangeSignal", Any),
    ("DestPath", Any),
    ("EmbeddedTmpl", Any),
    ("Envvars", Any),
    ("ErrMissingKey", Any),
    ("Gid", Any),
    ("LeftDelim", Any),
    ("Once", Any),
    ("Perms", Any),
    ("RightDelim", Any),
    ("SourcePath", Any),
    ("Splay", Any),
    ("Uid", Any),
    ("VaultGrace", Any),
    ("Wait", Any),
]);

static SERVICE: Object = Object(&[
    ("Address", Any),
    ("AddressMode", Any),
    ("CanaryMeta", Any),
    ("CanaryTags", Any),
    ("CheckRestart", Any),
    ("Checks", Any),
    ("Cluster", Any),
    ("Connect", Any),
    ("EnableTagOverride", Any),
    ("Id", Any),
    ("Identity", Any),
    ("Kind", Any),
    ("Meta", Any),
    ("Name", Any),
    ("Namespace", Any),
    ("OnUpdate", Any),
    ("PortLabel", Any),
    ("Provider", Any),
    ("TaggedAddresses", Any),
    ("Tags", Any),
    ("TaskName", Any),
    ("Weights", Any),
]);

static UPDATE: Object = Object(&[
    ("AutoPromote", Any),
    ("AutoRevert", Any),
    ("Canary", Any),
    ("HealthCheck", Any),
    ("HealthyDeadline", Any),
    ("MaxParallel", Any),
    ("MinHealthyTime", Any),
    ("ProgressDeadline", Any),
    ("Stagger", Any),
]);

static MIGRATE: Object = Object(&[
    ("HealthCheck", Any),
    ("HealthyDeadline", Any),
    ("MaxParallel", Any),
    ("MinHealthyTime", Any),
]);

static RESCHEDULE: Object = Object(&[
    ("Attempts", Any),
    ("Delay", Any),
    ("DelayFunction", Any),
    ("Interval", Any),
    ("MaxDelay", Any),
    ("Unlimited", Any),
]);

static RESTART: Object = Object(&[
    ("Attempts", Any),
    ("Delay", Any),
    ("Interval", Any),
    ("Mode", Any),
    ("RenderTemplates", Any),
]);

static DISCONNECT: Object =
    Object(&[("LostAfter", Any), ("Reconcile", Any), ("Replace", Any), ("StopOnClientAfter", Any)]);

static SCALING: Object = Object(&[
    ("CreateIndex", Any),
    ("Enabled", Any),
    ("ID", Any),
    ("Max", Any),
    ("Min", Any),
    ("ModifyIndex", Any),
    ("Namespace", Any),
    ("Policy", Any),
    ("Target", Any),
    ("Type", Any),
]);

static PERIODIC: Object = Object(&[
    ("Enabled", Any),
    ("ProhibitOverlap", Any),
    ("Spec", Any),
    ("SpecType", Any),
    ("Specs", Any),
    ("TimeZone", Any),
]);

static PARAMETERIZED: Object =
    Object(&[("MetaOptional", Any), ("MetaRequired", Any), ("Payload", Any)]);
