//! Documents to facts.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};
use stowplan::Timestamp;

use crate::facts::{
    Alloc, Deployment, DeploymentGroup, Disconnect, Eval, Event, Group, Job, Kind, Node, Policy,
    TaskState, Update, World,
};

/// Reads a case: `now`, `nodes`, `jobs`, `allocs`, `deployment`, `eval`, and in our own cases also
/// `deployments` (older ones, before the latest) and `waiting_evals`.
pub(crate) fn world(case: &Value) -> World {
    let mut jobs: Vec<Rc<Job>> = Vec::new();
    for (version, document) in list(case, "jobs").iter().enumerate() {
        jobs.push(Rc::new(job(document, version)));
    }
    let mut nodes = BTreeMap::new();
    for document in list(case, "nodes") {
        nodes.insert(text(document, "ID"), node(document));
    }
    let mut allocs: Vec<Alloc> =
        list(case, "allocs").iter().filter_map(|document| alloc(document, &jobs)).collect();
    allocs.sort_by(|a, b| a.id.cmp(&b.id));
    let older = list(case, "deployments").iter();
    let latest = case.get("deployment").into_iter().filter(|it| !it.is_null());
    World {
        now: instant(case, "now").unwrap(),
        nodes,
        jobs,
        allocs,
        deployments: older.chain(latest).map(deployment).collect(),
        eval: eval(&case["eval"]),
        waiting_evals: list(case, "waiting_evals")
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect(),
    }
}

fn node(document: &Value) -> Node {
    Node {
        id: text(document, "ID"),
        status: text(document, "Status"),
        is_eligible: text(document, "SchedulingEligibility") != "ineligible",
        is_draining: document.get("DrainStrategy").is_some_and(|drain| !drain.is_null()),
        datacenter: text(document, "Datacenter"),
        pool: text_or(document, "NodePool", "default"),
        document: document.clone(),
    }
}

fn job(document: &Value, version: usize) -> Job {
    let kind = match text_or(document, "Type", "service").as_str() {
        "batch" => Kind::Batch,
        "system" => Kind::System,
        "sysbatch" => Kind::Sysbatch,
        _ => Kind::Service,
    };
    Job {
        id: text(document, "ID"),
        name: text_or(document, "Name", &text(document, "ID")),
        version: i64::try_from(version).unwrap(),
        create_index: 1,
        // Each version was registered on its own, so its specification differs from the one before.
        job_modify_index: u64::try_from(version).unwrap() + 1,
        kind,
        is_stopped: flag(document, "Stop"),
        datacenters: list(document, "Datacenters")
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect(),
        pool: text_or(document, "NodePool", "default"),
        groups: list(document, "TaskGroups").iter().map(|it| group(document, it)).collect(),
        document: document.clone(),
    }
}

fn group(job: &Value, document: &Value) -> Group {
    let tasks = list(document, "Tasks").iter();
    Group {
        name: text(document, "Name"),
        count: document.get("Count").and_then(Value::as_u64).map_or(1, |count| count as usize),
        update: object(document, "Update").map(|update| Update {
            max_parallel: count(update, "MaxParallel"),
            canary: count(update, "Canary"),
            auto_promote: flag(update, "AutoPromote"),
            auto_revert: flag(update, "AutoRevert"),
        }),
        reschedule: object(document, "ReschedulePolicy").map_or_else(Policy::default, policy),
        disconnect: disconnect(object(document, "Disconnect")),
        kill_timeout_max_ns: tasks.map(|task| number(task, "KillTimeout")).max().unwrap_or(0),
        tasks: destructive_parts(job, document),
    }
}

fn policy(document: &Value) -> Policy {
    Policy {
        is_unlimited: flag(document, "Unlimited"),
        attempts: count(document, "Attempts"),
        interval_ns: number(document, "Interval"),
        delay_ns: number(document, "Delay"),
        delay_function: text(document, "DelayFunction"),
        max_delay_ns: number(document, "MaxDelay"),
    }
}

fn disconnect(document: Option<&Value>) -> Disconnect {
    let length = |key: &str| document.and_then(|it| it.get(key)).and_then(Value::as_i64);
    let replace = document.and_then(|it| it.get("Replace")).and_then(Value::as_bool);
    let reconcile = document.map(|it| text(it, "Reconcile")).filter(|it| !it.is_empty());
    Disconnect {
        lost_after_ns: length("LostAfter").filter(|&it| it > 0),
        stop_on_client_after_ns: length("StopOnClientAfter"),
        replace: replace.unwrap_or(true),
        reconcile: reconcile.unwrap_or_else(|| "best_score".to_owned()),
    }
}

/// What of a group takes a new allocation when it changes (section 3, "Destructive changes").
fn destructive_parts(job: &Value, group: &Value) -> Value {
    let mut tasks = Map::new();
    for task in list(group, "Tasks") {
        let mut parts = pick(
            task,
            &[
                "Driver",
                "User",
                "Config",
                "Env",
                "Artifacts",
                "Vault",
                "Secrets",
                "Templates",
                "Identities",
                "VolumeMounts",
                "CSIPluginConfig",
                "Resources",
            ],
        );
        let mut meta = Map::new();
        for source in [job, group, task] {
            meta.extend(
                object(source, "Meta").and_then(Value::as_object).cloned().unwrap_or_default(),
            );
        }
        parts.insert("Meta".to_owned(), Value::Object(meta));
        tasks.insert(text(task, "Name"), Value::Object(parts));
    }
    let mut parts = pick(group, &["EphemeralDisk", "Networks", "Volumes", "Consul"]);
    parts.insert("Tasks".to_owned(), Value::Object(tasks));
    json!(parts)
}

