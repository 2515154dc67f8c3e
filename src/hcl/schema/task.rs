//! Tasks, and what they ask for.

use super::finish;
use super::resources::{CONSUL, IDENTITY, LOGS, RESOURCES, VAULT};
use super::service::SERVICE;
use super::strategy::{AFFINITY, CONSTRAINT, RESTART, SCALING_OF_TASK};
use super::{Shape, any, duration, int, many, one, text, text_map, texts, truth};

pub(super) static TASK: Shape = Shape::labelled(
    "task",
    "Name",
    &[
        &[
            text("driver", "Driver").or_empty(),
            text("user", "User").or_empty(),
            one("lifecycle", "Lifecycle", &LIFECYCLE),
            any("config", "Config"),
            many("constraint", "Constraints", &CONSTRAINT),
            many("affinity", "Affinities", &AFFINITY),
            text_map("env", "Env"),
            many("service", "Services", &SERVICE),
            one("resources", "Resources", &RESOURCES),
            one("restart", "RestartPolicy", &RESTART),
            text_map("meta", "Meta"),
            duration("kill_timeout", "KillTimeout"),
            one("logs", "LogConfig", &LOGS),
            many("artifact", "Artifacts", &ARTIFACT),
            one("vault", "Vault", &VAULT),
            many("template", "Templates", &TEMPLATE),
            one("dispatch_payload", "DispatchPayload", &DISPATCH_PAYLOAD),
            many("volume_mount", "VolumeMounts", &VOLUME_MOUNT),
        ],
        &[
            truth("leader", "Leader").or_bool(false),
            duration("shutdown_delay", "ShutdownDelay").or_int(0),
            text("kill_signal", "KillSignal").or_empty(),
            text("kind", "Kind").or_empty(),
            many("scaling", "ScalingPolicies", &SCALING_OF_TASK),
            one("csi_plugin", "CSIPluginConfig", &CSI_PLUGIN).or_left_out(),
            many("identity", finish::IDENTITIES, &IDENTITY).or_left_out(),
            many("action", "Actions", &ACTION).or_left_out(),
            many("secret", "Secrets", &SECRET).or_left_out(),
            one("consul", "Consul", &CONSUL).or_left_out(),
            one("schedule", "Schedule", &SCHEDULE).or_left_out(),
        ],
    ],
)
.then(finish::task);

static LIFECYCLE: Shape = Shape::new(
    "lifecycle",
    &[&[text("hook", "Hook").or_empty(), truth("sidecar", "Sidecar").or_bool(false)]],
);

static ARTIFACT: Shape = Shape::new(
    "artifact",
    &[&[
        text("source", "GetterSource"),
        text_map("options", "GetterOptions"),
        text_map("headers", "GetterHeaders"),
        text("mode", "GetterMode"),
        text("destination", "RelativeDest"),
        truth("insecure", "GetterInsecure").or_left_out(),
        truth("chown", "Chown").or_left_out(),
    ]],
);

static TEMPLATE: Shape = Shape::new(
    "template",
    &[&[
        text("source", "SourcePath"),
        text("destination", "DestPath"),
        text("data", "EmbeddedTmpl"),
        text("change_mode", "ChangeMode").or_text("restart"),
        text("change_signal", "ChangeSignal"),
        one("change_script", "ChangeScript", &CHANGE_SCRIPT).or_left_out(),
        duration("splay", "Splay").or_int(5_000_000_000),
        text("perms", "Perms").or_text("0644"),
        int("uid", "Uid").or_left_out(),
        int("gid", "Gid").or_left_out(),
        text("left_delimiter", "LeftDelim"),
        text("right_delimiter", "RightDelim"),
        truth("env", "Envvars"),
        truth("once", "Once").or_left_out(),
        truth("error_on_missing_key", "ErrMissingKey").or_left_out(),
        duration("vault_grace", "VaultGrace"),
        one("wait", "Wait", &WAIT).or_left_out(),
    ]],
);

static CHANGE_SCRIPT: Shape = Shape::new(
    "change_script",
    &[&[
        text("command", "Command"),
        texts("args", "Args"),
        duration("timeout", "Timeout"),
        truth("fail_on_error", "FailOnError"),
    ]],
);

static WAIT: Shape = Shape::new("wait", &[&[duration("min", "Min"), duration("max", "Max")]]);

static DISPATCH_PAYLOAD: Shape =
    Shape::new("dispatch_payload", &[&[text("file", "File").or_empty()]]);

static VOLUME_MOUNT: Shape = Shape::new(
    "volume_mount",
    &[&[
        text("volume", "Volume"),
        text("destination", "Destination"),
        truth("read_only", "ReadOnly"),
        text("propagation_mode", "PropagationMode"),
        text("selinux_label", "SELinuxLabel").or_left_out(),
    ]],
);

static CSI_PLUGIN: Shape = Shape::new(
    "csi_plugin",
    &[&[
        text("id", "ID").or_empty(),
        text("type", "Type").or_empty(),
        text("mount_dir", "MountDir").or_empty(),
        text("stage_publish_base_dir", "StagePublishBaseDir").or_left_out(),
        duration("health_timeout", "HealthTimeout").or_left_out(),
    ]],
);

static ACTION: Shape = Shape::labelled(
    "action",
    "Name",
    &[&[text("command", "Command").or_empty(), texts("args", "Args")]],
);

static SECRET: Shape = Shape::labelled(
    "secret",
    "Name",
    &[&[
        text("provider", "Provider").or_empty(),
        text("path", "Path").or_empty(),
        any("config", "Config"),
        text_map("env", "Env"),
    ]],
);

static SCHEDULE: Shape = Shape::new("schedule", &[&[one("cron", "Cron", &SCHEDULE_CRON)]]);

static SCHEDULE_CRON: Shape = Shape::new(
    "cron",
    &[&[
        text("start", "Start").or_empty(),
        text("end", "End").or_empty(),
        text("timezone", "Timezone").or_empty(),
    ]],
);
