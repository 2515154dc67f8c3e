//! What tasks, groups and their networks ask for, and small blocks that stand in several others.

use super::finish;
use super::strategy::{AFFINITY, CONSTRAINT};
use super::{Field, Kind, Shape, duration, int, many, one, text, text_map, texts, truth};

pub(super) static LOGS: Shape = Shape::new(
    "logs",
    &[&[
        int("max_files", "MaxFiles"),
        int("max_file_size", "MaxFileSizeMB"),
        truth("enabled", "Enabled").or_left_out(),
        truth("disabled", "Disabled").or_left_out(),
    ]],
);

pub(super) static VAULT: Shape = Shape::new(
    "vault",
    &[&[
        texts("policies", "Policies"),
        text("namespace", "Namespace"),
        truth("env", "Env").or_bool(true),
        text("change_mode", "ChangeMode").or_text("restart"),
        text("change_signal", "ChangeSignal"),
        text("role", "Role").or_left_out(),
        text("cluster", "Cluster").or_left_out(),
        truth("disable_file", "DisableFile").or_left_out(),
        truth("allow_token_expiration", "AllowTokenExpiration").or_left_out(),
    ]],
);

pub(super) static IDENTITY: Shape = Shape::new(
    "identity",
    &[&[
        text("name", "Name").or_empty(),
        texts("aud", "Audience"),
        text("change_mode", "ChangeMode").or_empty(),
        text("change_signal", "ChangeSignal").or_empty(),
        truth("env", "Env").or_bool(false),
        truth("file", "File").or_bool(false),
        text("filepath", "Filepath").or_empty(),
        duration("ttl", "TTL").or_int(0),
    ]],
);

pub(super) static RESOURCES: Shape = Shape::new(
    "resources",
    &[&[
        int("cpu", "CPU"),
        int("cores", "Cores"),
        int("memory", "MemoryMB"),
        int("memory_max", "MemoryMaxMB"),
        int("disk", "DiskMB"),
        int("iops", "IOPS"),
        int("secrets", "SecretsMB").or_left_out(),
        many("network", "Networks", &NETWORK),
        many("device", "Devices", &DEVICE),
        one("numa", "NUMA", &NUMA).or_left_out(),
    ]],
);

static NUMA: Shape = Shape::new(
    "numa",
    &[&[text("affinity", "Affinity").or_empty(), texts("devices", "Devices").or_left_out()]],
);

static DEVICE: Shape = Shape::labelled(
    "device",
    "Name",
    &[&[
        int("count", "Count"),
        many("constraint", "Constraints", &CONSTRAINT),
        many("affinity", "Affinities", &AFFINITY),
        many("first_available", "FirstAvailable", &FIRST_AVAILABLE).or_left_out(),
    ]],
);

static FIRST_AVAILABLE: Shape = Shape::labelled(
    "first_available",
    "Name",
    &[&[
        int("count", "Count"),
        many("constraint", "Constraints", &CONSTRAINT),
        many("affinity", "Affinities", &AFFINITY),
    ]],
);

pub(super) static NETWORK: Shape = Shape::new(
    "network",
    &[&[
        text("mode", "Mode").or_empty(),
        text("device", "Device").or_empty(),
        text("cidr", "CIDR").or_empty(),
        text("ip", "IP").or_empty(),
        text("hostname", "Hostname").or_left_out(),
        one("dns", "DNS", &DNS),
        one("cni", "CNI", &CNI).or_left_out(),
        int("mbits", "MBits"),
        many("port", finish::PORTS, &PORT).or_left_out(),
    ]],
)
.then(finish::network);

static DNS: Shape = Shape::new(
    "dns",
    &[&[texts("servers", "Servers"), texts("searches", "Searches"), texts("options", "Options")]],
);

static CNI: Shape = Shape::new("cni", &[&[text_map("args", "Args")]]);

static PORT: Shape = Shape::labelled(
    "port",
    "Label",
    &[&[
        int("static", "Value").or_int(0),
        int("to", "To").or_int(0),
        text("host_network", "HostNetwork").or_empty(),
        truth("ignore_collision", "IgnoreCollision").or_left_out(),
    ]],
);

/// What groups and tasks say of Consul.
pub(super) static CONSUL: Shape = Shape::new(
    "consul",
    &[&[
        text("namespace", "Namespace").or_empty(),
        text("cluster", "Cluster").or_left_out(),
        text("partition", "Partition").or_left_out(),
    ]],
);

/// Lists of texts by names that the user chooses.
pub(super) const fn texts_map(name: &'static str, key: &'static str) -> Field {
    Field::new(name, key, Kind::TextsMap)
}
