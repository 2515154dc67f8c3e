//! Requests of every kind, mixed: what is answered is what is there, and nothing is half done.

use proptest::prelude::*;
use stowplan::model::{Job, Node};
use stowplan::testing::{Random, World};
use stowplan::{Cluster, PlaceOptions, Placement, PlacementRequest, Timestamp};

use crate::common::check::{Outcome, check};
use crate::contents;

/// Requests for a job that replace some of what it has, keep away from nodes or prefer them, and ask for
/// what is missing, in an order drawn at random.
fn requests(cluster: &Cluster, job: &Job, random: &mut Random) -> Vec<PlacementRequest> {
    let mut live: Vec<_> =
        cluster.allocations_of(&job.namespace, &job.id).filter(|it| it.is_live()).collect();
    live.sort_by_key(|it| it.id());
    let mut requests = cluster.missing(job);
    for view in live {
        let is_known = job.task_groups.iter().any(|group| group.name == view.task_group());
        let Some(index) = view.name_index().filter(|_| is_known && random.below(3) > 0) else {
            continue;
        };
        let mut request = PlacementRequest::new(job, view.task_group(), index);
        request = request.replaces(view.id());
        match random.below(4) {
            _ if job.job_type().is_system() => request = request.only_node(view.node_id()),
            0 => request = request.penalty_node(view.node_id()),
            1 => request = request.preferred_node(view.node_id()),
            _ => {}
        }
        let at = random.below(requests.len() + 1);
        requests.insert(at, request);
    }
    if random.below(2) == 0 {
        requests.sort_by_key(|it| it.task_group().to_owned());
    }
    requests
}

fn holds(world: &World, cluster: &mut Cluster, job: &Job, random: &mut Random) -> Outcome {
    let requests = requests(cluster, job, random);
    let before = contents(cluster);
    let Ok(plan) = cluster.plan_requests(&requests, &world.options) else { return Ok(()) };
    prop_assert_eq!(&contents(cluster), &before, "planning changed something");
    prop_assert_eq!(cluster.check(), Ok(()));
    let planned = plan.len();
    let mut other = cluster.fork();
    let committed = other.commit(plan, Timestamp::EPOCH);
    if committed.is_complete() {
        prop_assert_eq!(committed.allocations().count(), planned);
    }
    prop_assert_eq!(other.check(), Ok(()));
    let by_oracle = cluster.fork().place_requests(&requests, &world.options.clone().oracle(true));
    let placement = cluster.place_requests(&requests, &world.options).unwrap();
    let told = |placement: &Placement| -> Vec<String> {
        let placed = placement.allocations();
        let placed = placed.map(|it| format!("{} {} {:?}", it.name(), it.node_id(), it.metrics()));
        let failed = placement.failed().iter();
        placed.chain(failed.map(|it| format!("{it} {:?}", it.metrics()))).collect()
    };
    prop_assert_eq!(told(&placement), told(&by_oracle.unwrap()), "the oracle finds otherwise");
    prop_assert_eq!(cluster.check(), Ok(()));
    prop_assert_eq!(placement.len(), planned, "planning and placing differ");
    for placed in placement.allocations() {
        let found = cluster.view(&placed.id()).map(|it| it.name());
        prop_assert_eq!(found, Some(placed.name()));
    }
    Ok(())
}

#[test]
fn what_is_answered_is_there_whatever_was_requested() {
    check(|world| {
        let mut cluster = world.cluster();
        let mut random = Random::new(world.recipe.seed, 0x7265_7175);
        for job in &world.jobs {
            cluster.place(job, &world.options);
        }
        if cluster.check().is_err() {
            // The world was overcommitted from the start.
            return Ok(());
        }
        for job in &world.jobs {
            holds(&world, &mut cluster, job, &mut random)?;
        }
        Ok(())
    });
}

#[test]
fn a_refusal_takes_back_what_it_replaces_and_nothing_else() {
    let node = Node::builder("a").cpu_shares(1_000).memory_mb(1_000).driver("docker");
    let node = node.build().unwrap();
    let job = |cpu: i64, memory_mb: i64, count| {
        let job = Job::builder("web").group("front", count, |g| {
            g.task("nginx", "docker", |t| t.cpu_shares(cpu).memory_mb(memory_mb))
        });
        job.build().unwrap()
    };
    for oracle in [false, true] {
        let options = PlaceOptions::default().oracle(oracle);
        let mut cluster = Cluster::new([node.clone()]).unwrap();
        cluster.place(&job(600, 600, 1), &options);
        let id = cluster.allocations().next().unwrap().id;
        let next = job(500, 700, 2);
        let request = |index| PlacementRequest::new(&next, "front", index);
        let placed = cluster.place_requests(&[request(0).replaces(&id), request(1)], &options);
        let placed = placed.unwrap();
        assert_eq!(cluster.check(), Ok(()), "oracle {oracle}");
        assert_eq!(cluster.allocation(&id).unwrap().desired_status, "stop");
        assert_eq!((placed.len(), placed.failed().len()), (1, 1));
    }
}

#[test]
fn what_changes_nothing_takes_no_index() {
    let node = Node::builder("a").cpu_shares(1_000).memory_mb(1_000).driver("docker");
    let mut cluster = Cluster::new([node.build().unwrap()]).unwrap();
    let job = Job::builder("web").group("front", 3, |g| g.task("nginx", "docker", |t| t));
    let before = cluster.modify_index();
    cluster.place(&job.build().unwrap(), &PlaceOptions::default());
    assert_eq!(cluster.modify_index(), before + 1, "three allocations, one change");
    let id = cluster.allocations().next().unwrap().id;
    let created = cluster.allocation(&id).unwrap().create_index;
    cluster.stop_allocation(&id).unwrap();
    let stopped = cluster.allocation(&id).unwrap();
    assert_eq!((stopped.create_index, stopped.modify_index), (created, before + 2));
    cluster.stop_allocation(&id).unwrap();
    assert_eq!(cluster.allocation(&id).unwrap(), stopped);
    assert_eq!(cluster.modify_index(), before + 2);
}
