//! Evaluations of a scenario: what is known of a job, and what one evaluation of it comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use stowplan::model::{Allocation, Deployment, Evaluation, Job, JobSpec, Plan as Document};
use stowplan::schedule::process;
use stowplan::{Cluster, Span, Timestamp};

use crate::documents::add_json;
use crate::words::{Line, numbers};

/// The instant at which every scenario begins.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_secs(1_767_225_600);

const ALLOCATIONS_WORDS: &str = "job= group= index= node= version= desired= client= deployment \
    canary healthy unhealthy migrate reschedule force for-good unknown-ago= failed-ago= next= previous=";

fn text_or<'a>(line: &'a Line, key: &str, default: &'a str) -> &'a str {
    line.value(key).unwrap_or(default)
}

fn registered(cluster: &Cluster, line: &Line, job: &Job) -> Vec<Arc<JobSpec>> {
    let view = cluster.job(&job.namespace, &job.id);
    let versions = view.map(|view| view.versions().map(Job::shared_spec).collect());
    let mut versions: Vec<_> = versions.unwrap_or_default();
    versions.reverse();
    if versions.is_empty() {
        line.fail("the job is not registered");
    }
    versions
}

/// `allocs ID job= index=0-9 node= version= ...`: allocations that are there, called `ID-0` and so on.
pub(crate) fn add_allocations(cluster: &mut Cluster, line: &Line, job: &Job) {
    line.only(2, ALLOCATIONS_WORDS);
    line.only_below("json");
    let versions = registered(cluster, line, job);
    let version = line.number("version").unwrap_or(0) as usize;
    let Some(spec) = versions.get(version) else { line.fail("there is no such version") };
    let group = text_or(line, "group", &spec.task_groups[0].name).to_owned();
    let prefix = if job.job_type().is_system() { &spec.name } else { &spec.id };
    let latest = cluster.deployments_of(&job.namespace, &job.id).next();
    let asked = spec.task_groups.iter().find(|it| it.name == group);
    let asked = asked.unwrap_or_else(|| line.fail("no such group"));
    let tasks = asked.tasks.iter().map(|task| {
        let resources = task.resources.as_ref();
        let cpu = resources.and_then(|it| it.cpu).unwrap_or(100);
        let memory = resources.and_then(|it| it.memory_mb).unwrap_or(300);
        (task.name.clone(), json!({"Cpu": {"CpuShares": cpu}, "Memory": {"MemoryMB": memory}}))
    });
    let tasks: serde_json::Map<String, Value> = tasks.collect();
    let nodes: Vec<&str> = text_or(line, "node", "n1").split(',').collect();
    for (at, index) in numbers(text_or(line, "index", "0")).into_iter().enumerate() {
        let id = format!("{}-{index}", line.word(1));
        let node = nodes[at % nodes.len()];
        let mut document = json!({
            "ID": id, "Namespace": job.namespace, "JobID": job.id, "TaskGroup": group,
            "Name": format!("{prefix}.{group}[{index}]"), "NodeID": node, "JobVersion": version,
            "DesiredStatus": text_or(line, "desired", "run"),
            "ClientStatus": text_or(line, "client", "running"),
            "CreateTime": BEGINNING.as_nanos(), "ModifyTime": BEGINNING.as_nanos(),
            "AllocatedResources": {"Tasks": tasks},
            "DesiredTransition": {
                "Migrate": line.has("migrate"), "Reschedule": line.has("reschedule"),
                "ForceReschedule": line.has("force"), "MigrateDisablePlacement": line.has("for-good"),
            },
            "NextAllocation": text_or(line, "next", ""),
            "PreviousAllocation": text_or(line, "previous", ""),
        });
        if line.has("deployment") {
            document["DeploymentID"] = json!(latest.as_ref().map(|it| &it.id));
            document["DeploymentStatus"] = json!({
                "Canary": line.has("canary"),
                "Healthy": match (line.has("healthy"), line.has("unhealthy")) {
                    (true, _) => Value::Bool(true),
                    (_, true) => Value::Bool(false),
                    _ => Value::Null,
                },
            });
        }
        let ago = |key: &str| line.nanos(key).map(|ago| cluster.now() - Span::from_nanos(ago));
        if let Some(at) = ago("failed-ago") {
            let state = json!({"State": "dead", "Failed": true, "FinishedAt": at.to_string()});
            document["TaskStates"] = json!({"task": state});
        }
        if let Some(at) = ago("unknown-ago") {
            let state = json!({"Field": 0, "Value": "unknown", "Time": at.to_string()});
            document["AllocStates"] = json!([state]);
        }
        add_json(line, &mut document);
        let allocation: Allocation = serde_json::from_value(document).unwrap();
        let allocation = Allocation { job: Some(spec.clone()), ..allocation };
        cluster.add_allocation(allocation).unwrap_or_else(|error| line.fail(&error.to_string()));
    }
}

