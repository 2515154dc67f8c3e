//! Services and their checks.

use super::connect::CONNECT;
use super::resources::{IDENTITY, texts_map};
use super::{Shape, duration, int, many, one, only, text, text_map, texts, truth};

pub(super) static SERVICE: Shape = Shape::new(
    "service",
    &[
        &[
            text("id", "Id").or_empty(),
            text("name", "Name").or_empty(),
            texts("tags", "Tags"),
            texts("canary_tags", "CanaryTags"),
            truth("enable_tag_override", "EnableTagOverride").or_bool(false),
            text("port", "PortLabel").or_empty(),
            text("address_mode", "AddressMode").or_empty(),
            many("check", "Checks", &CHECK),
            one("check_restart", "CheckRestart", &CHECK_RESTART),
            one("connect", "Connect", &CONNECT),
            text_map("meta", "Meta"),
            text_map("canary_meta", "CanaryMeta"),
            text("task", "TaskName").or_empty(),
            text("on_update", "OnUpdate").or_empty(),
        ],
        &[
            text("address", "Address").or_left_out(),
            text("provider", "Provider").or_left_out(),
            text("cluster", "Cluster").or_left_out(),
            text("namespace", "Namespace").or_left_out(),
            text("kind", "Kind").or_left_out(),
            text_map("tagged_addresses", "TaggedAddresses").or_left_out(),
            one("identity", "Identity", &IDENTITY).or_left_out(),
            one("weights", "Weights", &WEIGHTS).or_left_out(),
        ],
    ],
);

static WEIGHTS: Shape =
    Shape::new("weights", &[&[int("passing", "Passing"), int("warning", "Warning")]]);

static CHECK: Shape = Shape::new(
    "check",
    &[
        &[
            only("Id").or_empty(),
            text("name", "Name").or_empty(),
            text("type", "Type").or_empty(),
            text("command", "Command").or_empty(),
            texts("args", "Args"),
            text("path", "Path").or_empty(),
            text("protocol", "Protocol").or_empty(),
            text("port", "PortLabel").or_empty(),
            truth("expose", "Expose").or_bool(false),
            text("address_mode", "AddressMode").or_empty(),
            duration("interval", "Interval").or_int(0),
            duration("timeout", "Timeout").or_int(0),
            text("initial_status", "InitialStatus").or_empty(),
            truth("tls_skip_verify", "TLSSkipVerify").or_bool(false),
            texts_map("header", "Header"),
            text("method", "Method").or_empty(),
            one("check_restart", "CheckRestart", &CHECK_RESTART),
            text("grpc_service", "GRPCService").or_empty(),
            truth("grpc_use_tls", "GRPCUseTLS").or_bool(false),
            text("task", "TaskName").or_empty(),
            int("success_before_passing", "SuccessBeforePassing").or_int(0),
            int("failures_before_critical", "FailuresBeforeCritical").or_int(0),
            text("body", "Body").or_empty(),
            text("on_update", "OnUpdate").or_empty(),
        ],
        &[
            text("tls_server_name", "TLSServerName").or_left_out(),
            int("failures_before_warning", "FailuresBeforeWarning").or_left_out(),
            text("notes", "Notes").or_left_out(),
        ],
    ],
);

static CHECK_RESTART: Shape = Shape::new(
    "check_restart",
    &[&[
        int("limit", "Limit").or_int(0),
        duration("grace", "Grace"),
        truth("ignore_warnings", "IgnoreWarnings").or_bool(false),
    ]],
);
