//! Random sequences of commands: the invariants hold after each, an engine that is asked again does nothing
//! more, and another one that is told the same becomes the same.

use proptest::prelude::*;
use stowplan::engine::{
    AllocationUpdate, CollectGarbage, Command, DeregisterJob, DrainNode, DrainSpec, Engine,
    EngineOptions, EvaluateJob, FailDeployment, Heartbeat, PauseDeployment, PromoteDeployment,
    PurgeNode, RegisterJob, RegisterNode, RevertJob, SetEligibility, SetNodeStatus, StopAllocation,
    UpdateAllocations,
};
use stowplan::model::{AllocationDeploymentStatus, ClientStatus, JobType, UpdateStrategy};
use stowplan::{Span, Timestamp};

use crate::world::{node, service};

/// What happens, with numbers that choose among what is there.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Register { job: u8, count: u8, version: u8, kind: u8 },
    Stop { job: u8, purge: bool },
    Evaluate(u8),
    Revert { job: u8, version: u8 },
    Join(u8),
    Status { node: u8, status: u8 },
    Heartbeat(u8),
    Drain { node: u8, deadline: i8 },
    Undrain(u8),
    Eligibility { node: u8, eligible: bool },
    Purge(u8),
    Report { pick: u8, status: u8, many: bool },
    StopAllocation(u8),
    Deployment { pick: u8, what: u8 },
    Collect,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5u8, 0..6u8, 0..4u8, 0..5u8)
            .prop_map(|(job, count, version, kind)| Step::Register { job, count, version, kind }),
        1 => (0..5u8, any::<bool>()).prop_map(|(job, purge)| Step::Stop { job, purge }),
        1 => (0..5u8).prop_map(Step::Evaluate),
        1 => (0..5u8, 0..4u8).prop_map(|(job, version)| Step::Revert { job, version }),
        3 => (0..6u8).prop_map(Step::Join),
        2 => (0..6u8, 0..4u8).prop_map(|(node, status)| Step::Status { node, status }),
        1 => (0..6u8).prop_map(Step::Heartbeat),
        1 => (0..6u8, -1..3i8).prop_map(|(node, deadline)| Step::Drain { node, deadline }),
        1 => (0..6u8).prop_map(Step::Undrain),
        1 => (0..6u8, any::<bool>())
            .prop_map(|(node, eligible)| Step::Eligibility { node, eligible }),
        1 => (0..6u8).prop_map(Step::Purge),
        9 => (any::<u8>(), 0..6u8, any::<bool>())
            .prop_map(|(pick, status, many)| Step::Report { pick, status, many }),
        1 => any::<u8>().prop_map(Step::StopAllocation),
        2 => (any::<u8>(), 0..4u8).prop_map(|(pick, what)| Step::Deployment { pick, what }),
        1 => Just(Step::Collect),
    ]
}

fn job_id(job: u8) -> String {
    format!("job{job}")
}

fn node_id(node: u8) -> String {
    format!("n{node}")
}

/// The command of a step, on what there is.
pub(crate) fn command(engine: &Engine, step: &Step) -> Option<Command> {
    Some(match step {
        Step::Register { job, count, version, kind } => {
            register(*job, *count, *version, *kind).into()
        }
        Step::Stop { job, purge } => {
            DeregisterJob { job_id: job_id(*job), purge: *purge, ..DeregisterJob::default() }.into()
        }
        Step::Evaluate(job) => {
            EvaluateJob { job_id: job_id(*job), ..EvaluateJob::default() }.into()
        }
        Step::Revert { job, version } => RevertJob {
            job_id: job_id(*job),
            job_version: (*version).into(),
            ..RevertJob::default()
        }
        .into(),
        Step::Join(id) => RegisterNode::from(node(&node_id(*id)).spec().clone()).into(),
        Step::Status { node, status } => {
            let status = ["ready", "down", "disconnected", "initializing"][usize::from(*status)];
            SetNodeStatus { node_id: node_id(*node), status: status.into() }.into()
        }
        Step::Heartbeat(node) => Heartbeat { node_id: node_id(*node) }.into(),
        Step::Drain { node, deadline } => DrainNode {
            node_id: node_id(*node),
            drain_spec: Some(DrainSpec {
                deadline: Span::from_secs(i64::from(*deadline) * 100),
                ignore_system_jobs: *deadline == 2,
            }),
            ..DrainNode::default()
        }
        .into(),
        Step::Undrain(node) => {
            DrainNode { node_id: node_id(*node), mark_eligible: true, ..DrainNode::default() }
                .into()
        }
        Step::Eligibility { node, eligible } => {
            let eligibility = if *eligible { "eligible" } else { "ineligible" };
            SetEligibility { node_id: node_id(*node), eligibility: eligibility.into() }.into()
        }
        Step::Purge(node) => PurgeNode { node_id: node_id(*node) }.into(),
        Step::Report { pick, status, many } => report(engine, *pick, *status, *many)?,
        Step::StopAllocation(pick) => {
            let allocation_id = allocations(engine, *pick, 1).pop()?;
            StopAllocation { allocation_id, ..StopAllocation::default() }.into()
        }
        Step::Deployment { pick, what } => deployment(engine, *pick, *what)?,
        Step::Collect => CollectGarbage {}.into(),
    })
}

