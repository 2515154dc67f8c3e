//! Scenarios that a real server (Nomad 1.1.2) went through, evaluation by evaluation: what each of them
//! placed, stopped and created there is compared with what processing it on the same documents comes to.
//! Nodes are shuffled there and few of them looked at, so that which of several nodes was taken is not
//! compared, but that the score of ours is at least theirs for the first allocation.
//!
//! The recordings lie outside the package, in a folder `shared` beside it, and users don't have them.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "common/shared.rs"]
#[allow(dead_code, unreachable_pub, reason = "what tests share")]
mod shared;

use std::fmt::Debug;
use std::fs;

use indexmap::IndexMap;
use serde_json::Value;
use stowplan::model::{
    Allocation, AllocationMetrics, Deployment, DeploymentState, DesiredUpdates, Evaluation, Job,
    Node, NodeSpec, read,
};
use stowplan::schedule::{Decision, JobState, decide};
use stowplan::{Cluster, Inventory, PlaceOptions, Preemption, Timestamp};

fn items(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn find<'a>(list: &'a Value, id: &str) -> Option<&'a Value> {
    items(list).find(|it| text(it, "ID") == id)
}

/// What is known of the cluster between two evaluations.
struct World {
    nodes: Vec<Node>,
    options: PlaceOptions,
    /// The allocations of other jobs.
    others: Vec<Allocation>,
    others_jobs: Vec<Job>,
    /// The versions of the job, oldest first.
    versions: Vec<Job>,
    /// Which version each allocation runs; the answers do not tell.
    ran: IndexMap<String, u64>,
    /// The job as the server last answered for it.
    before: Value,
    deployments: Vec<Deployment>,
    told: Vec<String>,
    evaluations: usize,
}

/// Gives a job the number and the indexes of its version.
fn registered(document: &Value, versions: &[Job], index: u64) -> Job {
    let spec = read::job(document.to_string()).unwrap();
    let job = Job::registered(spec, versions.last()).unwrap_or_else(|it| panic!("{it}"));
    let numbered = job.changed(|spec| {
        spec.version = versions.len() as u64;
        spec.create_index = versions.first().map_or(index, |first| first.create_index);
        (spec.modify_index, spec.job_modify_index) = (index, index);
    });
    numbered.unwrap()
}

impl World {
    fn new(recording: &Value) -> World {
        let config = &recording["scheduler_config"];
        let is_on = |key: &str| config["PreemptionConfig"][key].as_bool().unwrap_or(false);
        let preemption = Preemption {
            service: is_on("ServiceSchedulerEnabled"),
            batch: is_on("BatchSchedulerEnabled"),
            system: is_on("SystemSchedulerEnabled"),
            ..Preemption::none()
        };
        let oversubscription = config["MemoryOversubscriptionEnabled"].as_bool().unwrap_or(false);
        let options = PlaceOptions::default().preemption(preemption);
        let node = |node: &Value| Node::from_json(node.to_string()).unwrap();
        World {
            nodes: items(&recording["nodes_api"]).map(node).collect(),
            options: options.memory_oversubscription(oversubscription),
            others: Vec::new(),
            others_jobs: Vec::new(),
            versions: Vec::new(),
            ran: IndexMap::new(),
            before: Value::Null,
            deployments: Vec::new(),
            told: Vec::new(),
            evaluations: 0,
        }
    }

    /// Takes over what another job has.
    fn add_other(&mut self, job: &Value, after: &Value) {
        let job = registered(job, &[], 1);
        // They were asked for after what came later had evicted some of them.
        let as_it_was = |document: &Value| Allocation {
            desired_status: "run".into(),
            desired_description: String::new(),
            ..read_allocation(document)
        };
        self.others.extend(items(&after["allocations"]).map(as_it_was));
        self.others_jobs.push(job);
    }

