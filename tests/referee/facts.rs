//! What the referee knows: one job, its versions, its allocations, the nodes, one evaluation.
//!
//! Everything is plain, owned and public; instants and lengths of time are nanoseconds.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

pub(crate) const SECOND: i64 = 1_000_000_000;

/// All that one evaluation is answered from.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) nodes: BTreeMap<String, Node>,
    /// Versions of the job, oldest first; none where the job is unknown.
    pub(crate) jobs: Vec<Rc<Job>>,
    /// By identity.
    pub(crate) allocs: Vec<Alloc>,
    /// Deployments of the job, oldest first.
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) eval: Eval,
    /// Evaluations that wait until an instant after now.
    pub(crate) waiting_evals: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) is_eligible: bool,
    pub(crate) is_draining: bool,
    pub(crate) datacenter: String,
    pub(crate) pool: String,
    /// The whole document, for the questions on room and constraints.
    pub(crate) document: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Service,
    Batch,
    System,
    Sysbatch,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) create_index: u64,
    pub(crate) job_modify_index: u64,
    pub(crate) kind: Kind,
    pub(crate) is_stopped: bool,
    /// All of it is placed, or nothing.
    pub(crate) is_whole: bool,
    pub(crate) datacenters: Vec<String>,
    pub(crate) pool: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) document: Value,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) count: usize,
    pub(crate) update: Option<Update>,
    pub(crate) reschedule: Policy,
    pub(crate) disconnect: Disconnect,
    pub(crate) kill_timeout_max_ns: i64,
    /// The parts of the job whose change takes a new allocation.
    pub(crate) tasks: Value,
}

#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) max_parallel: usize,
    pub(crate) canary: usize,
    pub(crate) auto_promote: bool,
    pub(crate) auto_revert: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) is_unlimited: bool,
    pub(crate) attempts: usize,
    pub(crate) interval_ns: i64,
    pub(crate) delay_ns: i64,
    pub(crate) delay_function: String,
    pub(crate) max_delay_ns: i64,
}

#[derive(Debug)]
pub(crate) struct Disconnect {
    pub(crate) lost_after_ns: Option<i64>,
    pub(crate) stop_on_client_after_ns: Option<i64>,
    pub(crate) replace: bool,
    pub(crate) reconcile: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Alloc {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) node_id: String,
    /// The version that it runs.
    pub(crate) job: Rc<Job>,
    pub(crate) desired: String,
    pub(crate) client: String,
    /// Its place among all allocations in the order of their creation.
    pub(crate) created: (u64, usize),
    pub(crate) modify_time: i64,
    pub(crate) migrate: bool,
    pub(crate) reschedule: bool,
    pub(crate) force_reschedule: bool,
    pub(crate) migrate_disable_placement: bool,
    pub(crate) deployment_id: String,
    pub(crate) health: Option<bool>,
    pub(crate) is_canary: bool,
    pub(crate) followup: String,
    pub(crate) next: String,
    pub(crate) events: Vec<Event>,
    pub(crate) last_reschedule: String,
    /// When which client status was noted.
    pub(crate) states: Vec<(i64, String)>,
    pub(crate) tasks: Vec<TaskState>,
    /// The task that leads, if one does.
    pub(crate) leader: Option<String>,
    pub(crate) score: f64,
    /// The static ports and the devices that it has on its node.
    pub(crate) holdings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) time: i64,
    pub(crate) alloc_id: String,
    pub(crate) node_id: String,
    pub(crate) delay_ns: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct TaskState {
    pub(crate) name: String,
    pub(crate) is_dead: bool,
    pub(crate) has_failed: bool,
    pub(crate) started: Option<i64>,
    pub(crate) finished: Option<i64>,
    pub(crate) restarts: u64,
    pub(crate) last_restart: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) job_version: i64,
    pub(crate) job_create_index: u64,
    pub(crate) status: String,
    pub(crate) description: String,
    pub(crate) groups: BTreeMap<String, DeploymentGroup>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DeploymentGroup {
    pub(crate) promoted: bool,
    pub(crate) placed_canaries: Vec<String>,
    pub(crate) desired_canaries: usize,
    pub(crate) desired_total: usize,
    pub(crate) healthy: usize,
}

#[derive(Debug)]
pub(crate) struct Eval {
    pub(crate) id: String,
    pub(crate) priority: i64,
    pub(crate) triggered_by: String,
    pub(crate) status: String,
    pub(crate) wait_until: Option<i64>,
}

