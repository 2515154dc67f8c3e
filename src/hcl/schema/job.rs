//! Jobs and groups.

use serde_json::Value as Json;

use super::finish::{self, Document};
use super::resources::{CONSUL, NETWORK, VAULT};
use super::service::SERVICE;
use super::strategy::{
    AFFINITY, CONSTRAINT, DISCONNECT, MIGRATE, RESCHEDULE, RESTART, SCALING_OF_GROUP, SPREAD,
    UPDATE,
};
use super::task::TASK;
use super::{
    Absent, Field, Kind, Shape, duration, int, many, one, only, text, text_map, texts, truth,
};

/// What begins a job file.
pub(in super::super) static JOB: Shape = Shape::labelled(
    "job",
    "Name",
    &[
        &[
            text("region", "Region"),
            text("namespace", "Namespace"),
            text("id", "ID"),
            text("name", "Name").or_left_out(),
            text("type", "Type"),
            int("priority", "Priority"),
            truth("all_at_once", "AllAtOnce"),
            texts("datacenters", "Datacenters"),
            text("node_pool", "NodePool").or_left_out(),
            many("constraint", "Constraints", &CONSTRAINT),
            many("affinity", "Affinities", &AFFINITY),
            many("spread", "Spreads", &SPREAD),
            many("group", "TaskGroups", &GROUP),
            many("task", finish::TASKS, &TASK).or_left_out(),
            one("vault", finish::VAULT, &VAULT).or_left_out(),
            one("update", "Update", &UPDATE),
            one("multiregion", "Multiregion", &MULTIREGION),
            one("periodic", "Periodic", &PERIODIC),
            one("parameterized", "ParameterizedJob", &PARAMETERIZED),
            one("reschedule", "Reschedule", &RESCHEDULE),
            one("migrate", "Migrate", &MIGRATE),
            one("ui", "UI", &UI).or_left_out(),
            text_map("meta", "Meta"),
            text("consul_token", "ConsulToken"),
            text("consul_namespace", "ConsulNamespace"),
            text("vault_token", "VaultToken"),
            text("vault_namespace", "VaultNamespace"),
        ],
        &[
            only("Stop"),
            only("ParentID"),
            only("Dispatched").or_bool(false),
            only("Payload"),
            only("NomadTokenID"),
            only("Status"),
            only("StatusDescription"),
            only("Stable"),
            only("Version"),
            only("SubmitTime"),
            only("CreateIndex"),
            only("ModifyIndex"),
            only("JobModifyIndex"),
        ],
    ],
)
.then(finish_job);

static MULTIREGION: Shape = Shape::new(
    "multiregion",
    &[&[one("strategy", "Strategy", &MULTIREGION_STRATEGY), many("region", "Regions", &REGION)]],
);

static MULTIREGION_STRATEGY: Shape = Shape::new(
    "strategy",
    &[&[int("max_parallel", "MaxParallel"), text("on_failure", "OnFailure")]],
);

static REGION: Shape = Shape::labelled(
    "region",
    "Name",
    &[&[
        int("count", "Count"),
        texts("datacenters", "Datacenters"),
        text("node_pool", "NodePool").or_left_out(),
        text_map("meta", "Meta"),
    ]],
);

static PERIODIC: Shape = Shape::new(
    "periodic",
    &[&[
        truth("enabled", "Enabled"),
        text("cron", "Spec"),
        texts("crons", "Specs").or_left_out(),
        truth("prohibit_overlap", "ProhibitOverlap"),
        text("time_zone", "TimeZone"),
    ]],
)
.then(finish::periodic);

static PARAMETERIZED: Shape = Shape::new(
    "parameterized",
    &[&[
        text("payload", "Payload").or_empty(),
        texts("meta_required", "MetaRequired"),
        texts("meta_optional", "MetaOptional"),
    ]],
);

static UI: Shape = Shape::new(
    "ui",
    &[&[text("description", "Description").or_empty(), many("link", "Links", &LINK)]],
);

static LINK: Shape =
    Shape::new("link", &[&[text("label", "Label").or_empty(), text("url", "URL").or_empty()]]);

