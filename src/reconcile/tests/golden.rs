//! The golden cases, straight from their documents to views: every placement is taken to succeed.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use super::super::reconcile;
use super::super::view::{
    AllocationView, DeploymentGroupView, DeploymentState, DeploymentView, DisconnectRules, Facts,
    Flags, GroupRules, History, Input, NONE, NodeCondition, NodeStanding, RescheduleEvent,
    RescheduleRules, UpdateRules, VersionView,
};
use super::answer::{answer, sort};
use crate::model::{ClientStatus, DelayFunction, DesiredStatus, DisconnectReconcile, JobType};
use crate::time::{Span, Timestamp};

/// The facts of a case, read off its documents when asked for.
#[derive(Clone)]
pub(super) struct CaseFacts {
    pub(super) allocations: Vec<Value>,
    pub(super) reschedules: Vec<Vec<RescheduleEvent>>,
    /// The environment of each version's groups, which is what golden cases change.
    environments: Vec<Vec<Value>>,
    nodes: Vec<Option<Value>>,
    datacenters: Vec<String>,
    current: usize,
    group_of: Vec<usize>,
    /// By group: whether it needs nodes of the kind `a`.
    pub(super) needs_kind: Vec<bool>,
}

impl Facts for CaseFacts {
    fn tasks_updated(&mut self, version: u32, group: u32) -> bool {
        let group = group as usize;
        self.environments[version as usize][group] != self.environments[self.current][group]
    }

    fn updates_in_place(&mut self, at: usize) -> bool {
        let Some(node) = &self.nodes[at] else { return false };
        // Nodes of the cases on system jobs differ in their kind; there is room for all that runs.
        if self.needs_kind[self.group_of[at]] && node["Meta"]["kind"] != "a" {
            return false;
        }
        let datacenter = node["Datacenter"].as_str().unwrap();
        self.datacenters.iter().any(|it| it == "*" || it == datacenter)
    }

    fn history(&self, at: usize) -> History<'_> {
        let allocation = &self.allocations[at];
        let states = || items(&allocation["AllocStates"]).filter(|it| it["Field"] == 0);
        let ended = object(&allocation["TaskStates"])
            .filter_map(|(_, state)| instant(&state["FinishedAt"]))
            .max();
        let modified = Timestamp::from_nanos(allocation["ModifyTime"].as_i64().unwrap_or(0));
        let time = |status: &str| {
            let mut times =
                states().filter(|it| it["Value"] == status).filter_map(|it| instant(&it["Time"]));
            (times.next(), times.next_back())
        };
        let unknown = time("unknown");
        History {
            reschedules: &self.reschedules[at],
            ended: ended.unwrap_or(modified),
            last_unknown: unknown.1.or(unknown.0),
            first_lost: time("lost").0,
        }
    }

    fn running_since(&self, at: usize) -> Option<Timestamp> {
        object(&self.allocations[at]["TaskStates"])
            .filter_map(|(_, state)| instant(&state["StartedAt"]))
            .min()
    }

    fn top_score(&self, _: usize) -> f64 {
        0.0
    }

    fn created(&self, at: usize) -> u64 {
        self.allocations[at]["CreateTime"].as_u64().unwrap_or(0)
    }

    fn is_feasible(&mut self, _: u32, _: u32) -> bool {
        true
    }
}

