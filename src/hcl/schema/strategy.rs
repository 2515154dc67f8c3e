//! Where allocations may go, and how they are changed, moved, restarted and replaced.

use super::finish;
use super::{Field, Shape, any, duration, int, many, only, text, truth};

/// What a node is compared by.
const COMPARISON: &[Field] = &[
    text("attribute", "LTarget").or_empty(),
    text("operator", "Operand").or_text("="),
    text("value", "RTarget").or_empty(),
    // The operator as the name of the argument.
    text("version", "~version").or_left_out(),
    text("semver", "~semver").or_left_out(),
    text("regexp", "~regexp").or_left_out(),
    text("set_contains", "~set_contains").or_left_out(),
    text("set_contains_all", "~set_contains_all").or_left_out(),
    text("set_contains_any", "~set_contains_any").or_left_out(),
];

pub(super) static CONSTRAINT: Shape = Shape::new(
    "constraint",
    &[
        COMPARISON,
        &[
            text("distinct_property", finish::DISTINCT_PROPERTY).or_left_out(),
            truth("distinct_hosts", finish::DISTINCT_HOSTS).or_left_out(),
        ],
    ],
)
.then(finish::constraint);

pub(super) static AFFINITY: Shape =
    Shape::new("affinity", &[COMPARISON, &[int("weight", "Weight")]]).then(finish::constraint);

pub(super) static SPREAD: Shape = Shape::new(
    "spread",
    &[&[
        text("attribute", "Attribute").or_empty(),
        int("weight", "Weight"),
        many("target", "SpreadTarget", &SPREAD_TARGET),
    ]],
);

static SPREAD_TARGET: Shape =
    Shape::labelled("target", "Value", &[&[int("percent", "Percent").or_int(0)]]);

pub(super) static UPDATE: Shape = Shape::new(
    "update",
    &[&[
        duration("stagger", "Stagger"),
        int("max_parallel", "MaxParallel"),
        text("health_check", "HealthCheck"),
        duration("min_healthy_time", "MinHealthyTime"),
        duration("healthy_deadline", "HealthyDeadline"),
        duration("progress_deadline", "ProgressDeadline"),
        int("canary", "Canary"),
        truth("auto_revert", "AutoRevert"),
        truth("auto_promote", "AutoPromote"),
    ]],
);

pub(super) static MIGRATE: Shape = Shape::new(
    "migrate",
    &[&[
        int("max_parallel", "MaxParallel"),
        text("health_check", "HealthCheck"),
        duration("min_healthy_time", "MinHealthyTime"),
        duration("healthy_deadline", "HealthyDeadline"),
    ]],
);

pub(super) static RESCHEDULE: Shape = Shape::new(
    "reschedule",
    &[&[
        int("attempts", "Attempts"),
        duration("interval", "Interval"),
        duration("delay", "Delay"),
        text("delay_function", "DelayFunction"),
        duration("max_delay", "MaxDelay"),
        truth("unlimited", "Unlimited"),
    ]],
);

pub(super) static RESTART: Shape = Shape::new(
    "restart",
    &[&[
        duration("interval", "Interval"),
        int("attempts", "Attempts"),
        duration("delay", "Delay"),
        text("mode", "Mode"),
        truth("render_templates", "RenderTemplates").or_left_out(),
    ]],
);

pub(super) static DISCONNECT: Shape = Shape::new(
    "disconnect",
    &[&[
        duration("lost_after", "LostAfter"),
        duration("stop_on_client_after", "StopOnClientAfter"),
        truth("replace", "Replace"),
        text("reconcile", "Reconcile"),
    ]],
);

pub(super) static SCALING_OF_GROUP: Shape = Shape::new(
    "scaling",
    &[&[
        int("min", "Min"),
        int("max", "Max"),
        any("policy", "Policy"),
        truth("enabled", "Enabled"),
        text("type", "Type").or_text("horizontal"),
        only("ID").or_empty(),
        only("Namespace").or_empty(),
        only("Target"),
        only("CreateIndex").or_int(0),
        only("ModifyIndex").or_int(0),
    ]],
);

pub(super) static SCALING_OF_TASK: Shape = Shape::labelled(
    "scaling",
    "Type",
    &[&[
        int("min", "Min"),
        int("max", "Max"),
        any("policy", "Policy"),
        truth("enabled", "Enabled"),
        only("ID").or_empty(),
        only("Namespace").or_empty(),
        only("Target"),
        only("CreateIndex").or_int(0),
        only("ModifyIndex").or_int(0),
    ]],
)
.then(finish::task_scaling);
