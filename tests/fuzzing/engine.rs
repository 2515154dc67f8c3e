//! An engine over time: any sequence of commands, saved states read from changed bytes, and logs of
//! commands.

use stowplan::engine::{
    Ack, AllocationUpdate, CollectGarbage, Command, Dequeue, DeregisterJob, DrainNode, DrainSpec,
    Engine, EngineOptions, EvaluateJob, FailDeployment, Heartbeat, Nack, PauseDeployment,
    PromoteDeployment, PurgeNode, Recorded, RegisterJob, RegisterNode, Resume, RevertJob, ScaleJob,
    SetAllocationHealth, SetEligibility, SetNodeStatus, StopAllocation, UpdateAllocations,
};
use stowplan::model::{AllocationDeploymentStatus, ClientStatus, JobType};
use stowplan::testing::{Bytes, small};
use stowplan::{Span, Timestamp};

/// The most commands of one sequence.
const COMMANDS: usize = 40;

/// The most lines of a log that are told.
const LINES: usize = 40;

fn bytes_of(engine: &Engine) -> Vec<u8> {
    engine.snapshot().save().flatten().collect()
}

fn options(bytes: &mut Bytes<'_>) -> EngineOptions {
    let mut options = EngineOptions {
        seed: bytes.byte().into(),
        history: [0, 30, 10_000][bytes.below(3)],
        ..EngineOptions::default()
    };
    if bytes.one_in(4) {
        options.processed = vec![JobType::Service, JobType::System];
    }
    options.heartbeats.is_watched_from_registration = bytes.one_in(3);
    options
}

/// Commands come to the same whether or not anybody looks in between, saves the engine and goes on from
/// there; and everything is true of it after each that always is.
pub(crate) fn engine(data: &[u8]) {
    let bytes = &mut Bytes::new(data);
    let options = options(bytes);
    let mut engine = Engine::new(options.clone());
    let mut plain = Engine::new(options);
    let mut token = String::new();
    let mut now = Timestamp::from_secs(1_000);
    for _ in 0..COMMANDS {
        if bytes.is_empty() {
            break;
        }
        let secs = [0, 1, 7, 60, 600, 40_000][bytes.below(6)];
        now = now + Span::from_secs(secs);
        let look = bytes.below(6);
        let Some(command) = command(bytes, &plain, &token) else { continue };
        // That one is applied before time comes to its instant.
        let is_resumed = matches!(command, Command::Resume(_));
        match look {
            0 if !is_resumed => engine.advance(now).unwrap(),
            1 if !is_resumed => while engine.step(now).unwrap() {},
            2 => engine = Engine::load(&bytes_of(&engine)).unwrap(),
            _ => {}
        }
        engine.check().unwrap();
        let answers = (engine.apply(now, command.clone()), plain.apply(now, command));
        assert_eq!(answers.0, answers.1);
        engine.check().unwrap();
        if let Ok(applied) = answers.1
            && applied.dequeued.is_some()
        {
            token = applied.token;
        }
    }
    let end = now + Span::from_secs(1_000_000);
    engine.advance(end).unwrap();
    plain.advance(end).unwrap();
    engine.check().unwrap();
    assert_eq!(engine.dump(), plain.dump());
    if plain.options().history > 1_000 {
        let events = [&engine, &plain].map(|it| serde_json::to_string(&it.events(0)).unwrap());
        assert_eq!(events[0], events[1]);
        assert!(bytes_of(&engine).len() > 100);
    }
}

