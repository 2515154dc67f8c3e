use std::time::Instant;
use stowplan::model::{Job, Node};
use stowplan::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[1].parse().unwrap();
    let jobs: usize = a[2].parse().unwrap();
    let count: u32 = a[3].parse().unwrap();
    let ty = if a[4] == "batch" { model::JobType::Batch } else { model::JobType::Service };
    let asks: usize = a[5].parse().unwrap();
    let spread = a.get(6).is_some_and(|s| s == "spread");
    let nodes: Vec<Node> = (0..n)
        .map(|i| {
            Node::builder(format!("node-{i:06}"))
                .cpu_shares(16000)
                .memory_mb(32768)
                .disk_mb(1000000)
                .class(format!("c{}", i % 4))
                .meta("rack", format!("r{}", i % 50))
                .driver("docker")
                .attribute("kernel.name", "linux")
                .attribute("unique.hostname", format!("h{i}"))
                .build()
                .unwrap()
        })
        .collect();
    let js: Vec<Job> = (0..jobs)
        .map(|j| {
            let k = j % asks;
            let mut b = Job::builder(format!("job-{j}")).job_type(ty);
            if spread {
                b = b
                    .constraint(
                        "${meta.rack}",
                        "set_contains_any",
                        (0..25).map(|i| format!("r{i}")).collect::<Vec<_>>().join(","),
                    )
                    .spread("${meta.rack}", 100, Vec::<(&str, i64)>::new());
            }
            b.group("g", count, |g| {
                g.disk_mb(10)
                    .task("t", "docker", |t| t.cpu_shares(70 + k as i64).memory_mb(120 + k as i64))
            })
            .build()
            .unwrap()
        })
        .collect();
    let mut c = Cluster::new(nodes).unwrap();
    let o = PlaceOptions::default().oracle(a.last().unwrap() == "oracle");
    let t = Instant::now();
    let mut placed = 0;
    let mut failed = 0;
    let mut scanned = 0;
    for j in &js {
        let p = c.place(j, &o);
        placed += p.len();
        failed += p.failed().len();
        scanned += p.scanned();
    }
    let s = t.elapsed().as_secs_f64();
    let rss = std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap()
        .to_string();
    println!(
        "{placed} placed {failed} failed groups, scanned {scanned}, {s:.3}s, {:.0}/s, {:.3} us/job, {rss}",
        placed as f64 / s,
        s * 1e6 / jobs as f64
    );
    let f = Instant::now();
    let fork = c.fork();
    println!("fork {:?}", f.elapsed());
    let mut fork = fork;
    let f = Instant::now();
    let p = fork.place(
        &js[0]
            .changed(|s| {
                s.id = "x".into();
                s.task_groups[0].count = Some(1);
            })
            .unwrap(),
        &o,
    );
    println!("first place on fork {:?} {}", f.elapsed(), p.len());
}
