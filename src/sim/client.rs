//! One client node: what it holds, and what it tells of that.

use indexmap::IndexMap;

use super::happening::Step;
use super::script::Script;
use crate::engine::AllocationUpdate;
use crate::model::{
    Allocation, AllocationDeploymentStatus, JobSpec, NetworkStatus, NodeSpec, TaskEvent, TaskState,
};
use crate::time::Timestamp;

/// A client node.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) spec: NodeSpec,
    pub(super) is_up: bool,
    /// Whether it hears of anything and tells of anything.
    pub(super) is_in_reach: bool,
    /// How often it died.
    pub(super) life: u32,
    /// What it knows of, by ID.
    pub(super) held: IndexMap<String, Held>,
    /// The number of the next network that it makes.
    pub(super) networks: u32,
    /// What it has not told yet, the latest of each allocation.
    pub(super) untold: IndexMap<String, AllocationUpdate>,
}

/// An allocation as its client knows it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) script: Script,
    /// The deployment that asks for its health.
    deployment_id: String,
    is_canary: bool,
    pub(super) started: Option<Timestamp>,
    pub(super) is_told_to_stop: bool,
    pub(super) healthy: Option<bool>,
    /// What happened to its tasks, where that is told.
    events: Option<Vec<TaskEvent>>,
    /// The network of its own that it has.
    pub(super) network: Option<NetworkStatus>,
}

impl Client {
    pub(super) fn new(spec: NodeSpec) -> Client {
        Client {
            spec,
            is_up: true,
            is_in_reach: true,
            life: 0,
            held: IndexMap::new(),
            networks: 1,
            untold: IndexMap::new(),
        }
    }

    /// A network for an allocation, at an address that no other has here.
    pub(super) fn network(&mut self) -> NetworkStatus {
        loop {
            let number = self.networks;
            self.networks = number.wrapping_add(1);
            let [_, a, b, c] = number.to_be_bytes();
            let address = format!("10.{a}.{b}.{c}");
            let mut others = self.held.values().filter_map(|it| it.network.as_ref());
            if others.all(|it| it.address != address) {
                let interface_name = "eth0".to_owned();
                return NetworkStatus { interface_name, address, ..NetworkStatus::default() };
            }
        }
    }

    /// Notes what is to be told of an allocation. What was to be told of it before goes into it: its health.
    pub(super) fn gather(&mut self, update: AllocationUpdate) {
        let before = self.untold.swap_remove(&update.id).and_then(|it| it.deployment_status);
        let deployment_status = update.deployment_status.or(before);
        self.untold.insert(update.id.clone(), AllocationUpdate { deployment_status, ..update });
    }

    /// Whether it hears of what happens.
    pub(super) fn hears(&self) -> bool {
        self.is_up && self.is_in_reach
    }
}

impl Held {
    /// What happens to its tasks is told if there is an instant at which that begins.
    pub(super) fn of(allocation: &Allocation, job: &JobSpec, events: Option<Timestamp>) -> Held {
        let received = |now| vec![event("Received", "Task received by client", 0, now)];
        Held {
            events: events.map(received),
            script: Script::of(allocation, job),
            deployment_id: allocation.deployment_id.clone(),
            is_canary: allocation.is_canary(),
            network: None,
            started: None,
            is_told_to_stop: false,
            healthy: None,
        }
    }

    /// An allocation that runs, as another client knew it.
    pub(super) fn going_on(
        allocation: &Allocation,
        job: &JobSpec,
        now: Timestamp,
        events: Option<Timestamp>,
    ) -> Held {
        let states = &allocation.task_states;
        let started = states.values().filter_map(|state| state.started_at).min();
        let told = states.values().next().map_or_else(Vec::new, |state| state.events.clone());
        let status = allocation.deployment_status.as_ref();
        Held {
            started: Some(started.unwrap_or(now)),
            healthy: status.and_then(|status| status.healthy),
            events: events.map(|_| told),
            network: allocation.network_status.clone(),
            ..Held::of(allocation, job, None)
        }
    }

