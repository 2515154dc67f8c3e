//! Documents to facts.

use std::rc::Rc;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use stowplan::model::{
    Allocation, Deployment, DisconnectStrategy, Evaluation, JobSpec, NodeSpec, ReschedulePolicy,
    TaskGroup,
};
use stowplan::{Span, Timestamp};

use crate::facts::{self, Event, Kind, Policy, TaskState, World};

/// A case: a golden one with its templates filled in, or one of our own, which may also have older
/// deployments and evaluations that wait.
#[derive(Deserialize)]
struct Case {
    now: String,
    nodes: Vec<NodeSpec>,
    jobs: Vec<JobSpec>,
    allocs: Vec<Allocation>,
    deployment: Option<Deployment>,
    #[serde(default)]
    deployments: Vec<Deployment>,
    eval: Evaluation,
    #[serde(default)]
    waiting_evals: Vec<String>,
}

pub(crate) fn world(case: &Value) -> World {
    let case = Case::deserialize(case).unwrap();
    let jobs: Vec<Rc<facts::Job>> =
        case.jobs.iter().enumerate().map(|(version, spec)| Rc::new(job(spec, version))).collect();
    let mut allocs: Vec<facts::Alloc> =
        case.allocs.iter().enumerate().filter_map(|(at, it)| alloc(it, at, &jobs)).collect();
    allocs.sort_by(|a, b| a.id.cmp(&b.id));
    World {
        now: case.now.parse::<Timestamp>().unwrap().as_nanos(),
        nodes: case.nodes.iter().map(|document| (document.id.clone(), node(document))).collect(),
        jobs,
        allocs,
        deployments: case.deployments.iter().chain(&case.deployment).map(deployment).collect(),
        eval: facts::Eval {
            id: case.eval.id,
            priority: case.eval.priority,
            triggered_by: case.eval.triggered_by,
            status: case.eval.status,
            wait_until: case.eval.wait_until.map(Timestamp::as_nanos),
        },
        waiting_evals: case.waiting_evals,
    }
}

fn node(document: &NodeSpec) -> facts::Node {
    facts::Node {
        id: document.id.clone(),
        status: document.status.clone(),
        is_eligible: document.scheduling_eligibility != "ineligible",
        is_draining: document.drain_strategy.as_ref().is_some_and(|drain| !drain.is_null()),
        datacenter: document.datacenter.clone(),
        pool: text_or(&document.node_pool, "default"),
        document: json!(document),
    }
}

fn job(spec: &JobSpec, version: usize) -> facts::Job {
    facts::Job {
        id: spec.id.clone(),
        name: text_or(&spec.name, &spec.id),
        version: i64::try_from(version).unwrap(),
        create_index: 1,
        // Each version was registered on its own, so its specification differs from the one before.
        job_modify_index: u64::try_from(version).unwrap() + 1,
        kind: match spec.job_type.as_str() {
            "batch" => Kind::Batch,
            "system" => Kind::System,
            "sysbatch" => Kind::Sysbatch,
            _ => Kind::Service,
        },
        is_stopped: spec.stop,
        is_whole: spec.all_at_once,
        datacenters: spec.datacenters.clone(),
        pool: text_or(&spec.node_pool, "default"),
        groups: spec.task_groups.iter().map(|it| group(spec, it)).collect(),
        document: json!(spec),
    }
}

fn group(job: &JobSpec, document: &TaskGroup) -> facts::Group {
    let update = document.update.as_ref().or(job.update.as_ref());
    let kill_timeouts = document.tasks.iter().filter_map(|task| task.kill_timeout);
    facts::Group {
        name: document.name.clone(),
        count: usize::try_from(document.count.unwrap_or(1)).unwrap(),
        update: update.map(|update| facts::Update {
            max_parallel: count(update.max_parallel),
            canary: count(update.canary),
            auto_promote: update.auto_promote == Some(true),
            auto_revert: update.auto_revert == Some(true),
        }),
        reschedule: document.reschedule_policy.as_ref().map_or_else(Policy::default, policy),
        disconnect: disconnect(document.disconnect.as_deref()),
        kill_timeout_max_ns: kill_timeouts.map(Span::as_nanos).max().unwrap_or(0),
        tasks: destructive_parts(&json!(job), &json!(document)),
    }
}

fn policy(document: &ReschedulePolicy) -> Policy {
    let nanos = |span: Option<Span>| span.map_or(0, Span::as_nanos);
    Policy {
        is_unlimited: document.unlimited == Some(true),
        attempts: count(document.attempts),
        interval_ns: nanos(document.interval),
        delay_ns: nanos(document.delay),
        delay_function: document.delay_function.clone(),
        max_delay_ns: nanos(document.max_delay),
    }
}

fn disconnect(document: Option<&DisconnectStrategy>) -> facts::Disconnect {
    let lost_after = document.and_then(|it| it.lost_after).map(Span::as_nanos);
    let reconcile = document.map(|it| it.reconcile.clone()).unwrap_or_default();
    facts::Disconnect {
        lost_after_ns: lost_after.filter(|&it| it > 0),
        stop_on_client_after_ns: document
            .and_then(|it| it.stop_on_client_after)
            .map(Span::as_nanos),
        replace: document.and_then(|it| it.replace).unwrap_or(true),
        reconcile: text_or(&reconcile, "best_score"),
    }
}

