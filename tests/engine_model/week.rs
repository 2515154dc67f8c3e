//! Nothing is lost: a simulated week in which nodes die and come back and drain, deployments fail, and jobs come and
//! go. Whenever it is looked at, every evaluation has ended, waits for its time or is blocked; every job has what
//! it asks for or waits by a rule that has a name; and no index is without its event.

use std::collections::{BTreeMap, BTreeSet};

use stowplan::engine::{
    Command, DeregisterJob, DrainNode, DrainSpec, Engine, EngineOptions, RegisterJob, ScaleJob,
};
use stowplan::model::{JobSpec, JobType, Node as NodeDocument, UpdateStrategy};
use stowplan::sim::{Behaviour, Lasting, World};
use stowplan::testing::Random;
use stowplan::{Cluster, PlaceOptions, Span, Timestamp};

use crate::facts::Facts;
use crate::model::{Job, Key, Model, Node, Version};
use crate::rest::{Look, Waits};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// How large a world is, and for how long it is looked at.
struct Size {
    nodes: usize,
    services: usize,
    batch_jobs_per_day: i64,
    drains_per_day: i64,
    days: i64,
    hours_between_looks: i64,
}

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    indexes: BTreeSet<u64>,
    looks: usize,
    evaluations: BTreeMap<String, usize>,
    deployments: BTreeMap<String, usize>,
    waits: Waits,
}

fn options() -> EngineOptions {
    let mut options = EngineOptions { seed: 11, ..EngineOptions::default() };
    options.heartbeats.min_ttl = Span::from_secs(300);
    options
}

fn behaviour() -> Behaviour {
    let seconds = Span::from_secs;
    Behaviour {
        run: Lasting::Exponential(seconds(1_200)),
        failed_per_1000: 20,
        failure: Lasting::Exponential(seconds(20 * DAY)),
        unhealthy_per_1000: 15,
        // One in twenty a day.
        node_failure: Lasting::Exponential(seconds(20 * DAY)),
        node_downtime: Lasting::Exponential(seconds(2_700)),
        ..Behaviour::default()
    }
}

fn service(at: usize, version: u64, count: i64) -> JobSpec {
    let job = stowplan::model::Job::builder(format!("service-{at}")).group("main", 1, |group| {
        group.task("serve", "docker", |task| {
            task.cpu_shares(200 + 10 * at as i64 % 400).memory_mb(256)
        })
    });
    let mut spec = job.build().unwrap().spec().clone();
    let group = &mut spec.task_groups[0];
    group.count = Some(count);
    group.tasks[0].meta.insert("version".into(), version.to_string());
    group.update = Some(UpdateStrategy {
        max_parallel: Some(1 + at as i64 % 4),
        canary: Some([0, 0, 1, 2][at % 4]),
        auto_promote: Some(at % 4 >= 2 && at % 8 < 6),
        auto_revert: Some(at.is_multiple_of(3)),
        ..UpdateStrategy::default()
    });
    spec
}

fn other(id: &str, job_type: JobType, count: u32) -> JobSpec {
    let job = stowplan::model::Job::builder(id).job_type(job_type).group("main", count, |group| {
        group.task("work", "docker", |task| task.cpu_shares(100).memory_mb(128))
    });
    job.build().unwrap().spec().clone()
}