    fn change_node(&mut self, name: &str, change: impl Fn(&mut NodeSpec)) {
        let at = self.nodes.iter().position(|node| node.name == name).unwrap();
        self.nodes[at] = self.nodes[at].changed(change).unwrap();
    }

    /// The allocations of the job as they were when the first evaluation of a step was processed: what
    /// clients and people say is already known, what schedulers do is not.
    fn allocations(&self, after: &Value) -> Vec<Allocation> {
        let as_it_was = |before: &Value| {
            let mut allocation = read_allocation(before);
            allocation.job_version = self.ran.get(&allocation.id).copied();
            if let Some(now) = find(&after["allocations"], text(before, "ID")) {
                let now = read_allocation(now);
                // What is lost is found so by a scheduler.
                if now.client_status != "lost" {
                    allocation.client_status = now.client_status;
                }
                allocation.task_states = now.task_states;
                allocation.deployment_status = now.deployment_status;
                allocation.desired_transition = now.desired_transition;
                allocation.modify_time = now.modify_time;
            }
            allocation
        };
        items(&self.before["allocations"]).map(as_it_was).collect()
    }

    /// Checks the evaluations that a step processed, one after the other.
    fn step(&mut self, name: &str, after: &Value, plan: &Value) {
        let was = |id: &str| find(&self.before["evaluations"], id).map(|it| text(it, "Status"));
        let is_processed = |it: &&Value| {
            let before = was(text(it, "ID"));
            text(it, "Status") == "complete" && before != Some("complete")
        };
        let mut processed: Vec<&Value> =
            items(&after["evaluations"]).filter(is_processed).collect();
        processed.sort_by_key(|it| it["ModifyIndex"].as_u64());
        let mut allocations = self.allocations(after);
        self.hear_of_deployment(after);
        let mut since = 0;
        for evaluation in processed {
            self.evaluations += 1;
            let context = format!("{name}, {}", text(evaluation, "TriggeredBy"));
            let recorded = Recorded::new(&allocations, evaluation, after, since);
            since = evaluation["ModifyIndex"].as_u64().unwrap();
            let decision = self.decide(&allocations, evaluation);
            self.compare(&context, &decision, &recorded, after);
            if text(evaluation, "TriggeredBy") == "job-register" {
                self.compare_figures(&context, &decision, plan);
            }
            recorded.apply(&mut allocations, after);
            let version = self.versions.last().unwrap().version;
            self.ran.extend(recorded.placed_ids.iter().map(|id| (id.clone(), version)));
            for it in &mut allocations {
                it.job_version = self.ran.get(&it.id).copied();
            }
        }
        self.before = after.clone();
        if after["deployment"].is_object() {
            let latest: Deployment = serde_json::from_value(after["deployment"].clone()).unwrap();
            self.deployments.retain(|it| it.id != latest.id);
            self.deployments.push(latest);
        }
    }

    /// Takes over what clients and people changed of the latest deployment.
    fn hear_of_deployment(&mut self, after: &Value) {
        let Some(id) = after["deployment"]["ID"].as_str() else { return };
        if let Some(known) = self.deployments.iter_mut().find(|it| it.id == id) {
            let now: Deployment = serde_json::from_value(after["deployment"].clone()).unwrap();
            known.task_groups = now.task_groups;
        }
    }

    fn decide(&self, allocations: &[Allocation], evaluation: &Value) -> Decision {
        let mut evaluation: Evaluation = serde_json::from_value(evaluation.clone()).unwrap();
        evaluation.status = "pending".into();
        evaluation.blocked_eval = String::new();
        if evaluation.triggered_by == "queued-allocs" {
            evaluation.status = "blocked".into();
        }
        let now = Timestamp::from_nanos(evaluation.modify_time);
        let known = JobState {
            versions: self.versions.clone(),
            allocations: allocations.to_vec(),
            deployments: self.deployments.clone(),
            waiting: Vec::new(),
        };
        let inventory = Inventory::new(self.nodes.iter().cloned()).unwrap();
        let all = self.others.iter().chain(allocations).cloned();
        let jobs: Vec<Job> = self.others_jobs.iter().chain(&self.versions).cloned().collect();
        let inventory = inventory.with_allocations(all).unwrap().with_jobs(&jobs);
        let cluster = Cluster::from_inventory(&inventory, 0);
        decide(&cluster, &known, &evaluation, &self.options, now)
    }