fn items(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn span(value: &Value) -> Span {
    Span::from_nanos(value.as_i64().unwrap_or(0))
}

fn count(value: &Value) -> u32 {
    value.as_u64().unwrap_or(0) as u32
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or(false)
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn merged(template: &Value, own: &Value) -> Value {
    let mut merged = template.clone();
    for (key, value) in object(own) {
        merged[key] = value.clone();
    }
    merged
}

fn group_rules(group: &Value) -> GroupRules {
    let update = &group["Update"];
    let policy = &group["ReschedulePolicy"];
    let disconnect = &group["Disconnect"];
    GroupRules {
        count: count(&group["Count"]),
        update: update.is_object().then(|| UpdateRules {
            max_parallel: count(&update["MaxParallel"]),
            canary: count(&update["Canary"]),
            auto_revert: flag(&update["AutoRevert"]),
            auto_promote: flag(&update["AutoPromote"]),
            progress_deadline: span(&update["ProgressDeadline"]),
        }),
        reschedule: RescheduleRules {
            unlimited: flag(&policy["Unlimited"]),
            attempts: count(&policy["Attempts"]),
            interval: span(&policy["Interval"]),
            delay: span(&policy["Delay"]),
            function: match text(&policy["DelayFunction"]) {
                "exponential" => DelayFunction::Exponential,
                "fibonacci" => DelayFunction::Fibonacci,
                _ => DelayFunction::Constant,
            },
            delay_max: span(&policy["MaxDelay"]),
        },
        disconnect: DisconnectRules {
            lost_after: disconnect["LostAfter"].as_i64().map(Span::from_nanos),
            stop_on_client_after: disconnect["StopOnClientAfter"].as_i64().map(Span::from_nanos),
            replace: disconnect["Replace"].as_bool().unwrap_or(true),
            choice: match text(&disconnect["Reconcile"]) {
                "keep_original" => DisconnectReconcile::KeepOriginal,
                "keep_replacement" => DisconnectReconcile::KeepReplacement,
                "longest_running" => DisconnectReconcile::LongestRunning,
                _ => DisconnectReconcile::BestScore,
            },
        },
        kill_timeout: items(&group["Tasks"])
            .map(|it| span(&it["KillTimeout"]))
            .max()
            .unwrap_or(Span::ZERO),
    }
}

/// What a node is to a job.
fn standing(node: &Value, job: &Value) -> NodeStanding {
    let is_ready = node["Status"] == "ready"
        && node["SchedulingEligibility"] == "eligible"
        && node["DrainStrategy"].is_null();
    let datacenter = text(&node["Datacenter"]);
    let is_near = items(&job["Datacenters"]).any(|it| it == "*" || text(it) == datacenter);
    match (is_ready, is_near) {
        (true, true) => NodeStanding::Eligible,
        (false, _) => NodeStanding::NotReady,
        (true, false) => NodeStanding::Outside,
    }
}

/// A case as views.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) document: Value,
    pub(super) groups: Vec<String>,
    pub(super) versions: Vec<VersionView>,
    pub(super) views: Vec<AllocationView>,
    pub(super) deployment: Option<DeploymentView>,
    pub(super) facts: CaseFacts,
    pub(super) is_stopped: bool,
    pub(super) now: Timestamp,
    pub(super) job_type: JobType,
    pub(super) nodes: Vec<Value>,
    pub(super) standings: Vec<NodeStanding>,
}

fn job_type(name: &str) -> JobType {
    match name {
        "batch" => JobType::Batch,
        "system" => JobType::System,
        "sysbatch" => JobType::Sysbatch,
        _ => JobType::Service,
    }
}

fn group_names(case: &Value) -> Vec<String> {
    let mut names: Vec<String> = items(&case["jobs"])
        .next_back()
        .into_iter()
        .flat_map(|job| items(&job["TaskGroups"]))
        .map(|group| text(&group["Name"]).to_owned())
        .collect();
    let mut others: Vec<String> = items(&case["allocs"])
        .map(|it| text(&it["TaskGroup"]).to_owned())
        .filter(|name| !names.contains(name))
        .collect();
    others.sort();
    others.dedup();
    names.extend(others);
    names
}

fn condition(node: Option<&Value>) -> NodeCondition {
    let Some(node) = node else { return NodeCondition::Missing };
    match (text(&node["Status"]), node["DrainStrategy"].is_object()) {
        ("down", _) => NodeCondition::Down,
        ("disconnected", _) => NodeCondition::Disconnected,
        ("ready", true) => NodeCondition::Draining,
        (_, true) => NodeCondition::DrainingUnready,
        _ => NodeCondition::Fine,
    }
}

fn flags(allocation: &Value) -> Flags {
    let transition = &allocation["DesiredTransition"];
    let states: Vec<&Value> = object(&allocation["TaskStates"]).map(|(_, state)| state).collect();
    let ran =
        !states.is_empty() && states.iter().all(|it| it["State"] == "dead" && !flag(&it["Failed"]));
    let last = items(&allocation["AllocStates"]).rfind(|it| it["Field"] == 0);
    let list = [
        (flag(&transition["Migrate"]), Flags::MIGRATE),
        (flag(&transition["Reschedule"]), Flags::RESCHEDULE),
        (flag(&transition["ForceReschedule"]), Flags::FORCE_RESCHEDULE),
        (flag(&transition["MigrateDisablePlacement"]), Flags::MIGRATE_DISABLE_PLACEMENT),
        (flag(&allocation["DeploymentStatus"]["Canary"]), Flags::CANARY),
        (ran, Flags::RAN_SUCCESSFULLY),
        (last.is_some_and(|it| it["Value"] == "unknown"), Flags::LAST_UNKNOWN),
    ];
    list.iter().filter(|it| it.0).fold(Flags::default(), |all, it| all.with(it.1))
}

fn number_in(name: &str) -> u32 {
    let digits = name.rsplit_once('[').and_then(|it| it.1.strip_suffix(']'));
    digits.and_then(|it| it.parse().ok()).unwrap()
}

impl Case {
    fn new(file: &Value, case: &Value) -> Case {
        let groups = group_names(case);
        let mut allocations: Vec<Value> =
            items(&case["allocs"]).map(|it| merged(&file["alloc_template"], it)).collect();
        let group_of =
            |it: &Value| groups.iter().position(|name| it["TaskGroup"] == **name).unwrap();
        allocations.sort_by_key(group_of);
        let nodes: Vec<Value> =
            items(&case["nodes"]).map(|it| merged(&file["node_template"], it)).collect();
        let node_of = |it: &Value| nodes.iter().find(|node| node["ID"] == it["NodeID"]).cloned();
        let jobs: Vec<&Value> = items(&case["jobs"]).collect();
        let environments = jobs.iter().map(|job| environments(job, &groups)).collect();
        let job = jobs.last().unwrap();
        let facts = CaseFacts {
            reschedules: allocations.iter().map(events).collect(),
            nodes: allocations.iter().map(node_of).collect(),
            environments,
            datacenters: items(&job["Datacenters"]).map(|it| text(it).to_owned()).collect(),
            current: jobs.len() - 1,
            group_of: allocations.iter().map(group_of).collect(),
            needs_kind: groups.iter().map(|name| needs_kind(job, name)).collect(),
            allocations,
        };
        let mut made = Case {
            name: text(&case["name"]).to_owned(),
            document: case.clone(),
            versions: jobs.iter().enumerate().map(|(at, it)| version(at, it, &groups)).collect(),
            views: Vec::new(),
            deployment: None,
            is_stopped: flag(&job["Stop"]),
            now: instant(&case["now"]).unwrap(),
            job_type: job_type(text(&job["Type"])),
            standings: nodes.iter().map(|node| standing(node, job)).collect(),
            nodes,
            groups,
            facts,
        };
        made.views = made.views();
        made.deployment = made.deployment();
        made
    }

    /// The place of an allocation's document.
    fn place(&self, id: &Value) -> u32 {
        let place = self.facts.allocations.iter().position(|it| it["ID"] == *id);
        place.map_or(NONE, |it| it as u32)
    }

    fn views(&self) -> Vec<AllocationView> {
        let mut follow_ups = vec![text(&self.document["eval"]["ID"]).to_owned()];
        let of = |(at, it): (usize, &Value)| AllocationView {
            handle: at as u32,
            group: self.groups.iter().position(|name| it["TaskGroup"] == **name).unwrap() as u32,
            name_index: number_in(text(&it["Name"])),
            version: count(&it["JobVersion"]),
            node: self
                .nodes
                .iter()
                .position(|node| node["ID"] == it["NodeID"])
                .map_or(NONE, |at| at as u32),
            deployment: match text(&it["DeploymentID"]) {
                "" => NONE,
                id if id == text(&self.document["deployment"]["ID"]) => 0,
                _ => 1,
            },
            follow_up: match text(&it["FollowupEvalID"]) {
                "" => NONE,
                id => follow_ups.iter().position(|it| it == id).map_or_else(
                    || {
                        follow_ups.push(id.to_owned());
                        follow_ups.len() as u32 - 1
                    },
                    |at| at as u32,
                ),
            },
            next: match text(&it["NextAllocation"]) {
                "" => NONE,
                // A replacement that is not among them is one all the same.
                _ => self.place(&it["NextAllocation"]).min(NONE - 1),
            },
            desired: DesiredStatus::from_text(text(&it["DesiredStatus"])).unwrap(),
            client: ClientStatus::from_text(text(&it["ClientStatus"])).unwrap(),
            condition: condition(self.facts.nodes[at].as_ref()),
            healthy: it["DeploymentStatus"]["Healthy"].as_bool(),
            flags: flags(it),
        };
        self.facts.allocations.iter().enumerate().map(of).collect()
    }

    fn deployment(&self) -> Option<DeploymentView> {
        let document = &self.document["deployment"];
        document.is_object().then(|| DeploymentView {
            handle: 0,
            version: document["JobVersion"].as_u64().unwrap(),
            create_index: 1,
            status: match text(&document["Status"]) {
                "running" => DeploymentState::Running,
                "paused" => DeploymentState::Paused,
                "failed" => DeploymentState::Failed,
                "successful" => DeploymentState::Successful,
                "cancelled" => DeploymentState::Cancelled,
                other => unreachable!("{other}"),
            },
            groups: self
                .groups
                .iter()
                .map(|name| self.deployment_group(&document["TaskGroups"][name.as_str()]))
                .collect(),
        })
    }

    fn deployment_group(&self, state: &Value) -> Option<DeploymentGroupView> {
        let mut placed: Vec<u32> =
            items(&state["PlacedCanaries"]).map(|id| self.place(id)).collect();
        placed.retain(|at| *at != NONE);
        placed.sort_unstable();
        state.is_object().then(|| DeploymentGroupView {
            promoted: flag(&state["Promoted"]),
            desired_canaries: count(&state["DesiredCanaries"]),
            desired_total: count(&state["DesiredTotal"]),
            healthy: count(&state["HealthyAllocs"]),
            placed_canaries: placed,
        })
    }
}

fn environments(job: &Value, groups: &[String]) -> Vec<Value> {
    let of = |name: &String| {
        items(&job["TaskGroups"])
            .find(|group| group["Name"] == **name)
            .map_or(Value::Null, |group| group["Tasks"][0]["Env"].clone())
    };
    groups.iter().map(of).collect()
}

/// Whether a group has the one constraint that the cases know.
fn needs_kind(job: &Value, name: &str) -> bool {
    let groups = items(&job["TaskGroups"]).filter(|group| group["Name"] == *name);
    let of_groups = groups.flat_map(|group| items(&group["Constraints"]));
    of_groups.chain(items(&job["Constraints"])).next().is_some()
}

fn version(at: usize, job: &Value, groups: &[String]) -> VersionView {
    let rules = |name: &String| {
        items(&job["TaskGroups"]).find(|group| group["Name"] == **name).map(group_rules)
    };
    VersionView {
        version: at as u64,
        create_index: 1,
        job_modify_index: at as u64,
        groups: groups.iter().map(rules).collect(),
    }
}

fn events(allocation: &Value) -> Vec<RescheduleEvent> {
    items(&allocation["RescheduleTracker"]["Events"])
        .map(|it| RescheduleEvent {
            at: Timestamp::from_nanos(it["RescheduleTime"].as_i64().unwrap()),
            delay: span(&it["Delay"]),
        })
        .collect()
}

/// The folder of the cases.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden_lifecycle")
}