/// A command on what there is, or on what is not.
fn command(bytes: &mut Bytes<'_>, engine: &Engine, token: &str) -> Option<Command> {
    let node_id = |bytes: &mut Bytes<'_>| small::node_id(bytes.below(small::NODES));
    Some(match bytes.below(26) {
        0..4 => {
            let at = bytes.below(small::JOBS);
            let job = small::job(bytes, at)?;
            RegisterJob::from(job.spec().clone()).into()
        }
        4..7 => {
            let at = bytes.below(small::NODES);
            RegisterNode::from(small::node(bytes, at).spec().clone()).into()
        }
        7..11 => update(bytes, engine)?,
        11 => {
            let (job_id, purge) = (job_id(bytes, engine), bytes.one_in(2));
            DeregisterJob { job_id, purge, ..DeregisterJob::default() }.into()
        }
        12 => EvaluateJob { job_id: job_id(bytes, engine), ..EvaluateJob::default() }.into(),
        13 => scale(bytes, engine),
        14 => {
            let (job_id, job_version) = (job_id(bytes, engine), bytes.below(4) as u64);
            RevertJob { job_id, job_version, ..RevertJob::default() }.into()
        }
        15 => {
            let status = bytes.pick(&["ready", "down", "disconnected", "initializing", "lost"]);
            SetNodeStatus { node_id: node_id(bytes), status: status.into() }.into()
        }
        16 => Heartbeat { node_id: node_id(bytes) }.into(),
        17 => {
            let deadline = Span::from_secs([-1, 0, 100, 5_000][bytes.below(4)]);
            let spec = DrainSpec { deadline, ignore_system_jobs: bytes.one_in(2) };
            let (drain_spec, mark_eligible) = ((!bytes.one_in(3)).then_some(spec), bytes.one_in(2));
            let node_id = node_id(bytes);
            DrainNode { node_id, drain_spec, mark_eligible, ..DrainNode::default() }.into()
        }
        18 => {
            let eligibility = bytes.pick(&["eligible", "ineligible", "no"]).into();
            SetEligibility { node_id: node_id(bytes), eligibility }.into()
        }
        19 => PurgeNode { node_id: node_id(bytes) }.into(),
        20 => {
            let allocation_id = allocation_id(bytes, engine)?;
            StopAllocation { allocation_id, ..StopAllocation::default() }.into()
        }
        21 => deployment(bytes, engine)?,
        22 => CollectGarbage {}.into(),
        23 => Dequeue { types: ["batch", "sysbatch"].map(str::to_owned).into() }.into(),
        24 => returned(bytes, engine, token)?,
        _ => Resume {}.into(),
    })
}

fn job_id(bytes: &mut Bytes<'_>, engine: &Engine) -> String {
    let ids: Vec<&str> = engine.jobs().map(|job| job.id()).collect();
    let at = bytes.below(ids.len() + 1);
    ids.get(at).copied().unwrap_or("unknown").to_owned()
}

fn allocation_id(bytes: &mut Bytes<'_>, engine: &Engine) -> Option<String> {
    let mut ids: Vec<String> = engine.allocations().take(250).map(|it| it.id).collect();
    ids.sort_unstable();
    if ids.is_empty() { None } else { Some(ids.swap_remove(bytes.below(ids.len()))) }
}

fn update(bytes: &mut Bytes<'_>, engine: &Engine) -> Option<Command> {
    let mut allocations = Vec::new();
    for _ in 0..1 + bytes.below(4) {
        let status = bytes.pick(&[
            ClientStatus::Running,
            ClientStatus::Running,
            ClientStatus::Complete,
            ClientStatus::Failed,
            ClientStatus::Pending,
            ClientStatus::Unknown,
        ]);
        let healthy = [None, Some(true), Some(false)][bytes.below(3)];
        allocations.push(AllocationUpdate {
            deployment_status: healthy.map(|healthy| AllocationDeploymentStatus {
                healthy: Some(healthy),
                ..AllocationDeploymentStatus::default()
            }),
            ..AllocationUpdate::new(&allocation_id(bytes, engine)?, status)
        });
    }
    Some(UpdateAllocations { allocations }.into())
}

fn scale(bytes: &mut Bytes<'_>, engine: &Engine) -> Command {
    let job_id = job_id(bytes, engine);
    let job = engine.job("default", &job_id);
    let group = job.and_then(|job| job.task_groups().next().map(str::to_owned));
    let target = [("Group".to_owned(), group.unwrap_or_default())];
    ScaleJob {
        job_id,
        count: (!bytes.one_in(4)).then(|| bytes.below(6) as i64),
        target: target.into_iter().collect(),
        ..ScaleJob::default()
    }
    .into()
}

