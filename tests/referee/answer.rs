//! What the referee answers, in the shape of the golden cases' `expect`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::facts::SECOND;

pub(crate) const NOT_NEEDED: &str = "alloc not needed due to job update";
pub(crate) const RECONNECTED: &str = "alloc not needed due to disconnected client reconnect";
pub(crate) const MIGRATED: &str = "alloc is being migrated";
pub(crate) const UPDATED: &str = "alloc is being updated due to job update";
pub(crate) const LOST: &str = "alloc is lost since its node is down";
pub(crate) const RESCHEDULED: &str = "alloc was rescheduled because it failed";
pub(crate) const TAINTED: &str = "alloc not needed as node is tainted";
pub(crate) const UNKNOWN: &str = "alloc is unknown since its node is disconnected";

/// All that comes of one evaluation.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) stops: BTreeMap<String, Stop>,
    pub(crate) placements: Vec<Placement>,
    pub(crate) updates: BTreeMap<String, Change>,
    pub(crate) created: Vec<Created>,
    pub(crate) new_deployment: Option<NewDeployment>,
    /// Status and its description of the latest deployment as it was.
    pub(crate) deployment_update: Option<(&'static str, &'static str)>,
    pub(crate) figures: BTreeMap<String, Figures>,
    pub(crate) queued: BTreeMap<String, i64>,
    /// By group, how many further placements were not looked for.
    pub(crate) failed: BTreeMap<String, usize>,
    pub(crate) failure: Option<String>,
    pub(crate) is_reblocked: bool,
    pub(crate) blocked_eval: Option<usize>,
    pub(crate) next_eval: Option<usize>,
    /// `new`, `existing` or nothing.
    pub(crate) deployment: &'static str,
}

#[derive(Debug, Default)]
pub(crate) struct Stop {
    pub(crate) description: &'static str,
    pub(crate) is_lost: bool,
    pub(crate) followup: Option<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Placement {
    pub(crate) name: String,
    pub(crate) previous: String,
    pub(crate) version: i64,
    pub(crate) is_canary: bool,
    pub(crate) deployment: String,
    /// Seconds before now, seconds of delay, and what was replaced.
    pub(crate) events: Option<Vec<(i64, i64, String)>>,
    pub(crate) node_id: Option<String>,
}

/// What is changed in an allocation that stays.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) is_in_place: bool,
    pub(crate) becomes_unknown: bool,
    pub(crate) new_state: Option<String>,
    pub(crate) followup: Option<usize>,
    pub(crate) deployment: Option<&'static str>,
    /// It was to be rescheduled, and no node was found.
    pub(crate) has_no_placement: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Created {
    pub(crate) trigger: &'static str,
    pub(crate) description: &'static str,
    pub(crate) wait_until: Option<i64>,
    pub(crate) is_blocked: bool,
    pub(crate) node_id: String,
}

#[derive(Debug, Default)]
pub(crate) struct NewDeployment {
    pub(crate) version: i64,
    pub(crate) description: &'static str,
    pub(crate) groups: BTreeMap<String, NewGroup>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct NewGroup {
    pub(crate) auto_promote: bool,
    pub(crate) auto_revert: bool,
    pub(crate) desired_canaries: usize,
    pub(crate) desired_total: usize,
}

/// The figures of a dry run.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) ignore: usize,
    pub(crate) place: usize,
    pub(crate) migrate: usize,
    pub(crate) stop: usize,
    pub(crate) in_place: usize,
    pub(crate) destructive: usize,
    pub(crate) canary: usize,
    pub(crate) disconnect: usize,
    pub(crate) reconnect: usize,
    pub(crate) reschedule_now: usize,
    pub(crate) reschedule_later: usize,
}

impl Answer {
    /// What was lost before all else stays lost where it stops for another reason as well: section 3,
    /// "Before all else (for all types of jobs, system too): allocations on a missing or down node that
    /// are desired to stop or evict, and are pending or running on the client, get the client status
    /// lost". No later step takes that back.
    pub(crate) fn stop(&mut self, id: &str, description: &'static str) {
        let was_lost = self.stops.get(id).is_some_and(|before| before.is_lost);
        let is_lost = was_lost || description == LOST;
        let stop = Stop { description, is_lost, followup: None };
        self.stops.insert(id.to_owned(), stop);
    }

    /// A stop that was made for a placement that did not come about. What was lost stays so.
    pub(crate) fn withdraw(&mut self, id: &str) {
        match self.stops.get_mut(id) {
            Some(stop) if stop.is_lost => stop.description = LOST,
            _ => drop(self.stops.remove(id)),
        }
    }

    pub(crate) fn update(&mut self, id: &str) -> &mut Change {
        self.updates.entry(id.to_owned()).or_default()
    }

    pub(crate) fn figures(&mut self, group: &str) -> &mut Figures {
        self.figures.entry(group.to_owned()).or_default()
    }

    pub(crate) fn create(&mut self, created: Created) -> usize {
        self.created.push(created);
        self.created.len() - 1
    }

