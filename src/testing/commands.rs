//! The commands of steps, on what an engine has.

use super::steps::{Kind, Step};
use super::steps_of_jobs;
use super::steps_of_launches;
use super::steps_of_runs;
use crate::engine::{
    CollectGarbage, Command, DeleteNamespace, DeleteNodePool, DeregisterJob, DrainNode, DrainSpec,
    Engine, EvaluateJob, EvaluateNode, Heartbeat, PurgeNode, ReconcileSummaries, RegisterNode,
    Resume, RevertJob, ScaleJob, SetEligibility, SetJobStability, SetNodeStatus,
    SetSchedulerConfiguration, UpsertNamespace, UpsertNodePool,
};
use crate::model::{Namespace, Node, NodePool, NodeSpec, SchedulerConfiguration};
use crate::time::Span;

impl Step {
    /// What an engine is told.
    pub fn command(&self, engine: &Engine) -> Command {
        let node_id = self.node_id();
        match self.kind {
            Kind::RegisterJob => steps_of_jobs::register(self, engine).into(),
            Kind::RegisterNode => RegisterNode::from(self.node()).into(),
            Kind::Heartbeat => Heartbeat { node_id: self.watched_node_id() }.into(),
            Kind::SetNodeStatus => {
                let all = ["ready", "down", "ready", "disconnected", "initializing", "asleep"];
                SetNodeStatus { node_id, status: self.one(0, &all).into() }.into()
            }
            Kind::SetEligibility => {
                let all = ["eligible", "ineligible", "eligible", "maybe"];
                SetEligibility { node_id, eligibility: self.one(0, &all).into() }.into()
            }
            Kind::DrainNode => self.drain(node_id),
            Kind::EvaluateNode => EvaluateNode { node_id }.into(),
            Kind::PurgeNode => PurgeNode { node_id }.into(),
            Kind::CollectGarbage => CollectGarbage {}.into(),
            Kind::ReconcileSummaries => ReconcileSummaries {}.into(),
            Kind::Resume => Resume {}.into(),
            Kind::DeregisterJob
            | Kind::EvaluateJob
            | Kind::ScaleJob
            | Kind::RevertJob
            | Kind::SetJobStability => self.on_job(),
            Kind::SetSchedulerConfiguration
            | Kind::UpsertNamespace
            | Kind::DeleteNamespace
            | Kind::UpsertNodePool
            | Kind::DeleteNodePool => self.on_settings(engine),
            Kind::DispatchJob
            | Kind::ForcePeriodic
            | Kind::DeleteEvaluations
            | Kind::Dequeue
            | Kind::Ack
            | Kind::Nack
            | Kind::SubmitPlan
            | Kind::UpdateEvaluation
            | Kind::CreateEvaluation => steps_of_launches::command(self, engine),
            _ => steps_of_runs::command(self, engine),
        }
    }

    /// A node's name, which may be nobody's.
    fn node_id(&self) -> String {
        if self.who >= 250 { "nowhere".into() } else { format!("n{}", self.who % 8) }
    }

    /// The name of one of the nodes that are heard of at times: the others are never late.
    fn watched_node_id(&self) -> String {
        if self.who >= 250 { "nowhere".into() } else { format!("n{}", self.who % 3) }
    }

    fn node(&self) -> NodeSpec {
        let id = self.node_id();
        let datacenter = if self.who % 8 == 7 { "dc2" } else { "dc1" };
        let class = if self.who.is_multiple_of(2) { "a" } else { "b" };
        let node = Node::builder(&id).cpu_shares(4_000).memory_mb(8_192).disk_mb(100_000);
        let node = node.driver("docker").attribute("kernel.name", "linux");
        let mut spec = node.class(class).build().unwrap().spec().clone();
        spec.datacenter = datacenter.into();
        match self.how[0] {
            // Another fact, a node that begins slowly, one with a secret, one that is wrong.
            200..215 => drop(spec.meta.insert("rack".into(), self.how[1].to_string())),
            215..230 => spec.status = "initializing".into(),
            230..245 => {
                let secret = self.one(1, &["s1", "s2"]);
                spec.extra.insert("SecretID".into(), secret.into());
            }
            245.. => spec.datacenter = String::new(),
            _ => {}
        }
        spec
    }

    fn drain(&self, node_id: String) -> Command {
        let deadline = self.one(0, &[600, 60, 0, -1]);
        let spec = DrainSpec {
            deadline: Span::from_secs(deadline),
            ignore_system_jobs: self.how[1] % 2 == 1,
        };
        let drain_spec = Some(spec).filter(|_| !self.how[2].is_multiple_of(3));
        DrainNode { node_id, drain_spec, mark_eligible: self.how[1] % 4 < 3, ..Default::default() }
            .into()
    }

    fn on_job(&self) -> Command {
        let (namespace, job_id) = steps_of_jobs::names(self);
        match self.kind {
            Kind::DeregisterJob => {
                let purge = self.how[0] % 3 == 2;
                DeregisterJob { job_id, namespace, purge, ..Default::default() }.into()
            }
            Kind::EvaluateJob => {
                let mut command = EvaluateJob { job_id, namespace, ..Default::default() };
                command.eval_options.force_reschedule = self.how[0] % 2 == 1;
                command.into()
            }
            Kind::RevertJob => {
                let enforced = Some(u64::from(self.how[1] % 4)).filter(|_| self.how[1] >= 128);
                RevertJob {
                    job_id,
                    namespace,
                    job_version: u64::from(self.how[0] % 8),
                    enforce_prior_version: enforced,
                }
                .into()
            }
            Kind::SetJobStability => SetJobStability {
                job_id,
                namespace,
                job_version: u64::from(self.how[0] % 8),
                stable: self.how[1] % 4 != 3,
            }
            .into(),
            _ => {
                let group = self.one(1, &["front", "front", "front", "front", "back", "", "side"]);
                let target = Some(("Group".to_owned(), group.to_owned())).into_iter().collect();
                let count = self.one(0, &[1, 2, 3, 4, 5, 6, 0, 10, -1]);
                let (count, error) = match self.how[2] {
                    0..220 => (Some(count), false),
                    220..240 => (None, true),
                    240..250 => (None, false),
                    _ => (Some(count), true),
                };
                ScaleJob { job_id, namespace, count, target, error, ..Default::default() }.into()
            }
        }
    }

    fn on_settings(&self, engine: &Engine) -> Command {
        let name = self.one(0, &["ops", "dev", "edge", "default", "all", "", "no name"]).to_owned();
        match self.kind {
            Kind::UpsertNamespace => {
                let namespace = Namespace { name, ..Namespace::default() };
                UpsertNamespace { namespace }.into()
            }
            Kind::DeleteNamespace => DeleteNamespace { name }.into(),
            Kind::UpsertNodePool => {
                UpsertNodePool { pool: NodePool { name, ..NodePool::default() } }.into()
            }
            Kind::DeleteNodePool => DeleteNodePool { name }.into(),
            _ => {
                let algorithm = self.one(0, &["binpack", "spread", "", "nope"]);
                let index = engine.scheduler_configuration().modify_index;
                let check_index = self.one(1, &[None, None, Some(index), Some(index + 1)]);
                let configuration = SchedulerConfiguration {
                    scheduler_algorithm: algorithm.into(),
                    ..SchedulerConfiguration::default()
                };
                SetSchedulerConfiguration { configuration, check_index }.into()
            }
        }
    }
}