fn pick(document: &Value, keys: &[&str]) -> Map<String, Value> {
    let present = keys.iter().filter_map(|&key| Some((key.to_owned(), document.get(key)?.clone())));
    present.filter(|(_, value)| !value.is_null()).collect()
}

/// None for the record of a failed placement of the first API, which takes no part in anything.
fn alloc(document: &Value, jobs: &[Rc<Job>]) -> Option<Alloc> {
    let desired = text(document, "DesiredStatus");
    if desired == "failed" {
        return None;
    }
    let version = count(document, "JobVersion");
    let job = Rc::clone(jobs.get(version).or_else(|| jobs.last())?);
    let transition =
        |key: &str| object(document, "DesiredTransition").is_some_and(|it| flag(it, key));
    let status = object(document, "DeploymentStatus");
    let tracker = object(document, "RescheduleTracker");
    let group = text(document, "TaskGroup");
    Some(Alloc {
        id: text(document, "ID"),
        name: text(document, "Name"),
        node_id: text(document, "NodeID"),
        desired,
        client: text(document, "ClientStatus"),
        modify_time: number(document, "ModifyTime"),
        migrate: transition("Migrate"),
        reschedule: transition("Reschedule"),
        force_reschedule: transition("ForceReschedule"),
        migrate_disable_placement: transition("MigrateDisablePlacement"),
        deployment_id: text(document, "DeploymentID"),
        health: status.and_then(|it| it.get("Healthy")).and_then(Value::as_bool),
        is_canary: status.is_some_and(|it| flag(it, "Canary")),
        followup: text(document, "FollowupEvalID"),
        next: text(document, "NextAllocation"),
        events: tracker
            .map(|it| list(it, "Events").iter().map(event).collect())
            .unwrap_or_default(),
        last_reschedule: tracker.map(|it| text(it, "LastReschedule")).unwrap_or_default(),
        states: list(document, "AllocStates")
            .iter()
            .filter(|state| number(state, "Field") == 0)
            .map(|state| (instant(state, "Time").unwrap_or(0), text(state, "Value")))
            .collect(),
        tasks: task_states(document),
        leader: leader(&job, &group),
        score: top_score(document),
        job,
        group,
    })
}

fn leader(job: &Job, group: &str) -> Option<String> {
    let groups = list(&job.document, "TaskGroups");
    let group = groups.iter().find(|it| text(it, "Name") == group)?;
    list(group, "Tasks").iter().find(|task| flag(task, "Leader")).map(|task| text(task, "Name"))
}

fn top_score(document: &Value) -> f64 {
    let scores = document.pointer("/Metrics/ScoreMetaData").and_then(Value::as_array);
    let scores = scores.into_iter().flatten().filter_map(|it| it.get("NormScore")?.as_f64());
    scores.fold(0.0, f64::max)
}

fn event(document: &Value) -> Event {
    Event {
        time: number(document, "RescheduleTime"),
        alloc_id: text(document, "PrevAllocID"),
        node_id: text(document, "PrevNodeID"),
        delay_ns: number(document, "Delay"),
    }
}

fn task_states(document: &Value) -> Vec<TaskState> {
    let states = object(document, "TaskStates").and_then(Value::as_object);
    let read = |(name, state): (&String, &Value)| TaskState {
        name: name.clone(),
        is_dead: text(state, "State") == "dead",
        has_failed: flag(state, "Failed"),
        started: instant(state, "StartedAt"),
        finished: instant(state, "FinishedAt"),
        restarts: state.get("Restarts").and_then(Value::as_u64).unwrap_or(0),
        last_restart: instant(state, "LastRestart"),
    };
    states.into_iter().flatten().map(read).collect()
}

fn deployment(document: &Value) -> Deployment {
    let groups = object(document, "TaskGroups").and_then(Value::as_object);
    let read = |state: &Value| DeploymentGroup {
        promoted: flag(state, "Promoted"),
        placed_canaries: list(state, "PlacedCanaries")
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect(),
        desired_canaries: count(state, "DesiredCanaries"),
        desired_total: count(state, "DesiredTotal"),
        healthy: count(state, "HealthyAllocs"),
    };
    Deployment {
        id: text(document, "ID"),
        job_version: number(document, "JobVersion"),
        job_create_index: 1,
        status: text(document, "Status"),
        groups: groups.into_iter().flatten().map(|(name, it)| (name.clone(), read(it))).collect(),
    }
}

fn eval(document: &Value) -> Eval {
    Eval {
        id: text(document, "ID"),
        priority: document.get("Priority").and_then(Value::as_i64).unwrap_or(50),
        triggered_by: text(document, "TriggeredBy"),
        status: text(document, "Status"),
        wait_until: instant(document, "WaitUntil"),
    }
}

fn object<'a>(document: &'a Value, key: &str) -> Option<&'a Value> {
    document.get(key).filter(|value| value.is_object())
}

fn list<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(document: &Value, key: &str) -> String {
    text_or(document, key, "")
}

fn text_or(document: &Value, key: &str, default: &str) -> String {
    let found = document.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
    found.unwrap_or(default).to_owned()
}

fn flag(document: &Value, key: &str) -> bool {
    document.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn number(document: &Value, key: &str) -> i64 {
    document.get(key).and_then(Value::as_i64).unwrap_or(0)
}

fn count(document: &Value, key: &str) -> usize {
    usize::try_from(number(document, key)).unwrap_or(0)
}

/// Absent, null and Go's zero time are no instant.
fn instant(document: &Value, key: &str) -> Option<i64> {
    let text = document.get(key).and_then(Value::as_str)?;
    if text.starts_with("0001-01-01T00:00:00") {
        return None;
    }
    Some(text.parse::<Timestamp>().unwrap().as_nanos())
}