    /// Takes over what changed of an allocation that goes on, and says whether another deployment asks for its
    /// health now.
    pub(super) fn change(&mut self, allocation: &Allocation, job: &JobSpec) -> bool {
        self.script = Script::of(allocation, job);
        self.is_canary = allocation.is_canary();
        if self.deployment_id == allocation.deployment_id {
            return false;
        }
        self.deployment_id.clone_from(&allocation.deployment_id);
        self.healthy = None;
        self.started.is_some()
    }

    /// Whether a step is still to come: what is well or not is so for good.
    pub(super) fn comes_to(&self, step: Step) -> bool {
        match step {
            Step::Stops => true,
            _ if self.is_told_to_stop => false,
            Step::IsWell | Step::IsUnhealthy => self.healthy.is_none() && self.started.is_some(),
            _ => true,
        }
    }

    /// Comes to a step, and gives what the client tells of it.
    pub(super) fn step(
        &mut self,
        id: &str,
        node_id: &str,
        step: Step,
        now: Timestamp,
    ) -> AllocationUpdate {
        let (status, state, failed) = match step {
            Step::Runs | Step::IsWell | Step::IsUnhealthy => ("running", "running", false),
            Step::Completes | Step::Stops => ("complete", "dead", false),
            Step::Fails => ("failed", "dead", true),
        };
        match step {
            Step::Runs => self.started = Some(now),
            Step::IsWell => self.healthy = Some(true),
            Step::IsUnhealthy => self.healthy = Some(false),
            // What ends before it was well never was.
            Step::Fails if self.script.is_asked_for_health && self.healthy.is_none() => {
                self.healthy = Some(false);
            }
            _ => {}
        }
        self.note(step, now);
        let is_news = matches!(step, Step::IsWell | Step::IsUnhealthy | Step::Fails);
        let healthy = self.healthy.filter(|_| is_news);
        let finished = step.is_end().then_some(now);
        let task = TaskState {
            state: state.into(),
            failed,
            started_at: self.started,
            finished_at: finished,
            events: self.events.clone().unwrap_or_default(),
            ..TaskState::default()
        };
        AllocationUpdate {
            deployment_status: healthy.map(|healthy| AllocationDeploymentStatus {
                healthy: Some(healthy),
                canary: self.is_canary,
                timestamp: Some(now),
                ..AllocationDeploymentStatus::default()
            }),
            ..self.told(id, node_id, status, &task)
        }
    }

    /// Notes what a step is for its tasks.
    fn note(&mut self, step: Step, now: Timestamp) {
        let has_started = self.started.is_some();
        let Some(events) = &mut self.events else { return };
        events.push(match step {
            Step::Runs => event("Started", "Task started by client", 0, now),
            Step::Completes => event("Terminated", "Exit Code: 0", 0, now),
            Step::Fails if !has_started => {
                event("Driver Failure", "It could not be started", 0, now)
            }
            Step::Fails => event("Terminated", "Exit Code: 1", 1, now),
            Step::Stops => event("Killed", "Task successfully killed", 0, now),
            Step::IsWell | Step::IsUnhealthy => return,
        });
    }

    /// What the client tells of it when it comes back into reach: that it runs, if it does.
    pub(super) fn present(&self, id: &str, node_id: &str) -> Option<AllocationUpdate> {
        self.started?;
        let task = TaskState {
            state: "running".into(),
            started_at: self.started,
            events: self.events.clone().unwrap_or_default(),
            ..TaskState::default()
        };
        Some(self.told(id, node_id, "running", &task))
    }

    fn told(&self, id: &str, node_id: &str, status: &str, task: &TaskState) -> AllocationUpdate {
        let tasks = self.script.tasks.iter().map(|name| (name.clone(), task.clone()));
        AllocationUpdate {
            id: id.to_owned(),
            node_id: node_id.to_owned(),
            client_status: status.to_owned(),
            task_states: tasks.collect(),
            network_status: self.network.clone(),
            ..AllocationUpdate::default()
        }
    }
}

/// Something that happened to a task.
fn event(event_type: &str, message: &str, exit_code: i64, now: Timestamp) -> TaskEvent {
    TaskEvent {
        event_type: event_type.to_owned(),
        time: now.as_nanos(),
        display_message: message.to_owned(),
        exit_code,
        ..TaskEvent::default()
    }
}
