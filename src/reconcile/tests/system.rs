//! The placements of system jobs in golden cases: nodes of another kind are filtered, small ones
//! exhausted (docs/lifecycle.md, section 4, *Placement failure*).

use serde_json::{Map, Value, json};

use super::super::changes::{Changes, Placement, Stop, StopReason};
use super::golden::{Case, text};
use crate::model::JobType;

const MEMORY_MB: i64 = 20;

/// What became of the placements.
pub(super) struct Outcome {
    /// By group: whether anything is to be placed.
    asked: Vec<bool>,
    /// By group: how many are queued, and by how many searches failed after the first.
    queued: Vec<i64>,
    failures: Vec<Option<u32>>,
    blocked_on: Vec<Value>,
}

/// Takes out of the changes what finds no room.
pub(super) fn place(case: &Case, changes: &mut Changes) -> Outcome {
    let mut room: Vec<i64> = case.nodes.iter().map(|node| room_of(case, changes, node)).collect();
    let groups = case.groups.len();
    let mut outcome = Outcome {
        asked: vec![false; groups],
        queued: vec![0; groups],
        failures: vec![None; groups],
        blocked_on: Vec::new(),
    };
    let destructive = std::mem::take(&mut changes.destructive);
    for placement in changes.placements.iter().chain(&destructive) {
        outcome.queued[placement.group as usize] += 1;
        outcome.asked[placement.group as usize] = true;
    }
    let mut withdrawn = Vec::new();
    for placement in &destructive {
        if !outcome.try_place(case, changes, &mut room, placement, MEMORY_MB) {
            withdrawn.push(placement.clone());
        }
    }
    let fresh = std::mem::take(&mut changes.placements);
    changes.destructive =
        destructive.into_iter().filter(|placement| !withdrawn.contains(placement)).collect();
    for placement in withdrawn {
        // What is filtered does not come back; its stop stays.
        if !is_fine(case, &placement) {
            let (at, reason) = (placement.previous.unwrap(), StopReason::Updating);
            changes.stops.push(Stop { at, reason, is_lost: false, follow_up: None });
        }
    }
    let placed = fresh.into_iter();
    changes.placements =
        placed.filter(|it| outcome.try_place(case, changes, &mut room, it, 0)).collect();
    outcome
}

fn room_of(case: &Case, changes: &Changes, node: &Value) -> i64 {
    let total = node["NodeResources"]["Memory"]["MemoryMB"].as_i64().unwrap();
    let is_stopped = |at: usize| changes.stops.iter().any(|stop| stop.at as usize == at);
    let held = case.facts.allocations.iter().enumerate().filter(|(at, it)| {
        let has_ended = ["complete", "failed", "lost"].contains(&text(&it["ClientStatus"]));
        it["NodeID"] == node["ID"] && !has_ended && !is_stopped(*at)
    });
    total - held.count() as i64 * MEMORY_MB
}

fn is_fine(case: &Case, placement: &Placement) -> bool {
    let node = &case.nodes[placement.node.unwrap() as usize];
    !case.facts.needs_kind[placement.group as usize] || node["Meta"]["kind"] == "a"
}

impl Outcome {
    fn try_place(
        &mut self,
        case: &Case,
        changes: &Changes,
        room: &mut [i64],
        placement: &Placement,
        freed: i64,
    ) -> bool {
        let group = placement.group as usize;
        let node = placement.node.unwrap() as usize;
        if !is_fine(case, placement) {
            self.queued[group] -= 1;
            let figures = changes.figures[group];
            if self.queued[group] <= 0 && figures.ignore == 0 && figures.in_place_update == 0 {
                self.fail(group);
            }
            return false;
        }
        // What ended before holds nothing.
        let held = placement
            .previous
            .filter(|_| freed > 0)
            .is_some_and(|at| !case.views[at as usize].client.is_terminal());
        if room[node] + if held { freed } else { 0 } < MEMORY_MB {
            self.fail(group);
            let id = &case.nodes[node]["ID"];
            if !self.blocked_on.contains(id) {
                self.blocked_on.push(id.clone());
            }
            return false;
        }
        room[node] -= if held { 0 } else { MEMORY_MB };
        true
    }

    fn fail(&mut self, group: usize) {
        self.failures[group] = Some(self.failures[group].map_or(0, |more| more + 1));
    }

    pub(super) fn write(&self, case: &Case, answer: &mut Value) {
        let placed = |name: &str| {
            let prefix = format!("web.{name}[");
            let list = answer["placements"].as_array().unwrap();
            list.iter().filter(|it| text(&it["Name"]).starts_with(&prefix)).count() as i64
        };
        let of_job = case.versions.last().unwrap().groups.iter().enumerate();
        let groups: Vec<usize> =
            of_job.filter(|(_, rules)| rules.is_some()).map(|(at, _)| at).collect();
        let has_work = self.asked.contains(&true);
        let is_shown =
            |at: &&usize| case.job_type == JobType::System || !has_work || self.asked[**at];
        let queued: Map<String, Value> = groups
            .iter()
            .filter(is_shown)
            .map(|at| {
                let name = &case.groups[*at];
                (name.clone(), (self.queued[*at] - placed(name)).into())
            })
            .collect();
        let failed: Map<String, Value> = groups
            .iter()
            .filter_map(|at| Some((case.groups[*at].clone(), self.failures[*at]?.into())))
            .collect();
        let blocked = self.blocked_on.iter().map(|node| {
            json!({
                "NodeID": node,
                "PreviousEvalIsThis": true,
                "Priority": case.document["eval"]["Priority"],
                "Status": "blocked",
                "StatusDescription": "created to place remaining allocations",
                "TriggeredBy": "queued-allocs",
                "WaitUntilS": null,
            })
        });
        answer["created_evals"] = blocked.collect();
        let is_stopped = case.is_stopped;
        answer["eval"]["QueuedAllocations"] =
            Value::Object(if is_stopped { Map::new() } else { queued });
        answer["eval"]["FailedTGAllocs"] = Value::Object(failed);
        // The cases have no figures of system jobs.
        answer.as_object_mut().unwrap().remove("annotations");
    }
}
