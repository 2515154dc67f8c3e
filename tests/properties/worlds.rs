//! The worlds themselves: that they are worth trying properties on.

use std::collections::BTreeMap;

use stowplan::Verdict;

use crate::common::audit::Usage;
use crate::exact_bytes;
use stowplan::testing::World;

#[test]
fn worlds_have_a_bit_of_everything() {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut add = |what, yes: bool| *seen.entry(what).or_default() += u32::from(yes);
    for seed in 0..1_000 {
        let world = World::from_seed(seed);
        for allocation in &world.allocations {
            assert_eq!(allocation.check(), Ok(()));
        }
        let mut cluster = world.cluster();
        for job in &world.jobs {
            let placement = cluster.place(job, &world.options);
            add("job", true);
            add("complete", placement.is_complete());
            add("partly", !placement.is_complete() && !placement.is_empty());
            add("nothing", placement.is_empty() && !placement.is_complete());
            add("system", job.job_type().is_system() && !placement.is_empty());
            for placed in placement.allocations() {
                let held = Usage::of(&placed.to_allocation());
                add("ports", !held.ports.is_empty());
                add("devices", !held.devices.is_empty());
                add("cores", !held.cores.is_empty());
                add("bandwidth", held.mbits.values().any(|mbits| *mbits > 0));
                add("evicting", !placed.preempted().is_empty());
            }
            for failed in placement.failed() {
                add("filtered", failed.metrics().nodes_filtered > 0);
                add("exhausted", failed.metrics().nodes_exhausted > 0);
            }
        }
        let explanation =
            cluster.explain(world.job(), &world.job().task_groups[0].name, &world.options);
        for node in explanation.iter().flat_map(|it| it.nodes()) {
            add("not a candidate", matches!(node.verdict(), Verdict::NotCandidate(_)));
            add("ranked", matches!(node.verdict(), Verdict::Ranked { .. }));
        }
    }
    println!("{seen:?}");
    let of = |what: &str| seen[what];
    assert!(of("complete") * 2 > of("job"), "too few jobs are placed: {seen:?}");
    assert!(seen.values().all(|count| *count >= 20), "too little of something: {seen:?}");
}

#[test]
fn a_seed_always_makes_the_same_world() {
    for seed in 0..100 {
        let [one, other] = [(); 2].map(|()| {
            let world = World::from_seed(seed);
            exact_bytes(&world.cluster().place(world.job(), &world.options))
        });
        assert_eq!(one, other);
    }
}