/// What of a group takes a new allocation when it changes (section 3, "Destructive changes").
fn destructive_parts(job: &Value, group: &Value) -> Value {
    let mut tasks = Map::new();
    for task in group["Tasks"].as_array().into_iter().flatten() {
        let keys = [
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
        ];
        let mut parts = pick(task, &keys);
        let mut meta = Map::new();
        for source in [job, group, task] {
            meta.extend(source["Meta"].as_object().cloned().unwrap_or_default());
        }
        parts.insert("Meta".to_owned(), Value::Object(meta));
        tasks.insert(task["Name"].as_str().unwrap_or_default().to_owned(), Value::Object(parts));
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
fn alloc(document: &Allocation, position: usize, jobs: &[Rc<facts::Job>]) -> Option<facts::Alloc> {
    if document.desired_status == "failed" {
        return None;
    }
    let version = usize::try_from(document.job_version()).unwrap();
    let job = Rc::clone(jobs.get(version).or_else(|| jobs.last())?);
    let transition = &document.desired_transition;
    let status = document.deployment_status.as_ref();
    let tracker = document.reschedule_tracker.as_ref();
    let states = document.alloc_states.iter().filter(|state| state.field == 0);
    let scores = document.metrics.iter().flat_map(|metrics| &metrics.score_meta_data);
    Some(facts::Alloc {
        id: document.id.clone(),
        name: document.name.clone(),
        group: document.task_group.clone(),
        node_id: document.node_id.clone(),
        desired: document.desired_status.clone(),
        client: document.client_status.clone(),
        created: (document.create_index, position),
        modify_time: document.modify_time,
        migrate: transition.migrate == Some(true),
        reschedule: transition.reschedule == Some(true),
        force_reschedule: transition.force_reschedule == Some(true),
        migrate_disable_placement: transition.migrate_disable_placement == Some(true),
        deployment_id: document.deployment_id.clone(),
        health: status.and_then(|status| status.healthy),
        is_canary: status.is_some_and(|status| status.canary),
        followup: document.followup_eval_id.clone(),
        next: document.next_allocation.clone(),
        events: tracker.map(events).unwrap_or_default(),
        last_reschedule: tracker.map(|it| it.last_reschedule.clone()).unwrap_or_default(),
        states: states
            .map(|state| (state.time.map_or(0, Timestamp::as_nanos), state.value.clone()))
            .collect(),
        tasks: task_states(document),
        leader: leader(&job, &document.task_group),
        holdings: holdings(document),
        score: scores.map(|it| it.norm_score).fold(0.0, f64::max),
        job,
    })
}

fn holdings(document: &Allocation) -> Vec<String> {
    let Some(resources) = &document.allocated_resources else { return Vec::new() };
    let networks = resources.shared.networks.iter();
    let ports = networks.flat_map(|it| it.reserved_ports.iter()).map(|port| port.value.to_string());
    let devices = resources.tasks.values().flat_map(|task| &task.devices);
    ports.chain(devices.flat_map(|it| it.device_ids.clone())).collect()
}

fn leader(job: &facts::Job, group: &str) -> Option<String> {
    let groups = job.document["TaskGroups"].as_array()?;
    let tasks = groups.iter().find(|it| it["Name"] == group)?["Tasks"].as_array()?;
    let leader = tasks.iter().find(|task| task["Leader"] == true)?;
    Some(leader["Name"].as_str()?.to_owned())
}

fn events(tracker: &stowplan::model::RescheduleTracker) -> Vec<Event> {
    let read = |event: &stowplan::model::RescheduleEvent| Event {
        time: event.reschedule_time,
        alloc_id: event.prev_alloc_id.clone(),
        node_id: event.prev_node_id.clone(),
        delay_ns: event.delay.as_nanos(),
    };
    tracker.events.iter().map(read).collect()
}

fn task_states(document: &Allocation) -> Vec<TaskState> {
    let read = |(name, state): (&String, &stowplan::model::TaskState)| TaskState {
        name: name.clone(),
        is_dead: state.state == "dead",
        has_failed: state.failed,
        started: state.started_at.map(Timestamp::as_nanos),
        finished: state.finished_at.map(Timestamp::as_nanos),
        restarts: state.restarts,
        last_restart: state.last_restart.map(Timestamp::as_nanos),
    };
    document.task_states.iter().map(read).collect()
}

fn deployment(document: &Deployment) -> facts::Deployment {
    let read = |state: &stowplan::model::DeploymentState| facts::DeploymentGroup {
        promoted: state.promoted,
        placed_canaries: state.placed_canaries.clone(),
        desired_canaries: count(Some(state.desired_canaries)),
        desired_total: count(Some(state.desired_total)),
        healthy: count(Some(state.healthy_allocs)),
    };
    facts::Deployment {
        id: document.id.clone(),
        job_version: i64::try_from(document.job_version).unwrap(),
        job_create_index: 1,
        status: document.status.clone(),
        description: document.status_description.clone(),
        groups: document.task_groups.iter().map(|(name, it)| (name.clone(), read(it))).collect(),
    }
}

fn text_or(text: &str, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text.to_owned() }
}

/// Absent and negative amounts are none.
fn count(number: Option<i64>) -> usize {
    usize::try_from(number.unwrap_or(0)).unwrap_or(0)
}