    /// The figures of the dry run before it.
    fn compare_figures(&mut self, context: &str, decision: &Decision, plan: &Value) {
        for (group, recorded) in
            plan["Annotations"]["DesiredTGUpdates"].as_object().into_iter().flatten()
        {
            let recorded: DesiredUpdates = serde_json::from_value(recorded.clone()).unwrap();
            let ours = decision.figures.get(group).cloned().unwrap_or_default();
            // Evictions are counted elsewhere.
            let recorded = DesiredUpdates { preemptions: ours.preemptions, ..recorded };
            if ours != recorded {
                self.told.push(format!("{context}: {ours:?}, recorded {recorded:?}"));
            }
        }
    }

    fn differ(&mut self, context: &str, what: &str, ours: &impl Debug, theirs: &impl Debug) {
        let (ours, theirs) = (format!("{ours:?}"), format!("{theirs:?}"));
        if ours != theirs {
            self.told.push(format!("{context}: {what}: {ours}, recorded {theirs}"));
        }
    }

    fn compare(&mut self, context: &str, decision: &Decision, recorded: &Recorded, after: &Value) {
        let is_system = recorded.evaluation["Type"] == "system";
        let placed = decision.placements.iter();
        let mut ours: Vec<String> = placed
            .map(|it| placed_text(&it.name, &it.previous_allocation, &it.node_id, is_system))
            .collect();
        ours.sort();
        self.differ(context, "placed", &ours, &recorded.placed);
        let mut ours: Vec<String> = decision.stops.iter().map(|it| it.id.clone()).collect();
        ours.sort();
        self.differ(context, "stopped", &ours, &recorded.stopped);
        let theirs: Evaluation = serde_json::from_value(recorded.evaluation.clone()).unwrap();
        let ours = &decision.evaluation;
        let (failed, recorded_failed) = (&ours.failed_tg_allocs, &theirs.failed_tg_allocs);
        self.differ(context, "failed", &counts(failed), &counts(recorded_failed));
        self.differ(context, "queued", &ours.queued_allocations, &theirs.queued_allocations);
        let created = decision.created.iter().map(|it| {
            let wait = it.wait_until.map(|at| at.since(Timestamp::from_nanos(theirs.modify_time)));
            let seconds = wait.map(|wait| (wait.as_nanos() + 500_000_000) / 1_000_000_000);
            format!("{} {} {seconds:?}", it.triggered_by, it.status)
        });
        let mut created: Vec<String> = created.collect();
        created.sort();
        self.differ(context, "created", &created, &recorded.created);
        self.compare_deployments(context, decision, after);
        if !is_system {
            self.compare_scores(context, decision, recorded);
        }
    }

    fn compare_deployments(&mut self, context: &str, decision: &Decision, after: &Value) {
        let ours = decision.deployment.as_ref();
        let new = find_new_deployment(&self.deployments, after);
        let status = |it: &Deployment| (it.status.clone(), it.status_description.clone());
        self.differ(context, "deployment", &ours.map(status), &new.as_ref().map(status));
        let totals = |it: &Deployment| {
            let group = |(name, it): (&String, &DeploymentState)| {
                let flags = (it.auto_revert, it.auto_promote, it.promoted);
                format!("{name} {} {} {flags:?}", it.desired_total, it.desired_canaries)
            };
            it.task_groups.iter().map(group).collect::<Vec<_>>()
        };
        self.differ(context, "totals", &ours.map(totals), &new.as_ref().map(totals));
    }