fn deployment(bytes: &mut Bytes<'_>, engine: &Engine) -> Option<Command> {
    let mut ids: Vec<String> = engine.deployments_with_prefix("").map(|it| it.id).collect();
    ids.sort_unstable();
    ids.truncate(250);
    let at = bytes.below(ids.len().max(1));
    let deployment_id = ids.get(at)?.clone();
    Some(match bytes.below(5) {
        0 => PauseDeployment { deployment_id, pause: bytes.one_in(2) }.into(),
        1 => FailDeployment { deployment_id }.into(),
        2 => SetAllocationHealth {
            deployment_id,
            healthy: allocation_id(bytes, engine).into_iter().collect(),
            unhealthy: allocation_id(bytes, engine).into_iter().collect(),
        }
        .into(),
        _ => PromoteDeployment { deployment_id, all: true, ..PromoteDeployment::default() }.into(),
    })
}

/// An evaluation that is given back, with the token that the latest one went out with, which may be another's.
fn returned(bytes: &mut Bytes<'_>, engine: &Engine, token: &str) -> Option<Command> {
    let mut ids: Vec<String> = engine.evaluations_with_prefix("").map(|it| it.id).collect();
    ids.sort_unstable();
    ids.truncate(250);
    let at = bytes.below(ids.len().max(1));
    let (evaluation_id, token) = (ids.get(at)?.clone(), token.to_owned());
    Some(match bytes.one_in(2) {
        true => Ack { evaluation_id, token }.into(),
        false => Nack { evaluation_id, token }.into(),
    })
}

/// A saved state of which some bytes were changed, with checksums that are right or not: it is read or
/// refused. One that is read can be looked at, and can be written again.
pub(crate) fn saved(data: &[u8]) {
    let bytes = &mut Bytes::new(data);
    let mut engine = Engine::new(options(bytes));
    let mut now = Timestamp::from_secs(1_000);
    for _ in 0..4 + bytes.below(12) {
        if let Some(command) = command(bytes, &engine, "") {
            let _ = engine.apply(now, command);
        }
        now = now + Span::from_secs(30);
    }
    let mut file = bytes_of(&engine);
    let again = bytes_of(&Engine::load(&file).unwrap());
    assert!(file == again, "the same engine is the same file");
    let is_resealed = !bytes.one_in(8);
    while !bytes.is_empty() {
        let at = (usize::from(bytes.byte()) << 8 | usize::from(bytes.byte())) % file.len();
        let value = bytes.byte();
        match bytes.below(6) {
            0 => file[at] ^= 1 << (value % 8),
            1 => file.truncate(at.max(1)),
            2 => file.insert(at, value),
            3 => drop(file.remove(at)),
            _ => file[at] = value,
        }
        if file.is_empty() {
            break;
        }
    }
    if is_resealed {
        Engine::reseal(&mut file);
    }
    look_at(&file);
    look_at(data);
}

fn look_at(file: &[u8]) {
    match Engine::load(file) {
        Ok(engine) => {
            let _ = (engine.check(), engine.dump(), engine.events(0), bytes_of(&engine));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The lines of a log: each is a command or refused with a reason, and what is a command says the same when
/// it is written and read again, and does no harm.
pub(crate) fn replay(data: &[u8]) {
    let mut engine = Engine::new(EngineOptions::default());
    for line in data.split(|byte| *byte == b'\n').take(LINES) {
        let recorded = match Recorded::from_json(line) {
            Ok(recorded) => recorded,
            Err(error) => {
                assert!(error.to_string().chars().count() <= 700, "{error}");
                continue;
            }
        };
        let text = serde_json::to_string(&recorded).unwrap();
        assert_eq!(Recorded::from_json(&text).as_ref(), Ok(&recorded), "{text}");
        // What takes as long as it asks for is for the limits of a program to see to.
        if is_large(&text) {
            continue;
        }
        let _ = engine.apply(recorded.now, recorded.command);
        engine.check().unwrap();
    }
    assert_eq!(Engine::load(&bytes_of(&engine)).unwrap().dump(), engine.dump());
}

/// Whether a command may ask for more allocations than a fuzzer has time for.
fn is_large(text: &str) -> bool {
    let counts = text.split(r#""Count":"#).skip(1);
    let digits = |count: &str| count.chars().take_while(char::is_ascii_digit).count();
    counts.map(digits).any(|digits| digits > 2)
}
