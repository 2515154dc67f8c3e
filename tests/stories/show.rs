//! How things are after a step: one field for each thing that is told, in the words of the recordings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use stowplan::model::{Allocation, Deployment, Evaluation, EvaluationStatus};

use super::teller::Teller;

/// A text that is no difference (docs/lifecycle.md, section 13).
const RESCHEDULED: &str = "alloc was rescheduled because it failed";
const NANOS: i64 = 1_000_000_000;

type Fields = BTreeMap<String, Value>;

/// The fields as lines, those left out that are not compared. Evaluations are told one by one, or as a set
/// where their number differed from run to run; where even their triggers did, only what is `expected`.
pub(crate) fn text(fields: &Fields, ignored: &[&str], expected: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let is_ignored = |key: &str| {
        let (job, field) = key.split_once(": ").unwrap_or(("", key));
        let one_by_one = key.replace(": evalset.", ": evals.");
        let is_of_evaluations = field.starts_with("evals.") || field.starts_with("evalset.");
        let names = format!("{job}: evalnames");
        ignored.contains(&key)
            || (field.starts_with("evalset.") && !ignored.contains(&one_by_one.as_str()))
            || (is_of_evaluations
                && ignored.contains(&names.as_str())
                && !expected.iter().any(|line| line.starts_with(key)))
    };
    for (key, value) in fields.iter().filter(|(key, _)| !is_ignored(key)) {
        match value {
            Value::Array(items) if items.is_empty() => lines.push(format!("{key}: none")),
            Value::Array(items) => {
                lines.push(format!("{key}:"));
                lines.extend(items.iter().map(|item| format!("  {}", item_text(item))));
            }
            Value::String(text) => lines.push(format!("{key}: {text}")),
            value => lines.push(format!("{key}: {}", compact(value))),
        }
    }
    lines
}

fn item_text(item: &Value) -> String {
    item.as_str().map_or_else(|| compact(item), str::to_owned)
}

