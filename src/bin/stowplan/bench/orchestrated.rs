//! A load at the level of the engine: commands go in, and the engine does all that follows from them.

use stowplan::engine::{
    AllocationUpdate, Command, DeregisterJob, Engine, EngineOptions, RegisterJob, RegisterNode,
    Span, Timestamp, UpdateAllocations,
};
use stowplan::model::{
    AllocationDeploymentStatus, ClientStatus, Job, JobType, LogConfig, Node, TaskEvent, TaskState,
};
use stowplan::{Cluster, PlaceOptions};

use super::level::{Arrived, Resident};

/// How many allocations a job may have for an engine.
const MAX_COUNT: u64 = 50_000;
/// How much later each command comes than the one before.
const STEP: Span = Span::from_nanos(1_000_000);
/// When the first one comes: 2001-09-09T01:46:40Z.
const BEGIN: Timestamp = Timestamp::from_secs(1_000_000_000);

/// The command that registers a job. Its tasks write little, since an engine wants to see their logs fit on
/// the group's disk.
pub(super) fn command(job: &Job) -> RegisterJob {
    let mut spec = job.spec().clone();
    for task in spec.task_groups.iter_mut().flat_map(|group| &mut group.tasks) {
        let (max_files, max_file_size_mb) = (Some(1), Some(1));
        task.log_config = Some(LogConfig { max_files, max_file_size_mb, ..LogConfig::default() });
    }
    spec.into()
}

/// The commands that register a job of one group in parts, none of which has more allocations than an engine
/// takes in one job.
pub(super) fn parts(job: &Job) -> Vec<RegisterJob> {
    let whole = command(job);
    let count: u64 = whole.job.task_groups.iter().map(|group| u64::from(group.count())).sum();
    let parts = count.div_ceil(MAX_COUNT).max(1);
    let part = |at: u64| {
        let mut part = whole.clone();
        if parts > 1 {
            part.job.id = format!("{}-{at}", whole.job.id);
            part.job.task_groups.iter_mut().for_each(|group| {
                let count = u64::from(group.count());
                let of_part = count * (at + 1) / parts - count * at / parts;
                group.count = Some(of_part.cast_signed());
            });
        }
        part
    };
    (0..parts).map(part).collect()
}

/// The commands that purge a job, whose client then has ended it.
pub(super) fn farewell(allocation: String, namespace: String, job_id: String) -> Vec<Command> {
    let ended = AllocationUpdate::new(allocation, ClientStatus::Complete);
    vec![
        DeregisterJob { job_id, namespace, purge: true, ..DeregisterJob::default() }.into(),
        UpdateAllocations { allocations: vec![ended] }.into(),
    ]
}

/// An engine with its clients, which do what they are told at once.
pub(super) struct Orchestrated {
    engine: Engine,
    now: Timestamp,
    /// Whether clients say that what is placed runs and is well.
    is_running: bool,
}

impl Orchestrated {
    pub(super) fn new(place: &PlaceOptions, nodes: Vec<Node>, is_running: bool) -> Orchestrated {
        let options = EngineOptions { place: place.clone(), ..EngineOptions::default() };
        let mut orchestrated =
            Orchestrated { engine: Engine::new(options), now: BEGIN, is_running };
        for node in nodes {
            orchestrated.tell(RegisterNode::from(node.spec().clone()).into());
        }
        orchestrated
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.engine
    }

    /// Gives a command, and does what follows from it.
    pub(super) fn tell(&mut self, command: Command) {
        // Commands of this program are good, and its time goes forward.
        let told = self.engine.apply(self.now, command);
        told.unwrap_or_else(|error| unreachable!("{error}"));
        self.engine.advance(self.now).unwrap_or_else(|error| unreachable!("{error}"));
        self.now = self.now + STEP;
    }

    /// Registers a job of a namespace and an identity.
    pub(super) fn arrive(
        &mut self,
        command: Box<RegisterJob>,
        (namespace, job_id): (String, String),
        leaves: bool,
    ) -> Arrived {
        let spec = &command.job;
        let wanted: usize = spec.task_groups.iter().map(|it| it.count() as usize).sum();
        let is_service = spec.job_type() == JobType::Service;
        let before = self.engine.allocation_count();
        self.tell(Command::RegisterJob(command));
        let placed = self.engine.allocation_count() - before;
        let ids = || self.engine.allocations_of(&namespace, &job_id).map(|it| it.id());
        if self.is_running && placed > 0 {
            let updates = ids().map(|id| self.runs(id, is_service)).collect();
            self.tell(UpdateAllocations { allocations: updates }.into());
        }
        let job = leaves.then(|| self.engine.job(&namespace, &job_id)).flatten();
        let first = job.and_then(|job| job.allocations().next()).map(|it| it.id());
        let job = job.and_then(|job| job.present_version()).cloned();
        let resident = first.map(|allocation| Resident::Registered {
            allocation,
            namespace,
            job_id,
            _job: job,
        });
        Arrived { placed, failed: wanted.saturating_sub(placed), scanned: 0, resident }
    }

    /// What a client says of an allocation whose one task has just started.
    fn runs(&self, id: String, is_service: bool) -> AllocationUpdate {
        let event = |text: &str, message: &str| TaskEvent {
            event_type: text.into(),
            time: self.now.as_nanos(),
            display_message: message.into(),
            ..TaskEvent::default()
        };
        let state = TaskState {
            state: "running".into(),
            started_at: Some(self.now),
            events: vec![
                event("Received", "Task received by client"),
                event("Task Setup", "Building Task Directory"),
                event("Started", "Task started by client"),
            ],
            ..TaskState::default()
        };
        let healthy = AllocationDeploymentStatus {
            healthy: Some(true),
            timestamp: Some(self.now),
            ..AllocationDeploymentStatus::default()
        };
        AllocationUpdate {
            task_states: [("task".to_owned(), state)].into_iter().collect(),
            deployment_status: is_service.then_some(healthy),
            ..AllocationUpdate::new(id, ClientStatus::Running)
        }
    }
}