/// `deployment JOB version= status=` with `group NAME desired= healthy= canaries= placed=ID,ID promoted`
/// below: the latest one.
pub(crate) fn add_deployment(cluster: &mut Cluster, line: &Line, job: &Job) {
    line.only(2, "version= status=");
    line.only_below("group");
    let version = line.number("version").unwrap_or(0);
    let spec = registered(cluster, line, job)[version as usize].clone();
    let group = |line: &Line| {
        line.only(2, "desired= healthy= canaries= placed= promoted");
        let placed: Vec<&str> = text_or(line, "placed", "").split(',').collect();
        let placed: Vec<&str> = placed.into_iter().filter(|id| !id.is_empty()).collect();
        let state = json!({
            "DesiredTotal": line.number("desired").unwrap_or(0),
            "HealthyAllocs": line.number("healthy").unwrap_or(0),
            "DesiredCanaries": line.number("canaries").unwrap_or(0),
            "PlacedCanaries": placed,
            "Promoted": line.has("promoted"),
        });
        (line.word(1).to_owned(), state)
    };
    let groups: serde_json::Map<String, Value> = line.below("group").map(group).collect();
    let document = json!({
        "ID": format!("deployment-{version}"), "Namespace": job.namespace, "JobID": job.id,
        "JobVersion": version, "JobCreateIndex": spec.create_index,
        "Status": text_or(line, "status", "running"), "TaskGroups": groups,
    });
    let deployment: Deployment = serde_json::from_value(document).unwrap();
    cluster.upsert_deployment(&deployment).unwrap_or_else(|error| line.fail(&error.to_string()));
}

/// `evaluate JOB trigger= type= blocked`: a new evaluation is processed, and its plan committed.
pub(crate) fn evaluate(cluster: &mut Cluster, line: &Line, job: &Job) -> String {
    line.only(2, "trigger= type= blocked figures");
    let evaluation = Evaluation {
        namespace: job.namespace.clone(),
        job_id: job.id.clone(),
        evaluation_type: text_or(line, "type", &job.job_type).to_owned(),
        triggered_by: text_or(line, "trigger", "job-register").to_owned(),
        status: if line.has("blocked") { "blocked" } else { "pending" }.into(),
        priority: job.priority(),
        ..Evaluation::default()
    };
    match cluster.upsert_evaluation(&evaluation) {
        Ok(id) => answer(cluster, &id),
        Err(error) => format!("error: {error}"),
    }
}

/// `follow-up JOB`: the evaluations that wait for their time, and whose time has come.
pub(crate) fn follow_up(cluster: &mut Cluster, line: &Line, job: &Job) -> String {
    line.only(2, "");
    let due = |it: &Evaluation| {
        let at = it.wait_until.unwrap_or(Timestamp::from_nanos(it.create_time) + it.wait);
        let waits = it.wait_until.is_some() || it.wait > Span::ZERO;
        it.status == "pending" && waits && at <= cluster.now()
    };
    let due = cluster.evaluations_of(&job.namespace, &job.id).filter(due);
    let mut due: Vec<(u64, String)> = due.map(|it| (it.create_index, it.id)).collect();
    due.sort();
    if due.is_empty() {
        return "nothing is due".into();
    }
    due.iter().map(|(_, id)| answer(cluster, id)).collect()
}

/// Processes an evaluation, commits its plan, and tells what came of it.
fn answer(cluster: &mut Cluster, id: &str) -> String {
    let now = cluster.now();
    let evaluation = cluster.evaluation(id).unwrap();
    let plan = process(&mut cluster.fork(), &evaluation, now);
    let document = plan.to_document();
    let told = tell(cluster, &document);
    let committed = cluster.commit(plan, now);
    assert_eq!(committed.rejected(), &[], "a plan is committed where it was made");
    assert_eq!(cluster.check(), Ok(()));
    let after = cluster.evaluation(id).unwrap();
    let mut text = format!("{} {}: {}", after.triggered_by, after.evaluation_type, after.status);
    if !after.status_description.is_empty() {
        write!(text, ", {}", after.status_description).unwrap();
    }
    text.push('\n');
    text + &told
}

