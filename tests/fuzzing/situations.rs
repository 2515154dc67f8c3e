//! Evaluations: files of any bytes, and any states of a job from bytes. What an evaluation comes to makes
//! sense by itself, and is the same each time.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use stowplan::PlaceOptions;
use stowplan::model::Allocation;
use stowplan::schedule::{Decision, Situation};
use stowplan::testing::Bytes;

use super::documents::printable;

/// More than this is not asked for: fuzzing is for many small inputs.
const MOST_WANTED: u64 = 60;
const MOST_GROUPS: usize = 4;

/// Bytes as the file of `stowplan evaluate`.
pub(crate) fn evaluate(data: &[u8]) {
    match Situation::from_json(data) {
        Ok(situation) => check(&situation),
        Err(errors) => {
            assert!(!errors.problems().is_empty(), "refused without a reason");
            printable(&errors);
        }
    }
}

/// Bytes as a state of a job: all of them are taken.
pub(crate) fn reconcile(data: &[u8]) {
    let document = Writer { bytes: Bytes::new(data) }.situation();
    let situation = Situation::from_json(document.to_string());
    check(&situation.unwrap_or_else(|errors| panic!("a state is refused: {errors}")));
}

fn check(situation: &Situation) {
    let versions = &situation.known.versions;
    let groups = versions.iter().flat_map(|job| &job.task_groups);
    let wanted: u64 = groups.clone().map(|group| u64::from(group.count())).sum();
    if wanted > MOST_WANTED || groups.count() > MOST_GROUPS * 3 {
        return;
    }
    let options = PlaceOptions::default();
    let decision = situation.decide(&options);
    let again = situation.decide(&options);
    let answers = [&decision, &again].map(|it| it.answer(&situation.known, situation.now));
    assert_eq!(answers[0], answers[1], "decided otherwise the second time");
    makes_sense(situation, &decision);
}

/// What holds of every decision.
fn makes_sense(situation: &Situation, decision: &Decision) {
    let ids = |list: &[Allocation]| list.iter().map(|it| it.id.clone()).collect::<BTreeSet<_>>();
    let known = ids(&situation.known.allocations);
    let (stops, updates) = (ids(&decision.stops), ids(&decision.updates));
    assert!(stops.is_subset(&known) && updates.is_subset(&known), "of what there is not");
    assert_eq!(stops.len(), decision.stops.len(), "something stops twice");
    let placed = ids(&decision.placements);
    assert_eq!(placed.len(), decision.placements.len(), "an identity is given out twice");
    let in_place: BTreeSet<String> = decision.in_place.iter().cloned().collect();
    assert!(in_place.is_subset(&updates), "updated in place and not written");
    assert!(in_place.is_disjoint(&stops), "updated in place and stopped");
    let is_stopped = situation.known.versions.last().is_none_or(|job| job.stop);
    for placement in &decision.placements {
        assert!(!is_stopped, "placed of a job that is stopped");
        let node = situation.cluster.node(&placement.node_id);
        assert!(node.is_some_and(|node| node.is_ready()), "placed on a node that is not ready");
        let replaced = &placement.previous_allocation;
        assert!(replaced.is_empty() || known.contains(replaced), "in place of nothing");
    }
    let failed = &decision.evaluation.failed_tg_allocs;
    let is_blocked = decision.created.iter().any(|it| it.status == "blocked");
    assert!(!is_blocked || !failed.is_empty(), "waits for room and lacks none");
    let status = decision.evaluation.status.as_str();
    assert!(matches!(status, "complete" | "failed" | "blocked"), "`{status}`");
    assert_eq!(decision.is_reblocked, status == "blocked");
}

const CLIENT: [&str; 6] = ["pending", "running", "complete", "failed", "lost", "unknown"];
const TRIGGERS: [&str; 8] = [
    "job-register",
    "node-update",
    "alloc-failure",
    "queued-allocs",
    "deployment-watcher",
    "job-deregister",
    "max-disconnect-timeout",
    "alloc-reschedule",
];
const SECOND: u64 = 1_000_000_000;
/// 2026-01-01T00:00:00Z.
const NOW: u64 = 1_767_225_600 * SECOND;

/// Makes documents of bytes.
struct Writer<'a> {
    bytes: Bytes<'a>,
}