    /// Ours looks at every node, theirs at few: the first allocation cannot be worse.
    fn compare_scores(&mut self, context: &str, decision: &Decision, recorded: &Recorded) {
        let best = |it: &Allocation| {
            let scores = it.metrics.iter().flat_map(|metrics| &metrics.score_meta_data);
            scores.map(|score| score.norm_score).fold(f64::MIN, f64::max)
        };
        // What is scored where something is evicted is one of the differences on purpose.
        if let (Some(ours), Some(theirs)) = (decision.placements.first(), &recorded.first)
            && theirs.preempted_allocations.is_empty()
            && best(ours) + 1e-9 < best(theirs)
        {
            self.told.push(format!("{context}: {} is less than {}", best(ours), best(theirs)));
        }
    }
}

/// What is told of groups that could not be placed whole.
fn counts(failed: &IndexMap<String, AllocationMetrics>) -> Vec<String> {
    let of_group = |(group, it): (&String, &AllocationMetrics)| {
        let (filtered, exhausted) = (it.nodes_filtered, it.nodes_exhausted);
        let counts = (it.nodes_evaluated, filtered, exhausted, it.coalesced_failures);
        format!("{group} {counts:?} {:?}", it.dimension_exhausted)
    };
    failed.iter().map(of_group).collect()
}

/// What is told of an allocation that was placed. A system job's has its node.
fn placed_text(name: &str, previous: &str, node_id: &str, is_system: bool) -> String {
    let node_id = if is_system { node_id } else { "" };
    format!("{name} for {previous:?} {node_id}")
}

fn read_allocation(document: &Value) -> Allocation {
    serde_json::from_value(document.clone()).unwrap()
}

/// The deployment that came with a step.
fn find_new_deployment(before: &[Deployment], after: &Value) -> Option<Deployment> {
    let document = after["deployment"].as_object()?;
    let latest: Deployment = serde_json::from_value(Value::Object(document.clone())).unwrap();
    let is_known = before.iter().any(|it| it.id == latest.id);
    // A later evaluation of the same step may have ended it.
    (!is_known).then_some(latest)
}

/// What the server did for one evaluation.
struct Recorded {
    evaluation: Value,
    /// Names, each with what it takes the place of.
    placed: Vec<String>,
    placed_ids: Vec<String>,
    first: Option<Allocation>,
    stopped: Vec<String>,
    created: Vec<String>,
}

impl Recorded {
    fn new(before: &[Allocation], evaluation: &Value, after: &Value, since: u64) -> Recorded {
        let id = text(evaluation, "ID");
        let known = |id: &str| before.iter().find(|it| it.id == id);
        let placed: Vec<&Value> = items(&after["allocations"])
            .filter(|it| text(it, "EvalID") == id && known(text(it, "ID")).is_none())
            .collect();
        let mut names: Vec<String> = placed
            .iter()
            .map(|it| {
                let (name, previous) = (text(it, "Name"), text(it, "PreviousAllocation"));
                placed_text(name, previous, text(it, "NodeID"), evaluation["Type"] == "system")
            })
            .collect();
        names.sort();
        let until = evaluation["ModifyIndex"].as_u64().unwrap();
        let stops = |it: &&Value| {
            let id = text(it, "ID");
            let ran = known(id).is_some_and(|before| before.desired_status == "run");
            let changed = it["AllocModifyIndex"].as_u64().unwrap();
            let in_time = since < changed && changed <= until;
            ran && text(it, "DesiredStatus") != "run" && in_time
        };
        let mut stopped: Vec<String> = items(&after["allocations"])
            .filter(stops)
            .map(|it| text(it, "ID").to_owned())
            .collect();
        stopped.sort();
        let now = evaluation["ModifyTime"].as_i64().unwrap_or(0);
        let children = items(&after["evaluations"]).filter(|it| {
            text(it, "PreviousEval") == id || text(evaluation, "BlockedEval") == text(it, "ID")
        });
        let mut created: Vec<String> = children
            .map(|it| {
                let at: Option<Timestamp> = text(it, "WaitUntil").parse().ok();
                let wait = at.map(|at| at.as_nanos() - now).filter(|wait| *wait > i64::MIN / 4);
                let seconds = wait.map(|wait| (wait + 500_000_000) / 1_000_000_000);
                // That version calls what looks again after a delay by the name of what came before it
                // (docs/lifecycle.md, section 1: `alloc-reschedule`).
                let trigger = match (text(it, "TriggeredBy"), seconds) {
                    ("alloc-failure", Some(_)) => "alloc-reschedule",
                    (trigger, _) => trigger,
                };
                format!("{trigger} {} {seconds:?}", text(it, "Status"))
            })
            .collect();
        created.sort();
        Recorded {
            evaluation: evaluation.clone(),
            placed: names,
            placed_ids: placed.iter().map(|it| text(it, "ID").to_owned()).collect(),
            first: placed.first().map(|it| read_allocation(it)),
            stopped,
            created,
        }
    }

