//! The jobs that steps register: few, of every type, each of which comes in several versions.

use super::steps::Step;
use crate::engine::{Engine, RegisterJob};
use crate::model::{
    Constraint, DisconnectStrategy, JobSpec, MigrateStrategy, ParameterizedJobConfig,
    PeriodicConfig, ReschedulePolicy, Resources, RestartPolicy, ScalingPolicy, Task, TaskGroup,
    UpdateStrategy,
};
use crate::time::Span;

/// How many jobs there are.
const JOBS: u8 = 10;

/// The namespace and the name of a step's job, which may be nobody's.
pub(super) fn names(step: &Step) -> (String, String) {
    let job = step.who % JOBS;
    let namespace = if job == 6 { "ops" } else { "default" };
    let id = if step.who >= 250 { "nobody".into() } else { format!("job{job}") };
    (namespace.into(), id)
}

/// Registers a job: the first time, as it is, or as another version.
pub(super) fn register(step: &Step, engine: &Engine) -> RegisterJob {
    let (namespace, id) = names(step);
    let at = engine.job(&namespace, &id).and_then(|job| job.document());
    let at = at.map_or(0, |document| document.job_modify_index);
    let mut command = RegisterJob::from(job(step, namespace, id));
    let [_, count, version] = step.how;
    match (count / 8 % 8, version / 16) {
        (7, 0..4) => command.preserve_counts = true,
        (7, 4..7) => (command.enforce_index, command.job_modify_index) = (true, at),
        (7, 7..9) => command.enforce_index = true,
        (7, 9..11) => (command.enforce_index, command.job_modify_index) = (true, at + 1),
        (7, 11) => command.eval_priority = 101,
        (7, 12) => command.eval_priority = 70,
        _ => {}
    }
    command
}

fn job(step: &Step, namespace: String, id: String) -> JobSpec {
    let which = step.who % JOBS;
    let [kind, count, version] = step.how;
    let job_type = match which {
        3 | 8 | 9 => "batch",
        4 => "system",
        5 => "sysbatch",
        _ => "service",
    };
    // A job does not change its type.
    let job_type = if kind == 255 && which == 0 { "batch" } else { job_type };
    let is_system = matches!(job_type, "system" | "sysbatch");
    let count = if is_system { 1 } else { i64::from(count % 8).min(6) };
    let mut groups = vec![group("front", which, kind, count, version)];
    if which == 6 && kind.is_multiple_of(2) {
        groups.push(group("back", 0, kind / 2, (count + 1) % 4, version / 2));
    }
    let mut job = JobSpec {
        id,
        namespace,
        job_type: job_type.into(),
        priority: Some(step.one(2, &[50, 50, 50, 70])),
        datacenters: vec![step.one(0, &["*", "dc1", "dc1", "*", "dc2"]).into()],
        task_groups: groups,
        ..JobSpec::default()
    };
    if version % 16 == 15 {
        job.node_pool = "edge".into();
    }
    match which {
        8 => job.parameterized_job = Some(Box::new(parameterized(kind))),
        9 => job.periodic = Some(Box::new(periodic(kind))),
        _ => {}
    }
    job
}

fn parameterized(kind: u8) -> ParameterizedJobConfig {
    let (who, why) = ("who".to_owned(), "why".to_owned());
    let (meta_required, meta_optional) =
        if kind % 8 < 4 { (vec![who], vec![why]) } else { (Vec::new(), vec![who, why]) };
    ParameterizedJobConfig {
        payload: ["", "optional", "required", "forbidden"][usize::from(kind % 4)].into(),
        meta_required,
        meta_optional,
        ..ParameterizedJobConfig::default()
    }
}

fn periodic(kind: u8) -> PeriodicConfig {
    PeriodicConfig {
        enabled: Some(false).filter(|_| kind % 16 == 15),
        spec: if kind % 4 == 3 { "0 * * * *" } else { "*/10 * * * *" }.into(),
        prohibit_overlap: kind % 4 == 1,
        ..PeriodicConfig::default()
    }
}

