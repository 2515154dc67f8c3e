//! A cluster over time: any sequence of what can be done to it and to its forks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stowplan::model::{Allocation, ClientStatus, Job, JobSpec, Node};
use stowplan::{Cluster, Inventory, PlaceOptions, Preemption, Verdict};

use super::check::{self, Asked};
use super::place;
use stowplan::testing::{Bytes, small};

/// The most commands of one sequence.
const COMMANDS: usize = 24;

/// A cluster with what the test knows of it.
#[derive(Clone)]
struct World {
    cluster: Cluster,
    evicted: BTreeSet<String>,
    /// Jobs by namespace and identity, in their latest version.
    jobs: BTreeMap<(String, String), Job>,
    /// The job that each allocation came with or was placed for.
    owners: BTreeMap<String, Option<Arc<JobSpec>>>,
}

pub(crate) fn commands(data: &[u8]) {
    let bytes = &mut Bytes::new(data);
    let (nodes, jobs, allocations) = place::inventory(bytes);
    let owners = allocations.iter().map(|it| (it.id.clone(), it.job.clone())).collect();
    let inventory = Inventory::new(nodes)
        .and_then(|inventory| inventory.with_allocations(allocations))
        .unwrap()
        .with_volumes(small::volumes());
    let key = |job: &Job| (job.namespace.clone(), job.id.clone());
    let world = World {
        cluster: Cluster::from_inventory(&inventory, u64::from(bytes.byte())),
        evicted: BTreeSet::new(),
        jobs: jobs.into_iter().map(|job| (key(&job), job)).collect(),
        owners,
    };
    let mut worlds = vec![world];
    for number in 0..COMMANDS {
        if bytes.is_empty() {
            break;
        }
        let at = bytes.below(worlds.len());
        let others: Vec<_> = worlds.iter().map(|it| check::allocations(&it.cluster)).collect();
        if bytes.one_in(12) && worlds.len() < 3 {
            worlds.push(worlds[at].clone());
            continue;
        }
        command(bytes, &mut worlds[at], number);
        for (other, (world, before)) in worlds.iter().zip(others).enumerate() {
            let now = check::allocations(&world.cluster);
            assert!(other == at || now == before, "another fork was changed");
        }
        worlds[at].check_anew();
    }
}

fn command(bytes: &mut Bytes<'_>, world: &mut World, number: usize) {
    match bytes.below(10) {
        0 => {
            let at = bytes.below(small::NODES);
            world.cluster.upsert_node(small::node(bytes, at));
        }
        1 => world.remove_node(&small::node_id(bytes.below(small::NODES)), bytes.one_in(2)),
        2 => world.add_allocation(bytes, number),
        3 => {
            if let Some(id) = world.any_allocation(bytes) {
                world.cluster.stop_allocation(&id).unwrap();
            }
        }
        4 => {
            if let Some(id) = world.any_allocation(bytes) {
                world.cluster.remove_allocation(&id).unwrap();
                world.evicted.remove(&id);
                assert!(world.cluster.remove_allocation(&id).is_err());
            }
        }
        5 => world.set_client_status(bytes),
        _ => world.place(bytes),
    }
}

impl World {
    fn remove_node(&mut self, id: &str, are_given_up: bool) {
        let was_there = self.cluster.node(id).is_some();
        let before: Vec<Allocation> = self.cluster.allocations().collect();
        match self.cluster.remove_node(id) {
            Err(_) => assert!(!was_there),
            Ok(unreachable) => {
                assert!(was_there && self.cluster.node(id).is_none());
                assert!(self.cluster.allocations().eq(before), "an allocation was changed");
                if are_given_up {
                    self.cluster.mark_lost(&unreachable).unwrap();
                }
                for id in unreachable {
                    let view = self.cluster.view(&id).unwrap();
                    assert!(view.node().is_none());
                    assert_eq!(view.client() == ClientStatus::Lost, are_given_up);
                }
            }
        }
    }