/// JSON with a space after each separator, keys in order.
fn compact(value: &Value) -> String {
    match value {
        Value::Object(keys) => {
            let sorted: BTreeMap<&String, &Value> = keys.iter().collect();
            let items = sorted.iter().map(|(key, value)| format!("\"{key}\": {}", compact(value)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}

/// Everything that is told.
pub(crate) fn fields(teller: &mut Teller) -> Fields {
    let mut fields = Fields::new();
    for at in 0..teller.nodes {
        fields.insert(format!("node.{at}"), node(teller, &format!("n{at}")).into());
    }
    for job in teller.jobs.clone() {
        for (key, value) in job_fields(teller, &job) {
            fields.insert(format!("{job}: {key}"), value);
        }
    }
    fields
}

fn node(teller: &Teller, id: &str) -> String {
    let Some(node) = teller.world.engine().node(id) else { return "gone".to_owned() };
    let draining = if node.drain { " draining" } else { "" };
    let document = serde_json::to_value(node.spec()).unwrap();
    let last = document["LastDrain"]["Status"].as_str();
    let last = last.map_or(String::new(), |status| format!(" lastdrain={status}"));
    format!("{} {}{draining}{last}", node.status, node.scheduling_eligibility)
}

fn job_fields(teller: &mut Teller, id: &str) -> Fields {
    let mut fields = Fields::new();
    let engine = teller.world.engine();
    let view = engine.job("default", id);
    match view.as_ref().and_then(|view| view.document()) {
        None => drop(fields.insert("job".into(), "none".into())),
        Some(job) => {
            let stopped = if job.stop { " stopped" } else { "" };
            fields.insert("job".into(), format!("{} v{}{stopped}", job.status, job.version).into());
            let mut versions: Vec<_> = match &view {
                Some(view) => view.version_documents().collect(),
                None => Vec::new(),
            };
            versions.sort_by_key(|it| it.version);
            let versions = versions
                .iter()
                .map(|it| format!("v{}{}", it.version, if it.stable { " stable" } else { "" }));
            fields.insert("versions".into(), versions.collect::<Vec<_>>().join(" ").into());
            fields.insert("summary".into(), summary(teller, id));
        }
    }
    let mut deployments: Vec<Deployment> =
        teller.world.engine().deployments_of("default", id).collect();
    deployments.sort_by_key(|it| (it.create_index, it.job_version));
    if !deployments.is_empty() {
        fields.insert("deployments".into(), deployments.iter().map(deployment).collect());
    }
    let allocations: Vec<Allocation> =
        teller.allocations().into_iter().filter(|it| it.job_id == id).collect();
    allocation_fields(teller, id, &allocations, &mut fields);
    let evaluations: Vec<Evaluation> =
        teller.world.engine().evaluations_of("default", id).collect();
    evaluation_fields(teller, &evaluations, &mut fields);
    fields
}

fn summary(teller: &Teller, id: &str) -> Value {
    let view = teller.world.engine().job("default", id);
    let summary = view.and_then(|view| view.summary());
    let document = serde_json::to_value(&summary).unwrap();
    let mut groups = Map::new();
    for (group, counts) in document["Summary"].as_object().into_iter().flatten() {
        let counts = counts.as_object().into_iter().flatten();
        let mut counts: Map<String, Value> = counts
            .filter(|(_, count)| count.as_i64() != Some(0))
            .map(|(name, count)| (name.clone(), count.clone()))
            .collect();
        if teller.is_after_return {
            let mut take = |key: &str| counts.remove(key).and_then(|it| it.as_i64());
            if let (lost, complete) = (take("Lost"), take("Complete"))
                && (lost.is_some() || complete.is_some())
            {
                let both = lost.unwrap_or(0) + complete.unwrap_or(0);
                counts.insert("Lost+Complete".into(), both.into());
            }
        }
        groups.insert(group.clone(), Value::Object(counts));
    }
    Value::Object(groups)
}

fn deployment(it: &Deployment) -> Value {
    let groups: Map<String, Value> = it
        .task_groups
        .iter()
        .map(|(name, group)| {
            let canaries = format!("{}/{}", group.placed_canaries.len(), group.desired_canaries);
            let value = json!({
                "desired": group.desired_total, "placed": group.placed_allocs,
                "healthy": group.healthy_allocs, "unhealthy": group.unhealthy_allocs,
                "canaries": canaries, "promoted": group.promoted,
            });
            (name.clone(), value)
        })
        .collect();
    json!([format!("v{} {}", it.job_version, it.status), it.status_description, groups])
}

fn allocation_fields(teller: &Teller, job: &str, allocations: &[Allocation], fields: &mut Fields) {
    let (mut rows, mut health, mut links) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rescheduled, mut places, mut transitions) = (Vec::new(), Vec::new(), Vec::new());
    for it in allocations {
        let mut client = it.client_status.as_str();
        if teller.is_after_return
            && it.desired_status != "run"
            && matches!(client, "lost" | "complete" | "failed")
        {
            client = "lost or complete";
        }
        let version = it.job.as_ref().map_or(it.job_version(), |job| job.version);
        let key = format!("{} {}/{client} v{version}", it.name, it.desired_status);
        let canary = if it.is_canary() { " canary" } else { "" };
        let text = match it.desired_description.as_str() {
            "" | RESCHEDULED => String::new(),
            text => format!(" '{}'", without_ids(text)),
        };
        let told = match it.client_description.as_str() {
            "" => String::new(),
            _ if client != "unknown" => String::new(),
            text => format!(" client: '{text}'"),
        };
        rows.push(format!("{key}{canary}{text}{told}"));
        if !it.deployment_id.is_empty() {
            let healthy = it.deployment_status.as_ref().and_then(|status| status.healthy);
            let health_text = match healthy {
                Some(true) => "healthy",
                Some(false) => "unhealthy",
                None => "unset",
            };
            health.push(format!("{key} {health_text}"));
        }
        let previous = if it.previous_allocation.is_empty() { "" } else { " prev" };
        let next = if it.next_allocation.is_empty() { "" } else { " next" };
        links.push(format!("{key}{previous}{next}"));
        rescheduled.extend(reschedules(it, &key));
        let flags = serde_json::to_value(&it.desired_transition).unwrap();
        let set: BTreeSet<&String> = flags
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.as_bool() == Some(true))
            .map(|(name, _)| name)
            .collect();
        if !set.is_empty() {
            let names: Vec<&str> = set.iter().map(|it| it.as_str()).collect();
            transitions.push(format!("{key} {}", names.join("+")));
        }
        if it.desired_status == "run" && matches!(client, "running" | "complete" | "unknown") {
            places.push(it.node_id.trim_start_matches('n').to_owned());
        }
    }
    let mut add = |key: &str, mut list: Vec<String>, is_always: bool| {
        list.sort();
        if is_always || !list.is_empty() {
            fields.insert(key.into(), list.into());
        }
    };
    add("allocs", rows, true);
    add("health", health, true);
    add("links", links, true);
    add("reschedule", rescheduled, false);
    add("transitions", transitions, false);
    if teller.shown.contains(job) {
        add("where", places, true);
    }
}

fn reschedules(it: &Allocation, key: &str) -> Option<String> {
    let tracker = it.reschedule_tracker.clone().unwrap_or_default();
    if tracker.events.is_empty() && it.followup_eval_id.is_empty() {
        return None;
    }
    let delays: Vec<i64> =
        tracker.events.iter().map(|it| (it.delay.as_nanos() + NANOS / 2) / NANOS).collect();
    let follow_up = if it.followup_eval_id.is_empty() { "" } else { " followup" };
    Some(format!("{key} delays={delays:?} last={}{follow_up}", tracker.last_reschedule))
}

fn evaluation_fields(teller: &mut Teller, evaluations: &[Evaluation], fields: &mut Fields) {
    let mut by_trigger: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut older = Vec::new();
    for it in evaluations {
        let waits = if is_waiting(it) { " waiting" } else { "" };
        let text = match it.status_description.as_str() {
            "" => String::new(),
            text => format!(" '{}'", without_ids(text)),
        };
        let row = format!("{} {}{waits}{text}", it.evaluation_type, it.status);
        let before = teller.evaluations.insert(it.id.clone(), it.status.clone());
        match before {
            None => {
                let row = format!("{row}{}", marks(it));
                by_trigger.entry(it.triggered_by.clone()).or_default().push(row);
            }
            Some(before) if before != it.status => {
                older.push(format!("{}: {before} -> {row}", it.triggered_by));
            }
            Some(_) => {}
        }
    }
    let names: Vec<String> = by_trigger.keys().cloned().collect();
    fields.insert("evalnames".into(), names.into());
    for (trigger, mut rows) in by_trigger {
        rows.sort();
        let set: BTreeSet<String> = rows.iter().cloned().collect();
        fields.insert(format!("evalset.{trigger}"), set.into_iter().collect::<Vec<_>>().into());
        fields.insert(format!("evals.{trigger}"), rows.into());
    }
    if !older.is_empty() {
        older.sort();
        fields.insert("older evals".into(), older.into());
    }
}

/// What else is told of an evaluation that is new.
fn marks(it: &Evaluation) -> String {
    let mut text = String::new();
    if it.queued_allocations.values().any(|queued| *queued != 0) {
        text +=
            &format!(" queued={}", compact(&serde_json::to_value(&it.queued_allocations).unwrap()));
    }
    if !it.failed_tg_allocs.is_empty() {
        let failed = it.failed_tg_allocs.iter();
        let failed: Map<String, Value> = failed
            .map(|(group, metrics)| (group.clone(), (metrics.coalesced_failures + 1).into()))
            .collect();
        text += &format!(" failed={}", compact(&Value::Object(failed)));
    }
    for (is_set, mark) in [
        (!it.blocked_eval.is_empty(), " blocked"),
        (!it.next_eval.is_empty(), " next"),
        (!it.previous_eval.is_empty(), " prev"),
        (!it.node_id.is_empty(), " node"),
    ] {
        text += if is_set { mark } else { "" };
    }
    if it.priority != 50 {
        text += &format!(" prio={}", it.priority);
    }
    text
}

fn is_waiting(it: &Evaluation) -> bool {
    let waits = it.wait_until.is_some() || it.wait.as_nanos() > 0;
    it.status() == Some(EvaluationStatus::Pending) && waits
}

/// Identities of their own are none of the recordings'.
fn without_ids(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches('"');
        let is_id = bare.len() == 36 && bare.bytes().filter(|it| *it == b'-').count() == 4;
        if is_id { word.replace(bare, "<id>") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether anything is under way, and a text that changes when anything moves.
pub(crate) fn signature(teller: &Teller) -> (bool, String) {
    let engine = teller.world.engine();
    let allocations = teller.allocations();
    let evaluations: Vec<Evaluation> =
        teller.jobs.iter().flat_map(|job| engine.evaluations_of("default", job)).collect();
    let deployments = teller.jobs.iter().flat_map(|job| engine.deployments_of("default", job));
    let is_pending = |it: &Evaluation| it.status == "pending" && !is_waiting(it);
    let is_moving = |it: &Allocation| {
        let is_up = engine.node(&it.node_id).is_some_and(|node| node.status == "ready");
        is_up
            && match it.desired_status.as_str() {
                "run" => it.client_status == "pending",
                _ => matches!(it.client_status.as_str(), "pending" | "running"),
            }
    };
    let is_busy = evaluations.iter().any(is_pending) || allocations.iter().any(is_moving);
    let health = |it: &Allocation| it.deployment_status.as_ref().and_then(|status| status.healthy);
    let text = format!(
        "{:?} {:?} {:?} {:?}",
        allocations
            .iter()
            .map(|it| (&it.id, &it.desired_status, &it.client_status, health(it)))
            .collect::<Vec<_>>(),
        evaluations.iter().map(|it| (&it.id, &it.status)).collect::<Vec<_>>(),
        deployments.map(|it| (it.id, it.status, it.status_description)).collect::<Vec<_>>(),
        (0..teller.nodes).map(|at| node(teller, &format!("n{at}"))).collect::<Vec<_>>(),
    );
    (is_busy, text)
}
