//! What of a job's document its differences show, and under which names (docs/lifecycle.md, section 2,
//! *Diff*).

/// Where in a document a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Job,
    Group,
    Task,
    /// The resources of a task.
    Resources,
    /// The update block of a group.
    Update,
    /// A network of a group or a task.
    Network,
    /// A port whose number the document names.
    StaticPort,
    /// A port whose number the scheduler chooses.
    DynamicPort,
    /// Any other block.
    Block,
}

/// Keys of the job that are not the user's, or that its groups and other lists show.
const OF_THE_JOB: [&str; 13] = [
    "ID",
    "Status",
    "StatusDescription",
    "Version",
    "VersionTag",
    "Stable",
    "SubmitTime",
    "CreateIndex",
    "ModifyIndex",
    "JobModifyIndex",
    "JobCreateIndex",
    "NomadTokenID",
    "TaskGroups",
];

impl Level {
    /// The level of a block of this name in one of the level above.
    pub(super) fn of(above: Level, name: &str) -> Level {
        match name {
            "Resources" => Level::Resources,
            "Update" if above == Level::Group => Level::Update,
            "Network" => Level::Network,
            "Static Port" => Level::StaticPort,
            "Dynamic Port" => Level::DynamicPort,
            _ => Level::Block,
        }
    }

    /// What values are that a document leaves out.
    pub(super) fn defaults(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let defaults: &[(&str, &str)] = match self {
            Level::Job => &[("Dispatched", "false"), ("Stop", "false")],
            Level::Task => &[("Leader", "false"), ("ShutdownDelay", "0")],
            Level::Resources => {
                &[("Cores", "0"), ("DiskMB", "0"), ("IOPS", "0"), ("MemoryMaxMB", "0")]
            }
            Level::Network => &[("MBits", "0")],
            Level::StaticPort | Level::DynamicPort => &[("HostNetwork", "default")],
            Level::Group | Level::Update | Level::Block => &[],
        };
        defaults.iter().copied()
    }
}

/// The text of a value that a document leaves out.
pub(super) fn default_text(level: Level, key: &str) -> &'static str {
    level.defaults().find(|(default, _)| *default == key).map_or("", |(_, text)| text)
}

/// Whether differences say nothing of a key.
pub(super) fn is_hidden(level: Level, key: &str) -> bool {
    match level {
        Level::Job => OF_THE_JOB.contains(&key),
        Level::Group => ["Name", "Tasks"].contains(&key),
        Level::Task => key == "Name",
        // The time between steps is for jobs without deployments only.
        Level::Update => key == "Stagger",
        Level::DynamicPort => ["Value", "IgnoreCollision"].contains(&key),
        Level::Resources | Level::Network | Level::StaticPort | Level::Block => {
            key == "IgnoreCollision"
        }
    }
}

/// Whether a key holds texts by names that the user chooses, shown as values such as `Meta[owner]`.
pub(super) fn is_flat(level: Level, key: &str) -> bool {
    match level {
        Level::Job | Level::Group => key == "Meta",
        Level::Task => key == "Meta" || key == "Env",
        _ => false,
    }
}

/// The name of one block of a list, or of a map of blocks.
pub(super) fn element_name(key: &str) -> Option<&'static str> {
    Some(match key {
        "Constraints" => "Constraint",
        "Affinities" => "Affinity",
        "Spreads" => "Spread",
        "Networks" => "Network",
        "ReservedPorts" => "Static Port",
        "DynamicPorts" => "Dynamic Port",
        "Devices" => "Device",
        "Volumes" => "Volume",
        "VolumeMounts" => "VolumeMount",
        "Services" => "Service",
        "Checks" => "Check",
        "Artifacts" => "Artifact",
        "Templates" => "Template",
        "Secrets" => "Secret",
        "Identities" => "Identity",
        "ScalingPolicies" => "ScalingPolicy",
        _ => return None,
    })
}

/// The order in which blocks are shown; those of one name stay in theirs.
pub(super) fn rank(name: &str) -> (usize, String) {
    const ORDER: [&str; 24] = [
        "Datacenters",
        "Constraint",
        "Affinity",
        "Spread",
        "Periodic",
        "ParameterizedJob",
        "RestartPolicy",
        "ReschedulePolicy",
        "Disconnect",
        "Migrate",
        "EphemeralDisk",
        "Update",
        "Scaling",
        "Network",
        "Volume",
        "Config",
        "Lifecycle",
        "Resources",
        "LogConfig",
        "Device",
        "Static Port",
        "Dynamic Port",
        "Service",
        "Template",
    ];
    let at = ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    (at, if at == ORDER.len() { name.to_owned() } else { String::new() })
}