impl World {
    pub(crate) fn job(&self) -> Option<&Rc<Job>> {
        self.jobs.last()
    }

    pub(crate) fn version(&self, version: i64) -> Option<&Rc<Job>> {
        self.jobs.iter().rev().find(|job| job.version == version)
    }

    pub(crate) fn deployment(&self) -> Option<&Deployment> {
        self.deployments.last()
    }

    pub(crate) fn node_of(&self, alloc: &Alloc) -> Option<&Node> {
        self.nodes.get(&alloc.node_id)
    }

    /// Missing or down.
    pub(crate) fn node_is_gone(&self, alloc: &Alloc) -> bool {
        self.node_of(alloc).is_none_or(|node| node.status == "down")
    }
}

impl Node {
    /// Ready for placement (section 7).
    pub(crate) fn is_ready(&self) -> bool {
        self.status == "ready" && !self.is_draining && self.is_eligible
    }
}

impl Job {
    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    pub(crate) fn has_in_pool(&self, node: &Node) -> bool {
        self.pool == "all" || self.pool == node.pool
    }

    /// Whether the node is in the job's datacenters and pool.
    pub(crate) fn reaches(&self, node: &Node) -> bool {
        self.has_in_pool(node)
            && self.datacenters.iter().any(|pattern| matches_glob(pattern, &node.datacenter))
    }
}

/// Whether a text matches a pattern in which `*` is any text.
fn matches_glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).any(|at| text.is_char_boundary(at) && matches_glob(rest, &text[at..]))
        }),
    }
}

impl Group {
    /// The update block, if it limits anything.
    pub(crate) fn rolling(&self) -> Option<&Update> {
        self.update.as_ref().filter(|update| update.max_parallel > 0)
    }
}

impl Policy {
    pub(crate) fn is_enabled(&self) -> bool {
        self.is_unlimited || (self.attempts > 0 && self.interval_ns > 0)
    }
}

impl Deployment {
    pub(crate) fn is_active(&self) -> bool {
        !matches!(self.status.as_str(), "failed" | "successful" | "cancelled")
    }

    /// Whether its job was stopped or had a newer version, for which it was cancelled.
    pub(crate) fn is_superseded(&self) -> bool {
        let causes = ["Cancelled because job is stopped", "Cancelled due to newer version of job"];
        self.status == "cancelled" && causes.contains(&self.description.as_str())
    }

    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.status.as_str(), "paused" | "pending" | "initializing")
    }
}

impl Alloc {
    /// The group's block in the version that the allocation runs.
    pub(crate) fn own_group(&self) -> Option<&Group> {
        self.job.group(&self.group)
    }

    /// The number in the name's brackets.
    pub(crate) fn index(&self) -> usize {
        let number = self.name.rsplit_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn is_server_terminal(&self) -> bool {
        matches!(self.desired.as_str(), "stop" | "evict")
    }

    /// Whether a drain has ended it for good.
    pub(crate) fn is_ended_for_good(&self) -> bool {
        self.is_server_terminal() && self.migrate_disable_placement
    }

    pub(crate) fn is_client_terminal(&self) -> bool {
        matches!(self.client.as_str(), "complete" | "failed" | "lost")
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.is_server_terminal() || self.is_client_terminal()
    }

    /// Has task states, all dead, none failed.
    pub(crate) fn ran_successfully(&self) -> bool {
        !self.tasks.is_empty() && self.tasks.iter().all(|task| task.is_dead && !task.has_failed)
    }

    /// Client unknown, running or failed, and the last recorded client status is unknown.
    pub(crate) fn needs_reconnect(&self) -> bool {
        matches!(self.client.as_str(), "unknown" | "running" | "failed")
            && self.states.last().is_some_and(|(_, status)| status == "unknown")
    }

    pub(crate) fn last_unknown(&self) -> Option<i64> {
        let unknown = self.states.iter().rev().find(|(_, status)| status == "unknown");
        unknown.map(|(time, _)| *time)
    }

    /// Whether it runs an older version of the job, or one of a job that was removed since.
    pub(crate) fn is_of_older_job(&self, job: &Job) -> bool {
        self.job.create_index < job.create_index
            || (self.job.create_index == job.create_index && self.job.version < job.version)
    }

    pub(crate) fn is_of_same_version(&self, job: &Job) -> bool {
        self.job.create_index == job.create_index && self.job.version == job.version
    }
}
