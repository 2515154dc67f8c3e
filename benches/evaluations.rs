//! Processing one evaluation for a plan: of a job of 1,000 with nothing to change, of one that rolls 50 of
//! them, of one that lost a node, and of one that finds no room.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros, and a benchmark may panic"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use stowplan::model::{ClientStatus, Evaluation, Job, Node, UpdateStrategy};
use stowplan::schedule::process;
use stowplan::{Cluster, PlaceOptions, Timestamp};

const COUNT: u32 = 1_000;
const NOW: Timestamp = Timestamp::from_secs(10);

fn node(at: usize) -> Node {
    let node = Node::builder(format!("node-{at:05}")).cpu_shares(100_000).memory_mb(200_000);
    node.disk_mb(1_000_000).driver("docker").build().unwrap()
}

fn job(image: &str) -> Job {
    let job = Job::builder("web")
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

/// A cluster of 1,000 nodes on which the job runs and is healthy.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new((0..1_000).map(node)).unwrap();
    cluster.register_job(&job("nginx:1"));
    let id = cluster.upsert_evaluation(&evaluation("first")).unwrap();
    let placed = cluster.process(&id, NOW, &PlaceOptions::default()).unwrap();
    let ids: Vec<String> = placed.allocations().map(|it| it.id()).collect();
    ids.iter().for_each(|id| cluster.set_client_status(id, ClientStatus::Running).unwrap());
    cluster
}

fn evaluations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("evaluations");
    let mut of = |name: &str, mut cluster: Cluster, placed: usize| {
        let evaluation = evaluation("next");
        assert_eq!(process(&mut cluster, &evaluation, NOW).len(), placed, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(process(&mut cluster, &evaluation, NOW)));
        });
    };
    let running = cluster();
    of("nothing to change", running.clone(), 0);
    let mut lost = running.clone();
    let node_id = lost.allocations_of("default", "web").next().unwrap().node_id().to_owned();
    let down = lost.node(&node_id).unwrap().changed(|node| node.status = "down".into());
    lost.upsert_node(down.unwrap());
    let placed = lost.allocations_on(&node_id).count();
    of("a node is down", lost, placed);
    let mut rolling = running.clone();
    rolling.register_job(&job("nginx:2"));
    of("roll 50", rolling, 50);
    let mut full = running.clone();
    let larger = job("nginx:1").changed(|spec| {
        spec.task_groups[0].count = Some(i64::from(COUNT) + 1);
        spec.task_groups[0].tasks[0].driver = "none".into();
    });
    full.register_job(&larger.unwrap());
    of("no node will do", full, 0);
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = evaluations
}
criterion_main!(benches);