/// Compares all cases of a file; what differs is told.
fn compare(file: &str) -> (usize, usize, String) {
    let read = std::fs::read_to_string(folder().join(file)).unwrap();
    let file: Value = serde_json::from_str(&read).unwrap();
    let (mut agreed, mut total, mut told) = (0, 0, String::new());
    for document in items(&file["cases"]) {
        let case = Case::new(&file, document);
        let mut by_name: Vec<u32> = (0..case.groups.len() as u32).collect();
        by_name.sort_by_key(|at| &case.groups[*at as usize]);
        let input = Input {
            now: case.now,
            job_type: case.job_type,
            is_stopped: case.is_stopped,
            current: case.versions.len() as u32 - 1,
            versions: &case.versions,
            groups: case.groups.len() as u32,
            allocations: &case.views,
            deployment: case.deployment.as_ref().filter(|_| case.job_type == JobType::Service),
            evaluation: 0,
            nodes: &case.standings,
            groups_by_name: &by_name,
            first_api: None,
        };
        let mut facts = case.facts.clone();
        let changes = reconcile(&input, &mut facts);
        let found = answer(&case, &changes);
        let mut expected = document["expect"].clone();
        for key in ["stops", "placements", "updates", "deployments"] {
            sort(&mut expected[key]);
        }
        total += 1;
        if found == expected {
            agreed += 1;
            continue;
        }
        for (key, value) in object(&expected).filter(|(key, value)| found[key.as_str()] != **value)
        {
            let name = &case.name;
            writeln!(told, "{name} {key}\n  expected {value}\n  found    {}", found[key]).unwrap();
        }
    }
    (agreed, total, told)
}

#[test]
fn cases_agree() {
    let (mut agreed, mut total, mut told) = (0, 0, String::new());
    for file in ["plain.json", "deploy.json", "disconnect.json", "system.json"] {
        let (agreed_here, total_here, told_here) = compare(file);
        agreed += agreed_here;
        total += total_here;
        told.push_str(&told_here);
    }
    assert_eq!(agreed, total, "AGREE {agreed} of {total} cases\n{told}");
}
