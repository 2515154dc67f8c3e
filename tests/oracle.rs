//! The quick way against the plain scan: same nodes, same bits, same metrics.

use stowplan::model::{Job, Node};
use stowplan::{Algorithm, Cluster, PlaceOptions, Preemption};

struct Rng(u64);
impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e3779b97f4a7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d049bb133111eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

fn node(rng: &mut Rng, id: usize) -> Node {
    let dc = format!("dc{}", rng.below(3));
    let rack = format!("r{}", rng.below(4));
    let sizes = [1000, 2000, 4000];
    let builder = Node::builder(format!("n{id:03}"))
        .datacenter(dc)
        .class(["", "small", "large"][rng.below(3) as usize])
        .cpu_shares(sizes[rng.below(3) as usize])
        .memory_mb(sizes[rng.below(3) as usize])
        .disk_mb(5000)
        .driver("docker");
    let builder = if rng.chance(80) { builder.meta("rack", rack) } else { builder };
    let builder = if rng.chance(70) { builder.attribute("kernel.name", "linux") } else { builder };
    let builder =
        if rng.chance(10) { builder.status(stowplan::model::NodeStatus::Down) } else { builder };
    let builder =
        if rng.chance(20) { builder.with(|spec| spec.node_max_allocs = 3) } else { builder };
    builder.build().unwrap()
}

fn job(rng: &mut Rng, id: usize) -> Job {
    let mut job = Job::builder(format!("job-{id}"))
        .priority(10 + rng.below(90) as i64)
        .all_at_once(rng.chance(20));
    if rng.chance(50) {
        job = job.datacenter("dc1").datacenter("dc2");
    }
    if rng.chance(30) {
        job = job.constraint("${attr.kernel.name}", "=", "linux");
    }
    if rng.chance(20) {
        job = job.affinity("${meta.rack}", "=", "r1", if rng.chance(50) { 50 } else { -70 });
    }
    if rng.chance(20) {
        job = job.spread("${node.datacenter}", 50, [("dc1", 60), ("dc2", 20)]);
    }
    let groups = 1 + rng.below(2);
    for at in 0..groups {
        let count = 1 + rng.below(8) as u32;
        let cpu = [100, 250, 500][rng.below(3) as usize];
        let memory = [100, 200, 700][rng.below(3) as usize];
        let (spread, even, hosts, property) =
            (rng.chance(20), rng.chance(50), rng.chance(15), rng.chance(20));
        job = job.group(format!("g{at}"), count, |g| {
            let g = g.task("t", "docker", |t| t.cpu_shares(cpu).memory_mb(memory));
            let g = g.disk_mb(300);
            let g = if spread && even {
                g.spread("${meta.rack}", 70, Vec::<(&str, i64)>::new())
            } else if spread {
                g.spread("${meta.rack}", 70, [("r1", 70), ("r2", 30)])
            } else {
                g
            };
            let g = if hosts { g.constraint("", "distinct_hosts", "") } else { g };
            if property { g.constraint("${meta.rack}", "distinct_property", "2") } else { g }
        });
    }
    job.build().unwrap()
}

#[test]
fn agrees() {
    for world in 0..400 {
        let mut rng = Rng(world);
        let nodes: Vec<Node> =
            (0..1 + rng.below(30) as usize).map(|id| node(&mut rng, id)).collect();
        let mut quick = Cluster::new(nodes).unwrap();
        let mut slow = quick.fork();
        for step in 0..40 {
            let context = format!("world {world}, step {step}");
            match rng.below(10) {
                0 => {
                    let node = node(&mut rng, 0);
                    let id = rng.below(40) as usize;
                    let node = node
                        .changed(|spec| {
                            spec.id = format!("n{id:03}");
                        })
                        .unwrap();
                    quick.upsert_node(node.clone());
                    slow.upsert_node(node);
                }
                1 => {
                    let ids: Vec<String> = quick.nodes().map(|it| it.id.clone()).collect();
                    if !ids.is_empty() && rng.chance(30) {
                        let id = &ids[rng.below(ids.len() as u64) as usize];
                        assert_eq!(quick.remove_node(id), slow.remove_node(id), "{context}");
                    }
                }
                2 | 3 => {
                    let mut ids: Vec<String> = quick.allocations().map(|it| it.id).collect();
                    ids.sort();
                    if !ids.is_empty() {
                        let id = &ids[rng.below(ids.len() as u64) as usize];
                        if rng.chance(50) {
                            quick.remove_allocation(id).unwrap();
                            slow.remove_allocation(id).unwrap();
                        } else {
                            quick.stop_allocation(id).unwrap();
                            slow.stop_allocation(id).unwrap();
                        }
                    }
                }
                _ => {
                    let id = rng.below(6) as usize;
                    let job = job(&mut rng, id);
                    let algorithm =
                        if rng.chance(50) { Algorithm::Binpack } else { Algorithm::Spread };
                    let preemption =
                        if rng.chance(30) { Preemption::all() } else { Preemption::none() };
                    let options =
                        PlaceOptions::default().algorithm(algorithm).preemption(preemption);
                    let options = match rng.chance(10) {
                        true => options.penalty_nodes(["n001", "n002"]),
                        false => options,
                    };
                    let a = quick.place(&job, &options);
                    let b = slow.place(&job, &options.clone().oracle(true));
                    let docs = |p: &stowplan::Placement| {
                        p.allocations().map(|it| it.to_allocation()).collect::<Vec<_>>()
                    };
                    for (a, b) in docs(&a).iter().zip(&docs(&b)) {
                        assert_eq!(
                            a.node_id, b.node_id,
                            "{context} {}\n{job:#?}\n{:#?}\n{:#?}",
                            a.name, a.metrics, b.metrics
                        );
                        assert_eq!(a, b, "{context}\n{job:#?}");
                    }
                    assert_eq!(a.len(), b.len(), "{context}");
                    for (a, b) in a.failed().iter().zip(b.failed()) {
                        assert_eq!(a.metrics(), b.metrics(), "{context}\n{job:#?}");
                    }
                    assert_eq!(a.failed().len(), b.failed().len(), "{context}");
                }
            }
        }
    }
}
