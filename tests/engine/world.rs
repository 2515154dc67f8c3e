//! An engine that tests talk to in few words.

use std::ops::{Deref, DerefMut};

use stowplan::engine::{
    AllocationUpdate, Applied, Command, CommandError, Engine, EngineOptions, GarbageOptions,
    RegisterJob, RegisterNode, UpdateAllocations,
};
use stowplan::model::{
    AllocationDeploymentStatus, ClientStatus, Evaluation, Job, JobBuilder, Node, TaskState,
};
use stowplan::{Span, Timestamp};

/// An engine, with the present instant in seconds.
pub(crate) struct World {
    engine: Engine,
    pub(crate) secs: i64,
    /// What it was told, and when.
    pub(crate) told: Vec<(Timestamp, Command)>,
}

impl Deref for World {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }
}

impl World {
    /// An engine with some nodes, at 1000 s.
    pub(crate) fn new(nodes: usize) -> World {
        World::with(options(), nodes)
    }

    pub(crate) fn with(options: EngineOptions, nodes: usize) -> World {
        let mut world = World { engine: Engine::new(options), secs: 1_000, told: Vec::new() };
        for at in 1..=nodes {
            world.join(&node(&format!("n{at}")));
        }
        world
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.secs)
    }

    /// Tells a command, and does not do yet what it makes ready.
    pub(crate) fn tell(&mut self, command: impl Into<Command>) -> Applied {
        let command = command.into();
        let told = format!("{command:?}");
        self.try_to(command).unwrap_or_else(|error| panic!("{error}: {told:.300}"))
    }

    pub(crate) fn try_to(&mut self, command: impl Into<Command>) -> Result<Applied, CommandError> {
        let (now, command) = (self.now(), command.into());
        self.told.push((now, command.clone()));
        self.engine.apply(now, command)
    }

    pub(crate) fn join(&mut self, node: &Node) -> Applied {
        self.tell(RegisterNode::from(node.spec().clone()))
    }

    pub(crate) fn register(&mut self, job: &Job) -> Applied {
        self.tell(RegisterJob::from(job.spec().clone()))
    }

    /// Does all that is due now.
    pub(crate) fn settle(&mut self) {
        let now = self.now();
        self.engine.advance(now).unwrap();
        assert_eq!(self.engine.check(), Ok(()));
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, secs: i64) {
        self.secs += secs;
        self.settle();
    }

    /// Says what became of allocations.
    pub(crate) fn report(&mut self, ids: &[String], status: ClientStatus) -> Applied {
        let allocations = ids.iter().map(|id| AllocationUpdate::new(id, status)).collect();
        self.tell(UpdateAllocations { allocations })
    }

    /// Says that an allocation failed just now, as its task says too.
    pub(crate) fn fail(&mut self, id: &str) {
        let mut update = AllocationUpdate::new(id, ClientStatus::Failed);
        let finished_at = Some(self.now());
        let state =
            TaskState { state: "dead".into(), failed: true, finished_at, ..Default::default() };
        update.task_states.insert("nginx".into(), state);
        self.tell(UpdateAllocations { allocations: vec![update] });
        self.settle();
    }

    /// The identities of the allocations of a job that live, sorted by name.
    pub(crate) fn live(&self, job: &str) -> Vec<String> {
        let live = self.engine.allocations_of("default", job).filter(|it| it.is_live());
        let mut live: Vec<(String, String)> = live.map(|it| (it.name(), it.id())).collect();
        live.sort();
        live.into_iter().map(|(_, id)| id).collect()
    }

    /// The evaluations of a job, as their triggers and statuses.
    pub(crate) fn evaluations(&self, job: &str) -> Vec<(String, String)> {
        let all = self.engine.evaluations_of("default", job);
        all.map(|it| (it.triggered_by, it.status)).collect()
    }

    pub(crate) fn evaluation(&self, id: &str) -> Evaluation {
        self.engine.evaluation(id).unwrap()
    }

    /// The seconds from now on until something happens.
    pub(crate) fn next(&self) -> Option<i64> {
        let next = self.engine.next_deadline()?.since(self.now());
        Some(next.as_nanos() / Span::from_secs(1).as_nanos())
    }
}

/// Options under which nothing is forgotten by its age, so that tests see when nothing else is due.
pub(crate) fn options() -> EngineOptions {
    let garbage = GarbageOptions {
        evaluations: None,
        batch_evaluations: None,
        deployments: None,
        jobs: None,
        nodes: None,
    };
    EngineOptions { garbage, ..EngineOptions::default() }
}

/// A node of 4000 MHz and 4096 MB.
pub(crate) fn node(id: &str) -> Node {
    let node = Node::builder(id).cpu_shares(4_000).memory_mb(4_096).disk_mb(100_000);
    node.driver("docker").build().unwrap()
}

/// A service of one group with one task of 500 MHz and 256 MB.
pub(crate) fn service(id: &str, count: u32) -> JobBuilder {
    Job::builder(id)
        .group("front", count, |g| g.task("nginx", "docker", |t| t.cpu_shares(500).memory_mb(256)))
}

impl World {
    /// Says that allocations run, and whether they are well.
    pub(crate) fn judge(&mut self, ids: &[String], healthy: bool) -> Applied {
        self.judge_at(ids, healthy, None)
    }

    /// The same with the time that their clients have.
    pub(crate) fn judge_at(
        &mut self,
        ids: &[String],
        healthy: bool,
        timestamp: Option<Timestamp>,
    ) -> Applied {
        let allocations = ids.iter().map(|id| AllocationUpdate {
            deployment_status: Some(AllocationDeploymentStatus {
                healthy: Some(healthy),
                timestamp,
                ..AllocationDeploymentStatus::default()
            }),
            ..AllocationUpdate::new(id, ClientStatus::Running)
        });
        let update = UpdateAllocations { allocations: allocations.collect() };
        self.tell(update)
    }

    /// Places a job and brings it up, as far as its deployment goes.
    pub(crate) fn run(&mut self, job: &Job) {
        self.register(job);
        self.settle();
        self.bring_up(&job.id);
    }

    /// Reports what is pending of a job as running and well, until nothing more comes of it.
    pub(crate) fn bring_up(&mut self, job: &str) {
        loop {
            let pending: Vec<String> = self
                .allocations_of("default", job)
                .filter(|it| it.is_live() && it.client() == ClientStatus::Pending)
                .map(|it| it.id())
                .collect();
            if pending.is_empty() {
                return;
            }
            self.judge(&pending, true);
            self.pass(1);
        }
    }

    /// The status and the description of the latest deployment of a job.
    pub(crate) fn deployment(&self, job: &str) -> (String, String) {
        let latest = self.engine.deployments_of("default", job).next().unwrap();
        (latest.status, latest.status_description)
    }

    /// The identity of the latest deployment of a job.
    pub(crate) fn deployment_id(&self, job: &str) -> String {
        self.engine.deployments_of("default", job).next().unwrap().id
    }

    /// How many live allocations of a job run a version.
    pub(crate) fn running(&self, job: &str, version: u64) -> usize {
        let live = self.live(job).into_iter().filter_map(|id| self.engine.allocation(&id));
        live.filter(|it| it.job_version() == version).count()
    }
}