    /// As the golden cases write it: sorted, and what was created by its place there.
    pub(crate) fn document(&self, now: i64, priority: i64) -> Value {
        let mut order: Vec<usize> = (0..self.created.len()).collect();
        order.sort_by_key(|&at| {
            let created = &self.created[at];
            (created.trigger, created.wait_until, &created.node_id, at)
        });
        let place: BTreeMap<usize, usize> =
            order.iter().enumerate().map(|(place, &at)| (at, place)).collect();
        let name =
            |at: Option<usize>| at.map_or(String::new(), |at| format!("created[{}]", place[&at]));
        let created: Vec<Value> =
            order.iter().map(|&at| self.created[at].document(now, priority)).collect();
        let mut placements: Vec<Value> = self.placements.iter().map(Placement::document).collect();
        placements.sort_by_key(Value::to_string);
        json!({
            "annotations": self.figures.iter().map(|(group, it)| (group.clone(), it.document())).collect::<Map<_, _>>(),
            "created_evals": created,
            "deployments": self.deployment_documents(),
            "eval": self.eval(&name),
            "placements": placements,
            "reblocked": u8::from(self.is_reblocked),
            "stops": self.stops.iter().map(|(id, it)| it.document(id, &name)).collect::<Vec<_>>(),
            "updates": self.updates.iter().map(|(id, it)| it.document(id, &name)).collect::<Vec<_>>(),
        })
    }

    fn eval(&self, name: &dyn Fn(Option<usize>) -> String) -> Value {
        if self.is_reblocked {
            return Value::Null;
        }
        json!({
            "BlockedEval": name(self.blocked_eval),
            "Deployment": self.deployment,
            "FailedTGAllocs": self.failed,
            "NextEval": name(self.next_eval),
            "QueuedAllocations": self.queued,
            "Status": if self.failure.is_some() { "failed" } else { "complete" },
            "StatusDescription": self.failure.clone().unwrap_or_default(),
        })
    }

    fn deployment_documents(&self) -> Vec<Value> {
        let update = self.deployment_update.map(|(status, description)| {
            json!({"ID": "existing", "Status": status, "StatusDescription": description, "Update": true})
        });
        let new = self.new_deployment.as_ref().map(|new| {
            let groups: Map<String, Value> =
                new.groups.iter().map(|(name, group)| (name.clone(), group.document())).collect();
            json!({
                "ID": "new",
                "JobVersion": new.version,
                "Status": "running",
                "StatusDescription": new.description,
                "TaskGroups": groups,
            })
        });
        update.into_iter().chain(new).collect()
    }
}

impl Stop {
    fn document(&self, id: &str, name: &dyn Fn(Option<usize>) -> String) -> Value {
        let mut document = json!({"ID": id, "Description": self.description});
        if self.is_lost {
            document["ClientStatus"] = json!("lost");
        }
        if self.followup.is_some() {
            document["Followup"] = json!(name(self.followup));
        }
        document
    }
}

impl Placement {
    fn document(&self) -> Value {
        let event = |(ago_s, delay_s, alloc): &(i64, i64, String)| json!({"AgoS": ago_s, "DelayS": delay_s, "PrevAllocID": alloc});
        let events =
            self.events.as_ref().map(|events| events.iter().map(event).collect::<Vec<_>>());
        let mut document = json!({
            "Canary": self.is_canary,
            "DeploymentID": self.deployment,
            "JobVersion": self.version,
            "Name": self.name,
            "PreviousAllocation": self.previous,
            "Reschedules": events,
        });
        if let Some(node_id) = &self.node_id {
            document["NodeID"] = json!(node_id);
        }
        document
    }
}

impl Change {
    fn document(&self, id: &str, name: &dyn Fn(Option<usize>) -> String) -> Value {
        let mut document = json!({"ID": id});
        if self.is_in_place {
            document["InPlace"] = json!(true);
        }
        if self.becomes_unknown {
            document["ClientStatus"] = json!("unknown");
            document["ClientDescription"] = json!(UNKNOWN);
        }
        if let Some(state) = &self.new_state {
            document["NewState"] = json!(state);
        }
        if self.followup.is_some() {
            document["Followup"] = json!(name(self.followup));
        }
        if let Some(deployment) = self.deployment {
            document["DeploymentID"] = json!(deployment);
        }
        document
    }
}

impl Created {
    fn document(&self, now: i64, priority: i64) -> Value {
        let mut document = json!({
            "PreviousEvalIsThis": true,
            "Priority": priority,
            "Status": if self.is_blocked { "blocked" } else { "pending" },
            "StatusDescription": self.description,
            "TriggeredBy": self.trigger,
            "WaitUntilS": self.wait_until.map(|time| (time - now) / SECOND),
        });
        if !self.node_id.is_empty() {
            document["NodeID"] = json!(self.node_id);
        }
        document
    }
}

impl NewGroup {
    fn document(&self) -> Value {
        json!({
            "AutoPromote": self.auto_promote,
            "AutoRevert": self.auto_revert,
            "DesiredCanaries": self.desired_canaries,
            "DesiredTotal": self.desired_total,
            "PlacedCanaries": 0,
            "Promoted": false,
        })
    }
}

impl Figures {
    fn document(&self) -> Value {
        let figures = [
            ("Ignore", self.ignore),
            ("Place", self.place),
            ("Migrate", self.migrate),
            ("Stop", self.stop),
            ("InPlaceUpdate", self.in_place),
            ("DestructiveUpdate", self.destructive),
            ("Canary", self.canary),
            ("Disconnect", self.disconnect),
            ("Reconnect", self.reconnect),
            ("RescheduleNow", self.reschedule_now),
            ("RescheduleLater", self.reschedule_later),
        ];
        let present = figures.iter().filter(|(_, figure)| *figure > 0);
        Value::Object(present.map(|(name, figure)| ((*name).to_owned(), json!(figure))).collect())
    }
}