static GROUP: Shape = Shape::labelled(
    "group",
    "Name",
    &[&[
        int("count", "Count"),
        many("constraint", "Constraints", &CONSTRAINT),
        many("affinity", "Affinities", &AFFINITY),
        many("spread", "Spreads", &SPREAD),
        many("task", "Tasks", &TASK),
        Field::new("volume", "Volumes", Kind::Named(&VOLUME)),
        one("vault", finish::VAULT, &VAULT).or_left_out(),
        one("restart", "RestartPolicy", &RESTART),
        one("reschedule", "ReschedulePolicy", &RESCHEDULE),
        one("disconnect", "Disconnect", &DISCONNECT).or_left_out(),
        one("ephemeral_disk", "EphemeralDisk", &EPHEMERAL_DISK),
        one("update", "Update", &UPDATE),
        one("migrate", "Migrate", &MIGRATE),
        many("network", "Networks", &NETWORK),
        many("service", "Services", &SERVICE),
        one("scaling", "Scaling", &SCALING_OF_GROUP),
        one("consul", "Consul", &CONSUL),
        text_map("meta", "Meta"),
        duration("shutdown_delay", "ShutdownDelay"),
        duration("stop_after_client_disconnect", "StopAfterClientDisconnect"),
        duration("max_client_disconnect", "MaxClientDisconnect").or_left_out(),
        duration("max_run_duration", "MaxRunDuration").or_left_out(),
        truth("prevent_reschedule_on_lost", "PreventRescheduleOnLost").or_left_out(),
    ]],
)
.then(finish::group);

static EPHEMERAL_DISK: Shape = Shape::new(
    "ephemeral_disk",
    &[&[truth("sticky", "Sticky"), truth("migrate", "Migrate"), int("size", "SizeMB")]],
);

static VOLUME: Shape = Shape::labelled(
    "volume",
    "Name",
    &[&[
        text("type", "Type").or_empty(),
        text("source", "Source").or_empty(),
        truth("read_only", "ReadOnly").or_bool(false),
        truth("sticky", "Sticky").or_left_out(),
        text("access_mode", "AccessMode").or_empty(),
        text("attachment_mode", "AttachmentMode").or_empty(),
        truth("per_alloc", "PerAlloc").or_bool(false),
        one("mount_options", "MountOptions", &MOUNT_OPTIONS),
    ]],
);

static MOUNT_OPTIONS: Shape = Shape::new(
    "mount_options",
    &[&[text("fs_type", "FSType").or_empty(), texts("mount_flags", "MountFlags")]],
);

/// Names the job, and gives each task outside of groups a group of its own.
fn finish_job(document: &mut Document) -> Result<(), String> {
    if document.get("ID").is_none_or(Json::is_null) {
        let name = document.get("Name").cloned().unwrap_or_default();
        document.insert("ID".to_owned(), name);
    }
    let vault = document.remove(finish::VAULT);
    let groups = document.get_mut("TaskGroups").map(Json::take);
    let groups = groups.and_then(|groups| groups.as_array().cloned()).unwrap_or_default();
    let tasks = document.remove(finish::TASKS);
    let tasks = tasks.and_then(|tasks| tasks.as_array().cloned()).unwrap_or_default();
    let of_tasks = tasks.into_iter().map(|task| {
        let mut group = empty_group();
        group.insert("Name".to_owned(), task.get("Name").cloned().unwrap_or_default());
        group.insert("Tasks".to_owned(), vec![task].into());
        Json::Object(group)
    });
    let mut groups: Vec<Json> = of_tasks.chain(groups).collect();
    if let Some(vault) = vault {
        for group in groups.iter_mut().filter_map(Json::as_object_mut) {
            finish::hand_down(group, &vault);
        }
    }
    if !groups.is_empty() {
        document.insert("TaskGroups".to_owned(), groups.into());
    }
    Ok(())
}

/// A group that says nothing.
fn empty_group() -> Document {
    GROUP
        .fields()
        .filter(|field| !matches!(field.absent, Absent::LeftOut))
        .map(|field| (field.key.to_owned(), Json::Null))
        .collect()
}
