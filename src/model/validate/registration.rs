//! What is asked of a job that is registered, beyond what placing it relies on (docs/lifecycle.md,
//! section 9). The document is complete already.

use serde_json::Value;

use super::strategy;
use crate::model::era::{Era, is_absent};
use crate::model::job_spec::{JobSpec, Task, TaskGroup};
use crate::model::job_type::JobType;
use crate::model::problem::{Path, Problem, Problems, ROOT, excerpt};
use crate::model::resources::Resources;
use crate::time::Span;

/// The most allocations that a job may want.
const ALLOCATIONS_MAX: u64 = 50_000;

/// The longest description of a job, in characters.
const DESCRIPTION_CHARS_MAX: usize = 1_000;

/// The least memory of a task, in MB.
const MEMORY_MB_MIN: i64 = 10;

/// Everything that keeps a job from being registered, after the version `before`.
pub(in crate::model) fn registration(
    spec: &JobSpec,
    era: Era,
    before: Option<&JobSpec>,
) -> Vec<Problem> {
    let mut problems = Problems::default();
    job(&mut problems, spec, before);
    if let Some(before) = before {
        restrictions(&mut problems, spec, before);
    }
    let groups = ROOT.key("TaskGroups");
    for (i, group) in spec.task_groups.iter().enumerate() {
        let at = groups.index(i);
        match era {
            Era::First => first_group(&mut problems, &at, group),
            Era::Today => today_group(&mut problems, &at, group, spec.job_type()),
        }
    }
    problems.into_vec()
}

fn job(problems: &mut Problems, spec: &JobSpec, before: Option<&JobSpec>) {
    if spec.id.contains(' ') {
        let message = format!("expected an ID without spaces, found `{}`", excerpt(&spec.id));
        problems.add(ROOT.key("ID"), message);
    }
    let count: u64 = spec.task_groups.iter().map(|group| u64::from(group.count())).sum();
    if count > ALLOCATIONS_MAX {
        let message =
            format!("expected at most {ALLOCATIONS_MAX} allocations together, found `{count}`");
        problems.add(ROOT.key("TaskGroups"), message);
    }
    // What was dispatched keeps the payload that it came with.
    let known = before.and_then(|before| before.extra.get("Payload"));
    if spec.extra.get("Payload").is_some_and(|it| !is_absent(it) && Some(it) != known) {
        problems.add(ROOT.key("Payload"), "a payload comes with a dispatch, not with the job");
    }
    let description = spec.extra.get("UI").and_then(|ui| ui.get("Description"));
    let length = description.and_then(Value::as_str).map_or(0, |text| text.chars().count());
    if length > DESCRIPTION_CHARS_MAX {
        let message =
            format!("expected at most {DESCRIPTION_CHARS_MAX} characters, found {length}");
        problems.add(ROOT.key("UI").key("Description"), message);
    }
    if spec.job_type() == JobType::System {
        preferences(problems, &ROOT, !spec.affinities.is_empty(), !spec.spreads.is_empty());
    }
    launch(problems, spec);
}

/// Checks how a job is launched.
fn launch(problems: &mut Problems, spec: &JobSpec) {
    let is_batch = matches!(spec.job_type(), JobType::Batch | JobType::Sysbatch);
    let mut of_batches = |key: &str| {
        if !is_batch {
            let message = format!(
                "is for jobs of type `batch` and `sysbatch`, found `{}`",
                excerpt(&spec.job_type)
            );
            problems.add(ROOT.key(key), message);
        }
    };
    if spec.periodic.is_some() {
        of_batches("Periodic");
    }
    if spec.parameterized_job.is_some() {
        of_batches("ParameterizedJob");
    }
    if let Some(periodic) = spec.periodic.as_ref().filter(|periodic| periodic.is_enabled()) {
        let at = ROOT.key("Periodic");
        if periodic.expressions().next().is_none() {
            problems.add(at.key("Spec"), "a periodic job needs a cron expression");
        }
        if !matches!(periodic.spec_type.as_str(), "" | "cron") {
            let message =
                format!("unknown type `{}`, known is `cron`", excerpt(&periodic.spec_type));
            problems.add(at.key("SpecType"), message);
        }
    }
    if let Some(parameterized) = &spec.parameterized_job {
        let at = ROOT.key("ParameterizedJob");
        if !parameterized.payload.is_empty() {
            let known = ["optional", "required", "forbidden"];
            super::one_of(problems, at.key("Payload"), &parameterized.payload, "payload", &known);
        }
        let optional = at.key("MetaOptional");
        for (i, key) in parameterized.meta_optional.iter().enumerate() {
            if parameterized.meta_required.contains(key) {
                let message = format!("`{}` is required already", excerpt(key));
                problems.add(optional.index(i), message);
            }
        }
    }
}

/// Checks what a new version of a job may not change.
fn restrictions(problems: &mut Problems, spec: &JobSpec, before: &JobSpec) {
    let (old, new) = (before.job_type(), spec.job_type());
    if old != new {
        let message = format!("a job of type `{old}` cannot become one of type `{new}`");
        problems.add(ROOT.key("Type"), message);
    }
    for (key, was, is) in [
        ("Periodic", before.periodic.is_some(), spec.periodic.is_some()),
        ("ParameterizedJob", before.parameterized_job.is_some(), spec.parameterized_job.is_some()),
    ] {
        match (was, is) {
            (true, false) => {
                problems.add(ROOT.key(key), "a job that has this block cannot lose it");
            }
            (false, true) => {
                problems.add(ROOT.key(key), "a job that has not this block cannot get it");
            }
            _ => {}
        }
    }
}