    /// Makes the changes in the documents.
    fn apply(&self, allocations: &mut Vec<Allocation>, after: &Value) {
        for it in allocations.iter_mut().filter(|it| self.stopped.contains(&it.id)) {
            if let Some(now) = find(&after["allocations"], &it.id) {
                *it = read_allocation(now);
            }
        }
        let placed = self.placed_ids.iter().filter_map(|id| find(&after["allocations"], id));
        allocations.extend(placed.map(read_allocation));
    }
}

/// Goes through one recording, and tells what differs and how many evaluations there were.
fn go_through(recording: &Value) -> (Vec<String>, usize) {
    let name = text(recording, "name");
    let run = &recording["runs"][0];
    let mut world = World::new(recording);
    for (setup, after) in items(&recording["setup"]).zip(items(&run["setup_after"])) {
        world.add_other(&setup["job"], after);
    }
    let index = |register: &Value| {
        let body = if register["body"].is_object() { &register["body"] } else { register };
        body["JobModifyIndex"].as_u64().unwrap_or(10)
    };
    world.versions.push(registered(&recording["job"], &[], index(&run["register"])));
    world.step(name, &run["after"], &run["plan"]);
    for step in items(&run["steps"]) {
        let kind = text(step, "step");
        if step["job"].is_object() {
            let job = registered(&step["job"], &world.versions, index(&step["register"]));
            world.versions.push(job);
        }
        match kind {
            "down-one" => {
                world.change_node(text(step, "node"), |node| node.status = "down".into());
            }
            "drain-one" => world.change_node(text(step, "node"), |node| {
                node.drain = true;
                node.scheduling_eligibility = "ineligible".into();
            }),
            // Another job leaves room.
            "stop" if !world.others.is_empty() => {
                for it in &mut world.others {
                    it.client_status = "complete".into();
                    it.desired_status = "stop".into();
                }
            }
            "stop" => {
                let stopped = world.versions.last().unwrap().changed(|spec| spec.stop = true);
                *world.versions.last_mut().unwrap() = stopped.unwrap();
            }
            _ => {}
        }
        world.step(&format!("{name}, step {kind}"), &step["after"], &step["plan"]);
    }
    (world.told, world.evaluations)
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn evaluations_come_to_what_a_real_server_did() {
    let paths = shared::json_files(&shared::folder("data/scheduling"));
    let (mut told, mut evaluations) = (Vec::new(), 0);
    for path in &paths {
        let recording: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let (differences, count) = go_through(&recording);
        told.extend(differences);
        evaluations += count;
    }
    println!("{} scenarios, {evaluations} evaluations", paths.len());
    assert!(told.is_empty(), "{} differences\n{}", told.len(), told.join("\n"));
    assert!(paths.len() >= 34 && evaluations >= 45, "{} {evaluations}", paths.len());
}