/// What a plan does, one line for all that is alike.
fn tell(cluster: &Cluster, plan: &Document) -> String {
    let mut alike: BTreeMap<(usize, String), BTreeSet<String>> = BTreeMap::new();
    let name_of = |id: &str| cluster.allocation(id).map_or_else(String::new, |it| it.name);
    for stop in plan.node_update.values().flatten() {
        let before = cluster.allocation(&stop.id).unwrap();
        let lost = if stop.client_status.is_empty() { "" } else { ", lost" };
        let after = if stop.followup_eval_id.is_empty() { "" } else { ", looked at later" };
        let what = format!("v{}: {}{lost}{after}", before.job_version(), stop.desired_description);
        alike.entry((0, format!("stop\0{what}"))).or_default().insert(before.name);
    }
    for it in plan.node_allocation.values().flatten() {
        let entry = if it.id.starts_with("new[") {
            let version = it.job.as_ref().or(plan.job.as_ref()).map_or(0, |job| job.version);
            let mut what = format!("v{version}");
            if it.is_canary() {
                what += " canary";
            }
            match (&it.reschedule_tracker, it.previous_allocation.is_empty()) {
                (Some(tracker), _) => {
                    let attempts = tracker.events.len();
                    write!(what, " rescheduled, attempt {attempts}").unwrap();
                }
                (None, false) if name_of(&it.previous_allocation) == it.name => what += " instead",
                (None, false) => {
                    write!(what, " instead of {}", name_of(&it.previous_allocation)).unwrap()
                }
                (None, true) => {}
            }
            (1, format!("place\0{what}"), it.name.clone())
        } else {
            let mut what = Vec::new();
            if it.job_version.is_some() {
                what.push(format!("in place to v{}", it.job_version()));
            }
            if it.client_status == "unknown" {
                what.push("unknown".to_owned());
            } else if !it.alloc_states.is_empty() {
                what.push("back".to_owned());
            }
            if !it.followup_eval_id.is_empty() {
                what.push("looked at later".to_owned());
            }
            if it.reschedule_tracker.is_some() {
                what.push("finds no place".to_owned());
            }
            (2, format!("update\0{}", what.join(", ")), name_of(&it.id))
        };
        alike.entry((entry.0, entry.1)).or_default().insert(entry.2);
    }
    let mut text = String::new();
    for ((_, key), names) in alike {
        let (verb, what) = key.split_once('\0').unwrap();
        writeln!(text, "{verb} {} {what}", ranges(&names)).unwrap();
    }
    tell_rest(cluster, plan, &mut text);
    text
}

/// What a plan has beside allocations: deployments, evaluations and figures.
fn tell_rest(cluster: &Cluster, plan: &Document, text: &mut String) {
    if let Some(new) = &plan.deployment {
        write!(text, "deployment of v{}: {}", new.job_version, new.status_description).unwrap();
        for (group, state) in &new.task_groups {
            write!(text, "; {group} {}", state.desired_total).unwrap();
            if state.desired_canaries > 0 {
                write!(text, " after {} canaries", state.desired_canaries).unwrap();
            }
        }
        text.push('\n');
    }
    for update in &plan.deployment_updates {
        writeln!(text, "deployment {}: {}", update.status, update.status_description).unwrap();
    }
    for created in &plan.created_evals {
        let when = match (created.wait_until, created.status.as_str()) {
            (_, "blocked") => "when there is room".to_owned(),
            (Some(at), _) => format!("in {} s", at.since(cluster.now()).as_nanos() / 1_000_000_000),
            (None, _) => format!("in {} s", created.wait.as_nanos() / 1_000_000_000),
        };
        writeln!(text, "later {} {when}", created.triggered_by).unwrap();
    }
    let figures = plan.annotations.iter().flat_map(|it| &it.desired_tg_updates);
    for (group, figures) in figures {
        let figures = serde_json::to_value(figures).unwrap();
        let figures = figures.as_object().unwrap().iter();
        let figures = figures.filter(|(_, it)| it.as_u64().is_some_and(|it| it > 0));
        let figures: Vec<String> = figures.map(|(name, it)| format!("{name} {it}")).collect();
        if !figures.is_empty() {
            writeln!(text, "{group}: {}", figures.join(", ")).unwrap();
        }
    }
    let queued = plan.eval.iter().flat_map(|it| &it.queued_allocations);
    for (group, queued) in queued.filter(|(_, queued)| **queued != 0) {
        writeln!(text, "{group}: {queued} queued").unwrap();
    }
}

/// Names, those of one group in the numbers of which none is missing together: `web.group[0-9]`.
fn ranges(names: &BTreeSet<String>) -> String {
    let mut groups: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for name in names {
        let (group, number) = name.rsplit_once('[').unwrap();
        let number = number.trim_end_matches(']').parse().unwrap();
        groups.entry(group).or_default().insert(number);
    }
    let mut written = Vec::new();
    for (group, numbers) in groups {
        let mut parts: Vec<(u32, u32)> = Vec::new();
        for number in numbers {
            match parts.last_mut().filter(|(_, last)| *last + 1 == number) {
                Some((_, last)) => *last = number,
                None => parts.push((number, number)),
            }
        }
        let parts = parts.into_iter().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        written.push(format!("{group}[{}]", parts.collect::<Vec<_>>().join(",")));
    }
    written.join(" ")
}