fn group(name: &str, which: u8, kind: u8, count: i64, version: u8) -> TaskGroup {
    let is_large = version % 32 == 31;
    let mut group = TaskGroup {
        name: name.into(),
        count: Some(count),
        tasks: vec![task(version % 4, if is_large { 2_500 } else { 100 })],
        restart_policy: Some(RestartPolicy {
            attempts: Some(1),
            interval: Some(Span::from_secs(600)),
            delay: Some(Span::from_secs(5)),
            mode: "fail".into(),
            ..RestartPolicy::default()
        }),
        ..TaskGroup::default()
    };
    if kind % 16 == 15 {
        // On nodes of one class only.
        group.constraints = vec![Constraint {
            l_target: "${node.class}".into(),
            operand: "=".into(),
            r_target: "a".into(),
            ..Constraint::default()
        }];
    }
    if which == 7 {
        let policy = ScalingPolicy { min: Some(0), max: Some(8), ..Default::default() };
        group.scaling = Some(Box::new(policy));
    }
    match which {
        1 | 6 | 7 => group.update = Some(update(kind % 8)),
        2 => group.disconnect = Some(Box::new(disconnect(kind % 8))),
        4 => group.update = Some(update(kind % 4 * 2)).filter(|_| !kind.is_multiple_of(3)),
        _ => {}
    }
    if matches!(which, 0 | 2 | 3 | 7) {
        group.reschedule_policy = reschedule(kind / 8 % 5);
    }
    if matches!(which, 0..3) && kind % 2 == 1 {
        group.migrate = Some(MigrateStrategy { max_parallel: Some(2), ..Default::default() });
    }
    group
}

fn task(version: u8, cpu: i64) -> Task {
    let mut task = Task {
        name: "main".into(),
        driver: "docker".into(),
        resources: Some(Resources { cpu: Some(cpu), memory_mb: Some(64), ..Resources::default() }),
        ..Task::default()
    };
    match version {
        // The last differs from the one before in what needs no new allocation.
        3 => {
            task.meta.insert("version".into(), "2".into());
            task.kill_timeout = Some(Span::from_secs(7));
        }
        _ => drop(task.meta.insert("version".into(), version.to_string())),
    }
    task
}

fn update(kind: u8) -> UpdateStrategy {
    let max_parallel = [2, 1, 2, 3, 2, 0, 2, 1][usize::from(kind)];
    let canary = [0, 0, 1, 0, 2, 0, 1, 2][usize::from(kind)];
    UpdateStrategy {
        max_parallel: Some(max_parallel),
        canary: Some(canary),
        auto_promote: Some(matches!(kind, 2)),
        auto_revert: Some(matches!(kind, 2 | 3 | 7)),
        progress_deadline: Some(Span::from_secs(if kind == 3 { 0 } else { 600 })),
        ..UpdateStrategy::default()
    }
}

fn disconnect(kind: u8) -> DisconnectStrategy {
    let seconds = |seconds| Some(Span::from_secs(seconds));
    let lost_after =
        if kind == 3 { None } else { seconds([300, 60, 20, 0][usize::from(kind % 4)]) };
    DisconnectStrategy {
        lost_after,
        stop_on_client_after: if kind == 3 { seconds(30) } else { None },
        replace: Some(kind != 4),
        reconcile: ["", "keep_original", "keep_replacement", "longest_running"]
            [usize::from(kind / 2)]
        .into(),
        ..DisconnectStrategy::default()
    }
}

fn reschedule(kind: u8) -> Option<ReschedulePolicy> {
    let seconds = |seconds| Some(Span::from_secs(seconds));
    let base = ReschedulePolicy {
        attempts: Some(2),
        interval: seconds(600),
        delay: seconds(5),
        delay_function: "constant".into(),
        max_delay: seconds(3_600),
        unlimited: Some(false),
        ..ReschedulePolicy::default()
    };
    match kind {
        0 => None,
        1 => Some(base),
        2 => Some(ReschedulePolicy {
            attempts: Some(0),
            unlimited: Some(true),
            delay_function: "exponential".into(),
            ..base
        }),
        3 => Some(ReschedulePolicy {
            attempts: Some(0),
            unlimited: Some(true),
            delay_function: "fibonacci".into(),
            ..base
        }),
        _ => Some(ReschedulePolicy { attempts: Some(0), ..base }),
    }
}
