//! What always holds, whatever the world: tried on many worlds made from seeds, through the public API
//! alone. `PROPTEST_CASES` sets how many, `PROPTEST_RNG_SEED` which.

#[path = "../common/mod.rs"]
mod common;

mod resources;

#[test]
fn stats() {
    use std::collections::BTreeMap;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |s: &str| *counts.entry(s.to_string()).or_default() += 1;
    for seed in 0..3000 {
        let world = common::world::World::from_seed(seed);
        let mut cluster = world.cluster();
        for job in &world.jobs {
            let p = cluster.place(job, &world.options);
            add("jobs");
            if p.is_complete() {
                add("complete")
            } else if p.len() > 0 {
                add("partly")
            } else {
                add("nothing")
            }
            for a in p.allocations() {
                add("allocations");
                if !a.preempted().is_empty() {
                    add("preempting")
                }
                let u = common::audit::Usage::of(&a.to_allocation());
                if !u.devices.is_empty() {
                    add("with devices")
                }
                if !u.cores.is_empty() {
                    add("with cores")
                }
                if !u.ports.is_empty() {
                    add("with ports")
                }
            }
            for f in p.failed() {
                add("failed groups");
                let m = f.metrics();
                if m.nodes_evaluated == 0 {
                    add("failed: no nodes")
                } else if m.nodes_exhausted > 0 {
                    add("failed: some exhausted")
                } else {
                    add("failed: all filtered")
                }
                for k in m.dimension_exhausted.keys() {
                    add(&format!("dim {k}"))
                }
                let e = f.explain(&cluster);
                if e.fixes().is_empty() {
                    if m.nodes_evaluated == 0 && world.nodes.is_empty() {
                        add("nofix: empty")
                    } else {
                        let ranked = e
                            .nodes()
                            .iter()
                            .chain(e.with_preemption().unwrap_or_default())
                            .any(|n| matches!(n.verdict(), stowplan::Verdict::Ranked { .. }));
                        if ranked {
                            add("nofix: ranked")
                        } else {
                            add("nofix: none found");
                            if seed < 700 {
                                println!("seed {seed} {f}\n{e}\n");
                            }
                        }
                    }
                } else {
                    add("with fixes");
                    for x in e.fixes() {
                        for a in x.actions() {
                            add(&format!("fix {}", format!("{a:?}").split(' ').next().unwrap()))
                        }
                    }
                    if seed % 40 == 0 {
                        println!("{f}\n{e}\n");
                    }
                }
            }
        }
    }
    println!("{counts:#?}");
}