/// Checks that a system job, which is on every node, has no preferences among them.
fn preferences(problems: &mut Problems, at: &Path<'_>, has_affinities: bool, has_spreads: bool) {
    for (key, is_there) in [("Affinities", has_affinities), ("Spreads", has_spreads)] {
        if is_there {
            problems.add(at.key(key), "a system job runs on every node and has no preferences");
        }
    }
}

/// Checks a group of the first API.
fn first_group(problems: &mut Problems, at: &Path<'_>, group: &TaskGroup) {
    if group.count == Some(0) {
        problems.add(at.key("Count"), "expected at least 1, found `0`");
    }
}

fn today_group(problems: &mut Problems, at: &Path<'_>, group: &TaskGroup, job_type: JobType) {
    if job_type == JobType::System {
        if group.count() > 1 {
            let message = format!(
                "a system job has one on every node, expected 0 or 1, found `{}`",
                group.count()
            );
            problems.add(at.key("Count"), message);
        }
        preferences(problems, at, !group.affinities.is_empty(), !group.spreads.is_empty());
    }
    strategy::group(problems, at, group, job_type);
    let is_batch = matches!(job_type, JobType::Batch | JobType::Sysbatch);
    if !is_batch && group.extra.get("MaxRunDuration").is_some_and(|duration| !is_absent(duration)) {
        problems.add(at.key("MaxRunDuration"), "is for jobs of type `batch` and `sysbatch`");
    }
    let is_main = |task: &Task| task.lifecycle.is_none();
    if !group.tasks.is_empty() && !group.tasks.iter().any(is_main) && !group.has_gateway() {
        problems.add(at.key("Tasks"), "a group needs at least one task without a `Lifecycle`");
    }
    let leaders = group.tasks.iter().filter(|task| task.is_leader()).count();
    if leaders > 1 {
        problems.add(at.key("Tasks"), format!("expected at most one leader, found {leaders}"));
    }
    let tasks = at.key("Tasks");
    for (i, one) in group.tasks.iter().enumerate() {
        task(problems, &tasks.index(i), one, group, job_type);
    }
}

fn task(problems: &mut Problems, at: &Path<'_>, task: &Task, group: &TaskGroup, job_type: JobType) {
    if task.name.contains('/') || task.name.contains('\\') {
        let message = format!("expected a name without slashes, found `{}`", excerpt(&task.name));
        problems.add(at.key("Name"), message);
    }
    if task.kill_timeout() < Span::ZERO {
        let message = format!("expected 0 ns or more, found `{}`", task.kill_timeout().as_nanos());
        problems.add(at.key("KillTimeout"), message);
    }
    if job_type == JobType::System {
        preferences(problems, at, !task.affinities.is_empty(), false);
    }
    if let Some(restart) = &task.restart_policy {
        strategy::restart(problems, &at.key("RestartPolicy"), restart);
    }
    if let Some(asked) = &task.resources {
        resources(problems, &at.key("Resources"), asked);
    }
    logs(problems, at, task, group.disk_mb());
    let mounts = task.extra.get("VolumeMounts").and_then(Value::as_array);
    let list = at.key("VolumeMounts");
    for (i, mount) in mounts.into_iter().flatten().enumerate() {
        let volume = mount.get("Volume").and_then(Value::as_str).unwrap_or_default();
        if !group.volumes.contains_key(volume) {
            let message = format!("the group has no volume `{}`", excerpt(volume));
            problems.add(list.index(i).key("Volume"), message);
        }
    }
}

fn resources(problems: &mut Problems, at: &Path<'_>, asked: &Resources) {
    let (cpu_mhz, cores) = (asked.cpu_mhz(), asked.cores());
    if cpu_mhz == 0 && cores == 0 {
        problems.add(at.key("CPU"), "expected at least 1 MHz, or whole `Cores`, found `0`");
    }
    if cpu_mhz > 0 && cores > 0 {
        problems
            .add(at.key("CPU"), format!("the task asks for {cores} whole `Cores`, leave it out"));
    }
    let memory_mb = asked.memory_mb();
    if (0..MEMORY_MB_MIN).contains(&memory_mb) {
        let message = format!("expected at least {MEMORY_MB_MIN} MB, found `{memory_mb}`");
        problems.add(at.key("MemoryMB"), message);
    }
    if asked.disk_mb.is_some_and(|disk_mb| disk_mb > 0) {
        problems.add(at.key("DiskMB"), "disk is asked for by the group's `EphemeralDisk`");
    }
}

/// Checks how much of what a task writes is kept.
fn logs(problems: &mut Problems, at: &Path<'_>, task: &Task, disk_mb: i64) {
    let Some(logs) = task.log_config.as_ref().filter(|logs| !logs.disabled) else { return };
    let (files, file_mb) =
        (logs.max_files.unwrap_or_default(), logs.max_file_size_mb.unwrap_or_default());
    let at = at.key("LogConfig");
    for (key, value, what) in [("MaxFiles", files, "file"), ("MaxFileSizeMB", file_mb, "MB")] {
        if value < 1 {
            problems.add(at.key(key), format!("expected at least 1 {what}, found `{value}`"));
        }
    }
    let sum_mb = files.saturating_mul(file_mb);
    if files > 0 && file_mb > 0 && sum_mb >= disk_mb {
        let message = format!(
            "expected files of less than the group's disk of {disk_mb} MB together, found `{sum_mb}`"
        );
        problems.add(at, message);
    }
}
