//! Processing one evaluation for a plan: of a job of 1,000 with nothing to change, with its records in the
//! cache and without, of one that rolls 50 of them, of one that lost a node, and of one that finds no room; and
//! marking a node down, on clusters small and large.
//!
//! `benches/evaluations.sh` counts the instructions of the first ones.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros, and a benchmark may panic"
)]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use stowplan::model::{ClientStatus, Constraint, Evaluation, Job, Node, Operand, UpdateStrategy};
use stowplan::schedule::process;
use stowplan::{Algorithm, Cluster, PlaceOptions, Plan, Timestamp};

const COUNT: u32 = 1_000;
const RACKS: usize = 20;
const NOW: Timestamp = Timestamp::from_secs(10);

fn node(at: usize) -> Node {
    let node = Node::builder(format!("node-{at:05}")).cpu_shares(100_000).memory_mb(200_000);
    let node = node.class(if at < 1_000 { "first" } else { "other" });
    let node = node.meta("rack", format!("r{}", at % RACKS));
    node.disk_mb(1_000_000).driver("docker").build().unwrap()
}

fn job(image: &str) -> Job {
    named_job("web", image)
}

fn named_job(id: &str, image: &str) -> Job {
    let job = Job::builder(id)
        .group("front", COUNT, |g| g.task("nginx", "docker", |t| t.cpu_shares(250).memory_mb(500)));
    let update: UpdateStrategy = serde_json::from_str(r#"{"MaxParallel": 50}"#).unwrap();
    let changed = job.build().unwrap().changed(|spec| {
        let group = &mut spec.task_groups[0];
        group.update = Some(update);
        group.tasks[0].extra.insert("Config".into(), serde_json::json!({"image": image}));
    });
    changed.unwrap()
}

fn evaluation(id: &str) -> Evaluation {
    Evaluation {
        id: id.into(),
        job_id: "web".into(),
        evaluation_type: "service".into(),
        triggered_by: "job-register".into(),
        priority: 50,
        ..Evaluation::default()
    }
}

/// A cluster of so many nodes on which jobs run.
fn cluster_of(nodes: usize, jobs: &[Job], options: &PlaceOptions) -> Cluster {
    let mut cluster = Cluster::new((0..nodes).map(node)).unwrap();
    for job in jobs {
        cluster.register_job(job);
        let first = Evaluation { job_id: job.id.clone(), ..evaluation(&format!("{}-1", job.id)) };
        let id = cluster.upsert_evaluation(&first).unwrap();
        let placed = cluster.process(&id, NOW, options).unwrap();
        let ids: Vec<String> = placed.allocations().map(|it| it.id()).collect();
        ids.iter().for_each(|id| cluster.set_client_status(id, ClientStatus::Running).unwrap());
    }
    cluster
}

/// A cluster of 1,000 nodes on which the job runs and is healthy.
fn cluster() -> Cluster {
    cluster_of(1_000, &[job("nginx:1")], &PlaceOptions::default())
}

/// What keeps the allocations of a job on nodes of their own.
#[derive(Clone, Copy)]
enum Apart {
    /// The emptiest node is the best: the job is on each of 1,000 nodes.
    BySpreading,
    /// A constraint: the job is on 900 of 1,000 nodes, which leaves it some.
    ByConstraint,
    /// The same as by spreading, and the job is spread over racks evenly.
    OverRacks,
}

/// How many such jobs there are: as many allocations are on the first node.
const JOBS_APART: usize = 10;

/// A cluster of so many nodes on the first of which an allocation of each of some jobs runs.
fn cluster_apart(nodes: usize, by: Apart) -> Cluster {
    let constraint = |l_target: &str, operand, r_target: &str| Constraint {
        l_target: l_target.into(),
        operand,
        r_target: r_target.into(),
        ..Constraint::default()
    };
    let apart = |at: usize| {
        let job = named_job(&format!("apart-{at}"), "nginx:1").changed(|spec| {
            spec.constraints.push(constraint("${node.class}", Operand::Eq, "first"));
            match by {
                Apart::BySpreading => {}
                Apart::ByConstraint => {
                    spec.task_groups[0].count = Some(900);
                    spec.constraints.push(constraint("", Operand::DistinctHosts, ""));
                }
                Apart::OverRacks => {
                    let spread = r#"{"Attribute": "${meta.rack}", "Weight": 50}"#;
                    spec.spreads.push(serde_json::from_str(spread).unwrap());
                }
            }
        });
        job.unwrap()
    };
    let jobs: Vec<Job> = (0..JOBS_APART).map(apart).collect();
    let algorithm = match by {
        Apart::BySpreading | Apart::OverRacks => Algorithm::Spread,
        Apart::ByConstraint => Algorithm::Binpack,
    };
    cluster_of(nodes, &jobs, &PlaceOptions::default().algorithm(algorithm))
}

/// The node that most runs on of the jobs that have one on each.
fn busiest(cluster: &Cluster) -> Node {
    let node = cluster.allocations_of("default", "apart-0").next().unwrap();
    let node = cluster.node(node.node_id()).unwrap().clone();
    assert_eq!(cluster.allocations_on(&node.id).count(), JOBS_APART);
    node
}

/// Processes an evaluation. It has a name of its own for what is done beside it not to be counted.
#[inline(never)]
pub fn process_one(cluster: &mut Cluster, evaluation: &Evaluation) -> Plan {
    process(cluster, evaluation, NOW)
}

/// Marking a node down and ready again, which is done to the same node over and over.
#[inline(never)]
pub fn mark_down_and_ready(cluster: &mut Cluster, down: &Node, ready: &Node) {
    cluster.upsert_node(down.clone());
    cluster.upsert_node(ready.clone());
}

// Clusters are made when they are first asked for: large ones take longer than what is measured on them.

fn node_down(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("nodes");
    for nodes in [1_000, 100_000] {
        let mut made = None;
        let mut make = move || {
            made.get_or_insert_with(|| with_node_to_mark(nodes, Apart::BySpreading)).clone()
        };
        let mut known = None;
        group.bench_function(format!("marked down of {nodes}"), |bencher| {
            let (cluster, down, ready) = known.get_or_insert_with(&mut make);
            // What forks share is ours from the first time on.
            cluster.upsert_node(down.clone());
            cluster.upsert_node(ready.clone());
            bencher.iter(|| mark_down_and_ready(cluster, down, ready));
        });
        let held_apart = move || with_node_to_mark(nodes, Apart::ByConstraint);
        its_jobs(&mut group, format!("its jobs of {nodes}"), &mut make);
        its_jobs(&mut group, format!("its jobs, held apart, of {nodes}"), held_apart);
        let over_racks = move || with_node_to_mark(nodes, Apart::OverRacks);
        its_jobs(&mut group, format!("its jobs, over racks, of {nodes}"), over_racks);
    }
    group.finish();
}

/// An evaluation of one of the jobs that lost an allocation with a node.
fn its_jobs(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: String,
    make: impl FnOnce() -> (Cluster, Node, Node),
) {
    let (mut known, mut make) = (None, Some(make));
    group.bench_function(name, |bencher| {
        let (cluster, evaluation) = known.get_or_insert_with(|| {
            let (mut cluster, down, _) = make.take().unwrap()();
            let on_it: Vec<_> = cluster.allocations_on(&down.id).map(|it| it.job_id()).collect();
            // Where the emptiest node is the best a few jobs have two on it.
            let has_one = |job: &&&str| on_it.iter().filter(|it| *it == *job).count() == 1;
            let job_id = (*on_it.iter().rfind(has_one).unwrap()).to_owned();
            let evaluation = Evaluation { job_id, ..evaluation("next") };
            cluster.upsert_node(down);
            assert_eq!(process(&mut cluster, &evaluation, NOW).len(), 1);
            (cluster, evaluation)
        });
        bencher.iter(|| black_box(process_one(cluster, evaluation)));
    });
}

/// A cluster of so many nodes, with its busiest one as it is when it is down and when it is ready.
fn with_node_to_mark(nodes: usize, by: Apart) -> (Cluster, Node, Node) {
    let cluster = cluster_apart(nodes, by);
    let ready = busiest(&cluster);
    let down = ready.changed(|node| node.status = "down".into()).unwrap();
    (cluster, down, ready)
}

/// Jobs enough for their records not to stay in the cache while the others are looked at.
const JOBS_COLD: usize = 200;

fn cold(criterion: &mut Criterion) {
    let (mut known, mut at) = (None, 0);
    criterion.bench_function("evaluations/nothing to change, cold", |bencher| {
        let cluster = known.get_or_insert_with(|| {
            let jobs = (0..JOBS_COLD).map(|at| named_job(&format!("cold-{at}"), "nginx:1"));
            cluster_of(1_000, &jobs.collect::<Vec<Job>>(), &PlaceOptions::default())
        });
        bencher.iter(|| {
            at = (at + 1) % JOBS_COLD;
            let evaluation = Evaluation { job_id: format!("cold-{at}"), ..evaluation("next") };
            black_box(process_one(cluster, &evaluation))
        });
    });
}

/// Changes a cluster where the job runs, and says how many allocations the job's next evaluation places.
type Change = fn(&mut Cluster) -> usize;

/// Evaluations of the job, by what was changed before.
const EVALUATIONS: [(&str, Change); 4] = [
    ("nothing to change", |_| 0),
    ("a node is down", |cluster| {
        let node_id = cluster.allocations_of("default", "web").next().unwrap().node_id().to_owned();
        let down = cluster.node(&node_id).unwrap().changed(|node| node.status = "down".into());
        cluster.upsert_node(down.unwrap());
        cluster.allocations_on(&node_id).count()
    }),
    ("roll 50", |cluster| {
        cluster.register_job(&job("nginx:2"));
        50
    }),
    ("no node will do", |cluster| {
        let larger = job("nginx:1").changed(|spec| {
            spec.task_groups[0].count = Some(i64::from(COUNT) + 1);
            spec.task_groups[0].tasks[0].driver = "none".into();
        });
        cluster.register_job(&larger.unwrap());
        0
    }),
];

fn evaluations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("evaluations");
    for (name, change) in EVALUATIONS {
        let mut known = None;
        let evaluation = evaluation("next");
        group.bench_function(name, |bencher| {
            let cluster = known.get_or_insert_with(|| {
                let mut cluster = cluster();
                let placed = change(&mut cluster);
                assert_eq!(process(&mut cluster, &evaluation, NOW).len(), placed, "{name}");
                cluster
            });
            bencher.iter(|| black_box(process_one(cluster, &evaluation)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = evaluations, node_down, cold
}
criterion_main!(benches);
