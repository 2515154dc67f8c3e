//! Commands on nodes, and nodes that are not heard of, by section 7.

use stowplan::engine::{Command, NodeCommandError};
use stowplan::model::NodeSpec;
use stowplan::{Span, Timestamp};

use crate::facts::Facts;
use crate::model::{Answer, Model, Node};

fn secret(spec: &NodeSpec) -> Option<&serde_json::Value> {
    spec.extra.get("SecretID")
}

impl Model {
    pub(crate) fn tell_of_nodes(&mut self, command: &Command, facts: &Facts) -> Answer {
        let id = match command {
            Command::RegisterNode(body) => return self.join(&body.node),
            Command::PurgeNode(body) => &body.node_id,
            Command::Heartbeat(body) => &body.node_id,
            Command::SetNodeStatus(body) => &body.node_id,
            Command::SetEligibility(body) => &body.node_id,
            Command::DrainNode(body) => &body.node_id,
            Command::EvaluateNode(body) => &body.node_id,
            other => panic!("{other:?} is not on nodes"),
        };
        let has_live = facts.allocations.values().any(|fact| {
            let is_live = !fact.it.desired().is_terminal() && !fact.it.client().is_terminal();
            fact.it.node_id == *id && fact.has_node && is_live
        });
        let Some(node) = self.nodes.get_mut(id) else {
            return Answer::refused(NodeCommandError::UnknownNode);
        };
        match command {
            Command::PurgeNode(_) => {
                self.purged.insert(id.clone(), node.spec.clone());
                self.nodes.remove(id);
            }
            Command::Heartbeat(_) => {
                node.move_to("ready", has_live);
                self.hears_of(id);
            }
            Command::SetNodeStatus(body) => {
                let status = body.status.as_str();
                if !matches!(status, "initializing" | "ready" | "down" | "disconnected") {
                    let status = status.to_owned();
                    return Answer::refused(NodeCommandError::UnknownStatus { status });
                }
                let was_watched = node.heard_by.is_some() || node.is_unsynced;
                let is_present = node.status == status;
                node.move_to(status, has_live);
                // The present status is a heartbeat, and a node that was watched stays so.
                if status != "down" && (is_present || was_watched) {
                    self.hears_of(id);
                }
            }
            Command::SetEligibility(body) => match body.eligibility.as_str() {
                "eligible" if node.is_draining => {
                    return Answer::refused(NodeCommandError::Draining);
                }
                text @ ("eligible" | "ineligible") => node.is_eligible = text == "eligible",
                text => {
                    let eligibility = text.to_owned();
                    return Answer::refused(NodeCommandError::UnknownEligibility { eligibility });
                }
            },
            Command::DrainNode(body) => match &body.drain_spec {
                Some(spec) => {
                    (node.is_draining, node.is_eligible) = (true, false);
                    node.ignores_system_jobs = spec.ignore_system_jobs;
                }
                None => {
                    node.is_draining = false;
                    node.is_eligible |= body.mark_eligible;
                }
            },
            _ => {}
        }
        Answer::Accepted
    }

    fn join(&mut self, spec: &NodeSpec) -> Answer {
        let known = self.nodes.get(&spec.id);
        let known_secret = known.and_then(|it| secret(&it.spec)).cloned();
        if known_secret.is_some()
            && secret(spec).is_some_and(|it| Some(it) != known_secret.as_ref())
        {
            return Answer::refused(NodeCommandError::WrongSecret);
        }
        if spec.datacenter.is_empty() {
            return Answer::Invalid;
        }
        let mut spec = spec.clone();
        if let Some(secret) = known_secret {
            spec.extra.insert("SecretID".into(), secret);
        }
        match self.nodes.get_mut(&spec.id) {
            Some(node) => {
                let is_watched = node.heard_by.is_some();
                let id = spec.id.clone();
                node.spec = spec;
                if is_watched {
                    self.hears_of(&id);
                }
            }
            None => {
                let node = Node {
                    status: spec.status.clone(),
                    is_eligible: true,
                    is_draining: false,
                    ignores_system_jobs: false,
                    heard_by: None,
                    is_unsynced: false,
                    spec,
                };
                self.nodes.insert(node.spec.id.clone(), node);
            }
        }
        Answer::Accepted
    }

    /// Nodes that are not heard of in time are out of reach or down.
    pub(crate) fn miss(&mut self, at: Timestamp, facts: &Facts) {
        self.now = at;
        for (id, node) in &mut self.nodes {
            if node.heard_by.is_none_or(|by| by > at) {
                continue;
            }
            (node.heard_by, node.is_unsynced) = (None, true);
            let outlives = facts.allocations.values().any(|fact| {
                let states = &fact.it.alloc_states;
                let unknown =
                    states.last().filter(|it| it.value == "unknown").and_then(|it| it.time);
                fact.it.node_id == *id
                    && fact.has_node
                    && !fact.it.desired().is_terminal()
                    && fact.lost_after > Span::ZERO
                    && unknown.is_none_or(|since| since + fact.lost_after > at)
            });
            let may_come_back = matches!(node.status.as_str(), "ready" | "disconnected");
            let status = if outlives && may_come_back { "disconnected" } else { "down" };
            status.clone_into(&mut node.status);
        }
    }
}

impl Node {
    /// A node that comes back from where it did not answer says first what became of its allocations.
    fn move_to(&mut self, status: &str, has_live: bool) {
        let status = match (self.status.as_str(), status) {
            ("disconnected", "ready") => "initializing",
            ("initializing", "ready") if self.is_unsynced && has_live => "initializing",
            _ => status,
        };
        status.clone_into(&mut self.status);
    }
}