impl Writer<'_> {
    fn situation(&mut self) -> Value {
        let job_type = self.bytes.pick(&["service", "batch", "system", "sysbatch", "service"]);
        let versions = 1 + self.bytes.below(3);
        let jobs: Vec<Value> = (0..versions).map(|_| self.job(job_type)).collect();
        let nodes: Vec<Value> = (0..self.bytes.below(5)).map(|at| self.node(at)).collect();
        let deployment = if self.bytes.one_in(3) { Value::Null } else { self.deployment(versions) };
        let allocs: Vec<Value> =
            (0..self.bytes.below(12)).map(|at| self.allocation(at, versions)).collect();
        let eval = json!({
            "ID": "e0", "JobID": "web", "Type": job_type, "Priority": 50,
            "TriggeredBy": self.bytes.pick(&TRIGGERS),
            "Status": self.bytes.pick(&["pending", "blocked"]),
        });
        json!({
            "now": "2026-01-01T00:00:00Z", "nodes": nodes, "jobs": jobs, "allocs": allocs,
            "deployment": deployment, "eval": eval,
        })
    }

    fn seconds(&mut self) -> u64 {
        self.bytes.pick(&[0, 1, 30, 600, 3_600]) * SECOND
    }

    fn job(&mut self, job_type: &str) -> Value {
        let groups: Vec<Value> = ["a", "b"].iter().map(|name| self.group(name)).collect();
        let groups = if self.bytes.one_in(3) { groups } else { groups[..1].to_vec() };
        let mut job = json!({
            "ID": "web", "Type": job_type, "Priority": 50, "TaskGroups": groups,
            "Stop": self.bytes.one_in(12), "AllAtOnce": self.bytes.one_in(8),
        });
        // The first API's way of rolling out.
        if self.bytes.one_in(8) {
            let (stagger, limit) = (self.seconds(), self.bytes.below(3));
            job["Update"] = json!({"Stagger": stagger, "MaxParallel": limit});
        }
        job
    }

    fn group(&mut self, name: &str) -> Value {
        let mut group = json!({
            "Name": name, "Count": self.bytes.below(6),
            "Tasks": [{
                "Name": "t", "Driver": "docker",
                "Env": {"V": self.bytes.pick(&["1", "2"])},
                "Resources": {"CPU": self.bytes.pick(&[100, 500, 900]), "MemoryMB": 100},
            }],
        });
        if !self.bytes.one_in(3) {
            let (canary, deadline) = (self.bytes.below(3), self.seconds());
            group["Update"] = json!({
                "MaxParallel": self.bytes.below(4), "Canary": canary, "ProgressDeadline": deadline,
                "AutoPromote": self.bytes.one_in(2) && canary > 0, "AutoRevert": self.bytes.one_in(2),
            });
        }
        if !self.bytes.one_in(3) {
            let (delay, interval) = (self.seconds(), self.seconds());
            group["ReschedulePolicy"] = json!({
                "Attempts": self.bytes.below(3), "Interval": interval, "Delay": delay,
                "DelayFunction": self.bytes.pick(&["constant", "exponential", "fibonacci"]),
                "MaxDelay": self.seconds(), "Unlimited": self.bytes.one_in(2),
            });
        }
        if self.bytes.one_in(3) {
            group["Disconnect"] = json!({
                "LostAfter": self.seconds(), "Replace": self.bytes.one_in(2),
                "Reconcile": self.bytes.pick(&["best_score", "keep_original", "longest_running"]),
            });
        }
        group
    }

    fn node(&mut self, at: usize) -> Value {
        let status = self.bytes.pick(&["ready", "ready", "ready", "down", "disconnected"]);
        let is_eligible = !self.bytes.one_in(5);
        json!({
            "ID": format!("n{at}"), "Datacenter": "dc1", "Status": status,
            "SchedulingEligibility": if is_eligible { "eligible" } else { "ineligible" },
            "Drain": self.bytes.one_in(6),
            "Attributes": {"driver.docker": "1"},
            "NodeResources": {
                "Cpu": {"CpuShares": self.bytes.pick(&[400, 1000, 4000])},
                "Memory": {"MemoryMB": 4000}, "Disk": {"DiskMB": 50_000},
            },
        })
    }

    fn allocation(&mut self, at: usize, versions: usize) -> Value {
        let (group, index) = (self.bytes.pick(&["a", "a", "b", "gone"]), self.bytes.below(7));
        let client = self.bytes.pick(&CLIENT);
        let mut allocation = json!({
            "ID": format!("a{at}"), "Name": format!("web.{group}[{index}]"), "JobID": "web",
            "TaskGroup": group, "NodeID": format!("n{}", self.bytes.below(5)),
            "JobVersion": self.bytes.below(versions),
            "DesiredStatus": self.bytes.pick(&["run", "run", "run", "stop", "evict", "failed"]),
            "ClientStatus": client,
            "CreateIndex": 1 + self.bytes.below(9),
            "ModifyTime": NOW - self.seconds(),
            "AllocatedResources": {"Shared": {"DiskMB": 300}, "Tasks": {"t": {
                "Cpu": {"CpuShares": 100}, "Memory": {"MemoryMB": 100},
            }}},
        });
        let keys = allocation.as_object_mut().into_iter();
        keys.for_each(|keys| self.odds(keys, client));
        allocation
    }

    /// What only some allocations have.
    fn odds(&mut self, keys: &mut Map<String, Value>, client: &str) {
        if self.bytes.one_in(2) {
            keys.insert("DeploymentID".into(), json!(self.bytes.pick(&["d0", "d9"])));
            let healthy = self.bytes.pick(&[Some(true), Some(false), None]);
            let status = json!({"Healthy": healthy, "Canary": self.bytes.one_in(3)});
            keys.insert("DeploymentStatus".into(), status);
        }
        if self.bytes.one_in(4) {
            let flags = json!({
                "Migrate": self.bytes.one_in(2), "Reschedule": self.bytes.one_in(2),
                "ForceReschedule": self.bytes.one_in(3),
            });
            keys.insert("DesiredTransition".into(), flags);
        }
        if self.bytes.one_in(4) {
            keys.insert("FollowupEvalID".into(), json!(self.bytes.pick(&["e0", "e7"])));
        }
        if self.bytes.one_in(5) {
            keys.insert("NextAllocation".into(), json!(self.bytes.pick(&["a1", "a99"])));
        }
        if self.bytes.one_in(3) {
            let ago = NOW - self.seconds();
            let event = json!({
                "RescheduleTime": ago, "PrevAllocID": "a98", "PrevNodeID": "n1",
                "Delay": self.seconds(),
            });
            keys.insert("RescheduleTracker".into(), json!({"Events": [event]}));
        }
        if self.bytes.one_in(3) {
            let at = self.bytes.pick(&["2025-12-31T23:59:00Z", "2025-12-31T20:00:00Z"]);
            let states = json!([{"Field": 0, "Value": "unknown", "Time": at}]);
            keys.insert("AllocStates".into(), states);
        }
        if matches!(client, "complete" | "failed") && !self.bytes.one_in(3) {
            let task = json!({
                "State": "dead", "Failed": client == "failed",
                "FinishedAt": self.bytes.pick(&["2025-12-31T23:59:30Z", "2025-12-31T22:00:00Z"]),
            });
            keys.insert("TaskStates".into(), json!({"t": task}));
        }
    }

    fn deployment(&mut self, versions: usize) -> Value {
        let groups = ["a", "b"].map(|name| {
            let canaries = if self.bytes.one_in(2) { vec!["a0", "a2"] } else { Vec::new() };
            let state = json!({
                "DesiredTotal": self.bytes.below(6), "DesiredCanaries": self.bytes.below(3),
                "HealthyAllocs": self.bytes.below(6), "PlacedAllocs": self.bytes.below(6),
                "Promoted": self.bytes.one_in(2), "PlacedCanaries": canaries,
                "AutoPromote": self.bytes.one_in(2),
            });
            (name.to_owned(), state)
        });
        json!({
            "ID": "d0", "JobID": "web", "JobVersion": self.bytes.below(versions),
            "JobCreateIndex": self.bytes.below(2),
            "Status": self.bytes.pick(&["running", "paused", "failed", "successful", "cancelled"]),
            "TaskGroups": groups.into_iter().collect::<Map<String, Value>>(),
        })
    }
}