/// What people do in the week, by instants in seconds.
fn plan(size: &Size) -> Vec<(i64, Command)> {
    let mut random = Random::new(11, 5);
    let mut all: Vec<(i64, Command)> = Vec::new();
    let register = |spec: JobSpec| Command::from(RegisterJob::from(spec));
    for at in 0..size.services {
        let mut count = random.range(3, 20);
        all.push((random.range(0, HOUR), register(service(at, 0, count))));
        for version in 1..=(2 * size.days as u64) {
            let instant = random.range(0, size.days * DAY);
            match random.below(10) {
                0 => {
                    let job_id = format!("service-{at}");
                    all.push((instant, DeregisterJob { job_id, ..Default::default() }.into()));
                }
                1 => {
                    count = random.range(1, 25);
                    let target = [("Group".into(), "main".into())].into_iter().collect();
                    let job_id = format!("service-{at}");
                    let count = Some(count);
                    all.push((
                        instant,
                        ScaleJob { job_id, count, target, ..Default::default() }.into(),
                    ));
                }
                _ => all.push((instant, register(service(at, version, count)))),
            }
        }
    }
    all.push((10, register(other("logs", JobType::System, 1))));
    all.push((DAY / 2, register(other("patch", JobType::Sysbatch, 1))));
    for at in 0..size.batch_jobs_per_day * size.days {
        let job = other(&format!("batch-{at}"), JobType::Batch, random.range(1, 12) as u32);
        all.push((DAY * at / size.batch_jobs_per_day, register(job)));
    }
    for at in 0..size.drains_per_day * size.days {
        let node_id = format!("n{:04}", random.below(size.nodes));
        let instant = DAY * at / size.drains_per_day;
        let deadline = Span::from_secs(random.range(0, 3) * HOUR);
        let drain_spec = Some(DrainSpec { deadline, ..DrainSpec::default() });
        let drain = DrainNode { node_id: node_id.clone(), drain_spec, ..Default::default() };
        all.push((instant, drain.into()));
        let back = DrainNode { node_id, mark_eligible: true, ..Default::default() };
        all.push((instant + random.range(HOUR, 8 * HOUR), back.into()));
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

fn live_through(size: &Size) -> Seen {
    let begin = Timestamp::from_secs(1_767_225_600);
    let mut world = World::new(options(), behaviour());
    world.run_until(begin);
    for at in 0..size.nodes {
        let node = NodeDocument::builder(format!("n{at:04}")).driver("docker");
        let node = node.cpu_shares(4_000).memory_mb(8_192).build().unwrap();
        world.add_node(node.spec().clone()).unwrap();
    }
    for (at, command) in plan(size) {
        world.at(begin + Span::from_secs(at), command);
    }
    let mut seen = Seen::default();
    seen.indexes.extend(1..=world.engine().modify_index());
    for hours in (0..=24 * size.days).step_by(size.hours_between_looks as usize).skip(1) {
        let indexes = &mut seen.indexes;
        world.run_until_with(begin + Span::from_secs(hours * HOUR), |_, event| {
            indexes.insert(event.index);
        });
        let looked = look(world.engine(), &mut seen);
        looked.unwrap_or_else(|error| panic!("after {hours} hours: {error}"));
    }
    println!("{:?}", world.figures());
    let last = world.engine().modify_index();
    assert!((1..=last).all(|index| seen.indexes.contains(&index)), "an index has no event");
    assert_eq!(world.engine().check(), Ok(()));
    seen
}

/// What the engine has, for the rules of the model.
fn read(engine: &Engine) -> Model {
    let mut model = Model::new(engine.now());
    for job in engine.jobs().filter(|it| it.is_registered()) {
        let Some(spec) = job.document() else { continue };
        let key = (job.namespace().to_owned(), job.id().to_owned());
        let (number, index, is_stopped) = (spec.version, spec.job_modify_index, spec.stop);
        let version = Version { number, index, is_stopped, is_stable: false, spec };
        let job = Job { versions: vec![version], present: number, turned_at: 0, is_seen: true };
        model.jobs.insert(key, job);
    }
    for node in engine.nodes() {
        let is = Node {
            status: node.status().as_str().to_owned(),
            is_eligible: node.scheduling_eligibility != "ineligible",
            is_draining: node.is_draining(),
            ignores_system_jobs: false,
            heard_by: None,
            is_unsynced: false,
            spec: node.spec().clone(),
        };
        model.nodes.insert(node.id.clone(), is);
    }
    model
}

fn look(engine: &Engine, seen: &mut Seen) -> Result<(), String> {
    seen.looks += 1;
    let (facts, model) = (Facts::of(engine), read(engine));
    let now = engine.now();
    for it in facts.evaluations.values() {
        let waits = it.wait_until.is_some_and(|at| at > now) || it.wait > Span::ZERO;
        match it.status.as_str() {
            "pending" if !waits => return Err(format!("{} is pending, and nothing is due", it.id)),
            "complete" | "failed" | "canceled" | "blocked" | "pending" => {}
            other => return Err(format!("{} is {other}", it.id)),
        }
        *seen.evaluations.entry(it.status.clone()).or_default() += 1;
    }
    for it in facts.deployments.values() {
        *seen.deployments.entry(it.status_description.clone()).or_default() += 1;
    }
    // Verdicts are gathered for a quarter of a second.
    let gathered = now - Span::from_nanos(250_000_000);
    let mut fork = Cluster::fork(engine);
    let jobs = model.jobs.iter().filter(|(_, job)| !job.present().is_stopped);
    for (key, job) in jobs {
        let is_gathering = facts
            .allocations_of(key)
            .any(|it| Timestamp::from_nanos(it.it.modify_time) >= gathered);
        let look = Look { model: &model, facts: &facts, key, job, is_noticed: !is_gathering };
        let mut waits = Waits::new();
        look.groups(&mut waits)?;
        let placed = missing_placed(&mut fork, key, job);
        if placed > 0 && waits.is_empty() {
            return Err(format!("{key:?} misses {placed} for which there is room"));
        }
        for (why, many) in waits {
            *seen.waits.entry(why).or_default() += many;
        }
    }
    Ok(())
}

/// How many of a job's missing allocations find a place.
fn missing_placed(fork: &mut Cluster, key: &Key, job: &Job) -> usize {
    if job.present().spec.job_type().is_system() {
        // Each node that should run one is looked at by the rules.
        return 0;
    }
    let present = fork.job(&key.0, &key.1).and_then(|it| it.present_version()).cloned();
    let Some(present) = present else { return 0 };
    let proposal = fork.propose(&present, &PlaceOptions::default());
    proposal.placement().len()
}

#[test]
fn in_a_day_of_a_small_cluster_nothing_is_lost() {
    let size = Size {
        nodes: 40,
        services: 12,
        batch_jobs_per_day: 60,
        drains_per_day: 8,
        days: 1,
        hours_between_looks: 2,
    };
    let seen = live_through(&size);
    println!("{} looks: {:#?}", seen.looks, (&seen.evaluations, &seen.deployments, &seen.waits));
}

#[test]
#[ignore = "it takes minutes"]
fn in_a_week_of_1000_nodes_nothing_is_lost() {
    let nodes = crate::number("STOWPLAN_NODES").map_or(1_000, |nodes| nodes as usize);
    let size = Size {
        nodes,
        services: nodes / 10,
        batch_jobs_per_day: 2 * nodes as i64 / 5,
        drains_per_day: nodes as i64 / 25,
        days: 7,
        hours_between_looks: 1,
    };
    let seen = live_through(&size);
    println!("{} looks: {:#?}", seen.looks, (&seen.evaluations, &seen.deployments, &seen.waits));
    let has = |text: &str| seen.deployments.keys().any(|it| it.starts_with(text));
    assert!(has("Failed due to") && has("Deployment completed"), "{:?}", seen.deployments);
}