    fn add_allocation(&mut self, bytes: &mut Bytes<'_>, number: usize) {
        let jobs: Vec<Job> = self.jobs.values().cloned().collect();
        let allocation = small::allocation(bytes, 100 + number, &jobs, small::NODES);
        let is_there = self.cluster.node(&allocation.node_id).is_some();
        let is_known = self.cluster.allocation(&allocation.id).is_some();
        let may_be_added = !is_known && (is_there || allocation.client().is_terminal());
        let before = check::allocations(&self.cluster);
        let owner = (allocation.id.clone(), allocation.job.clone());
        let added = self.cluster.add_allocation(allocation);
        assert_eq!(added.is_ok(), may_be_added, "{added:?}");
        match added {
            Ok(()) => self.owners.extend([owner]),
            Err(_) => {
                assert_eq!(check::allocations(&self.cluster), before, "what was refused was done");
            }
        }
    }

    fn set_client_status(&mut self, bytes: &mut Bytes<'_>) {
        let Some(id) = self.any_allocation(bytes) else { return };
        let status = bytes.pick(ClientStatus::ALL);
        let before = self.cluster.allocation(&id).unwrap();
        let is_back = before.client().is_terminal() && !status.is_terminal();
        let is_there = self.cluster.view(&id).unwrap().node().is_some();
        let may_be = !is_back || is_there || before.node_id.is_empty();
        let set = self.cluster.set_client_status(&id, status);
        assert_eq!(set.is_ok(), may_be, "{set:?}");
        let expected = if may_be { status } else { before.client() };
        assert_eq!(self.cluster.allocation(&id).unwrap().client(), expected);
    }

    fn place(&mut self, bytes: &mut Bytes<'_>) {
        let known: Vec<Job> = self.jobs.values().cloned().collect();
        let job = match bytes.one_in(3) || known.is_empty() {
            true => {
                let at = bytes.below(small::JOBS);
                small::job(bytes, at)
            }
            false => Some(known[bytes.below(known.len())].clone()),
        };
        let Some(job) = job else { return };
        let (mut options, looks_at_all) = small::options(bytes);
        if bytes.one_in(10) {
            options = options.seed(u64::from(bytes.byte()));
        }
        let asked = Asked { job: &job, options: &options, looks_at_all };
        let placement = check::place(&mut self.cluster, &asked, &mut self.evicted);
        let owner = |id| (id, Some(job.shared_spec()));
        self.owners.extend(placement.allocations().map(|it| owner(it.id())));
        self.jobs.insert((job.namespace.clone(), job.id.clone()), job);
    }

    fn any_allocation(&self, bytes: &mut Bytes<'_>) -> Option<String> {
        let ids: Vec<String> = check::allocations(&self.cluster).into_keys().collect();
        (!ids.is_empty()).then(|| ids[bytes.below(ids.len())].clone())
    }

    /// A cluster made anew of the documents is the same to every job.
    fn check_anew(&self) {
        assert_eq!(self.cluster.check(), Ok(()));
        let mut nodes: Vec<Node> = self.cluster.nodes().cloned().collect();
        nodes.sort_by(|a, b| b.id.cmp(&a.id));
        let allocations: Vec<Allocation> =
            check::allocations(&self.cluster).into_values().map(|it| self.owned(it)).collect();
        let inventory = Inventory::new(nodes)
            .and_then(|inventory| inventory.with_allocations(allocations))
            .unwrap()
            .with_volumes(small::volumes());
        let anew = Cluster::from_inventory(&inventory, 77);
        let options = PlaceOptions::default().preemption(Preemption::none());
        for job in self.jobs.values() {
            for group in &job.task_groups {
                let verdicts = |cluster: &Cluster| -> Vec<(String, Verdict)> {
                    let explanation = cluster.explain(job, &group.name, &options).unwrap();
                    let nodes = explanation.nodes().iter();
                    nodes.map(|it| (it.node().id.clone(), it.verdict().clone())).collect()
                };
                assert_eq!(verdicts(&self.cluster), verdicts(&anew), "{}.{}", job.id, group.name);
            }
        }
    }

    /// The allocation with its job.
    fn owned(&self, allocation: Allocation) -> Allocation {
        Allocation { job: self.owners[&allocation.id].clone(), ..allocation }
    }
}