fn register(job: u8, count: u8, version: u8, kind: u8) -> RegisterJob {
    let job_type = match job {
        0..3 => JobType::Service,
        3 => JobType::Batch,
        _ => JobType::System,
    };
    let count = if job_type == JobType::System { 1 } else { u32::from(count) };
    let job = service(&job_id(job), count).job_type(job_type).build().unwrap();
    let update = [
        r#"{"MaxParallel": 1}"#,
        r#"{"MaxParallel": 2, "Canary": 1}"#,
        r#"{"MaxParallel": 2, "Canary": 1, "AutoPromote": true, "AutoRevert": true}"#,
        r#"{"MaxParallel": 2, "AutoRevert": true, "ProgressDeadline": 0}"#,
        r#"{"MaxParallel": 0}"#,
    ];
    let update: UpdateStrategy = serde_json::from_str(update[usize::from(kind)]).unwrap();
    let mut spec = job.spec().clone();
    if job_type == JobType::Service {
        spec.task_groups[0].update = Some(update);
    }
    spec.task_groups[0].tasks[0].meta.insert("version".into(), version.to_string());
    spec.into()
}

/// Some allocations, from one on.
fn allocations(engine: &Engine, pick: u8, many: usize) -> Vec<String> {
    let mut ids: Vec<String> = engine.allocations().map(|it| it.id).collect();
    ids.sort_unstable();
    let length = ids.len();
    (0..many.min(length)).map(|at| ids[(usize::from(pick) + at) % length].clone()).collect()
}

fn report(engine: &Engine, pick: u8, status: u8, many: bool) -> Option<Command> {
    let ids = allocations(engine, pick, if many { 8 } else { 1 });
    let (status, healthy) = match status {
        0 | 1 => (ClientStatus::Running, Some(true)),
        2 => (ClientStatus::Running, None),
        3 => (ClientStatus::Running, Some(false)),
        4 => (ClientStatus::Failed, None),
        _ => (ClientStatus::Complete, None),
    };
    let update = |id: &String| AllocationUpdate {
        deployment_status: healthy.map(|healthy| AllocationDeploymentStatus {
            healthy: Some(healthy),
            ..AllocationDeploymentStatus::default()
        }),
        ..AllocationUpdate::new(id, status)
    };
    let allocations: Vec<AllocationUpdate> = ids.iter().map(update).collect();
    (!allocations.is_empty()).then(|| UpdateAllocations { allocations }.into())
}

fn deployment(engine: &Engine, pick: u8, what: u8) -> Option<Command> {
    let mut ids: Vec<String> = engine.deployments_with_prefix("").map(|it| it.id).collect();
    ids.sort_unstable();
    let deployment_id = ids.get(usize::from(pick) % ids.len().max(1))?.clone();
    Some(match what {
        0 => PauseDeployment { deployment_id, pause: true }.into(),
        1 => PauseDeployment { deployment_id, pause: false }.into(),
        2 => FailDeployment { deployment_id }.into(),
        _ => PromoteDeployment { deployment_id, all: true, ..PromoteDeployment::default() }.into(),
    })
}

proptest! {
    #[test]
    fn any_commands_leave_an_engine_whole_and_can_be_replayed(
        steps in prop::collection::vec((step(), 0..200i64), 1..80),
    ) {
        let options = || EngineOptions { history: 10_000, ..EngineOptions::default() };
        let mut engine = Engine::new(options());
        let mut told: Vec<(Timestamp, Command)> = Vec::new();
        let mut now = Timestamp::from_secs(1_000);
        for (step, secs) in &steps {
            let Some(command) = command(&engine, step) else { continue };
            told.push((now, command.clone()));
            let before = engine.modify_index();
            let indexes = match engine.apply(now, command) {
                Ok(applied) => applied.index,
                Err(_) => engine.modify_index(),
            };
            prop_assert!(indexes >= before);
            prop_assert_eq!(engine.check(), Ok(()), "after {:?}", step);
            engine.advance(now).unwrap();
            prop_assert_eq!(engine.check(), Ok(()), "at rest after {:?}", step);
            prop_assert!(engine.next_deadline().is_none_or(|at| at > now));
            // Every index has at least one event.
            let events = engine.events(before);
            for index in before + 1..=engine.modify_index() {
                prop_assert!(events.iter().any(|it| it.index == index), "{} of {:?}", index, step);
            }
            now = Timestamp::from_secs(now.as_nanos() / 1_000_000_000 + secs);
        }
        engine.advance(now).unwrap();
        let mut again = Engine::new(EngineOptions::default());
        for (at, command) in told {
            let _ = again.apply(at, command);
        }
        again.advance(now).unwrap();
        prop_assert!(engine.dump() == again.dump(), "a replay comes to something else");
    }
}
