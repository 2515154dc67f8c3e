//! Whatever happens in a transaction, taking it back gives the state from before.

use std::sync::Arc;

use super::State;
use super::allocation::AllocationRecord;
use super::batch::{Batch, Placed};
use super::check::Report;
use super::group_version::GroupVersion;
use super::imported::Imported;
use super::lifecycle::{Health, LifecycleRecord, Rare};
use super::log::NewAllocation;
use super::log::Savepoint;
use super::scores::ScoreLog;
use super::slots::{
    AllocationRef, AllocationSlot, DeploymentRef, EvaluationRef, JobSlot, NodeSlot,
};
use super::small_list::SmallList;
use super::transaction::Transaction;
use super::usage::{Amounts, HeldPort, Holdings};
use crate::model::status::{ClientStatus, DesiredStatus};
use crate::model::{Allocation, Job, Node};
use crate::rng::Rng;
use crate::time::Timestamp;

const WORLDS: u64 = 25;
const TRANSACTIONS: usize = 12;
const STEPS: u64 = 25;

/// Makes random changes.
struct Changer {
    rng: Rng,
    imported: u64,
}

fn node(at: u64, class: u64, memory_mb: u64) -> Node {
    let text = format!(
        r#"{{"ID": "n{at}", "Datacenter": "dc{class}", "NodeClass": "c{class}",
        "Attributes": {{"kind": "{class}"}},
        "NodeResources": {{"Cpu": {{"CpuShares": 4000}}, "Memory": {{"MemoryMB": {memory_mb}}},
            "Disk": {{"DiskMB": 10000}},
            "Networks": [{{"Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1", "MBits": 100}}],
            "NodeNetworks": [{{"Device": "eth0", "Addresses": [{{"Address": "10.0.0.1", "Alias": "default"}}]}}]}}}}"#
    );
    Node::from_json(&text).unwrap()
}

fn job(at: u64) -> Job {
    let text = format!(
        r#"{{"ID": "j{at}", "TaskGroups": [
            {{"Name": "a", "Tasks": [{{"Name": "t", "Driver": "docker"}}]}},
            {{"Name": "b", "Tasks": [{{"Name": "t", "Driver": "docker"}}]}}]}}"#
    );
    Job::from_json(&text).unwrap()
}

/// The first group of a job.
fn version(job: Job, amounts: Amounts) -> GroupVersion {
    let job = Some(job.shared_spec());
    GroupVersion { job, group: 0, amounts, memory_oversubscription: false }
}

impl Changer {
    fn step(&mut self, state: &mut Transaction<'_>) {
        match self.rng.below(15) {
            0 => drop(state.upsert_node(self.node())),
            1 => {
                let Some(slot) = self.any_node(state) else { return };
                state.remove_node(slot);
            }
            2 => match self.rng.below(4) {
                0 => state.set_seed(self.rng.below(3)),
                1 => {
                    let slot = state.find_job("default", &format!("j{}", self.rng.below(5)));
                    slot.into_iter().for_each(|slot| state.unregister_job(slot));
                }
                _ => {
                    let registered = state.register_job(job(self.rng.below(5)));
                    state.set_stable(registered.job, registered.version, true);
                }
            },
            3 => self.import(state),
            4 | 5 => {
                let Some(slot) = self.any_allocation(state) else { return };
                let desired = [DesiredStatus::Run, DesiredStatus::Stop];
                let client = [ClientStatus::Running, ClientStatus::Failed, ClientStatus::Complete];
                let desired = desired[self.rng.below(2) as usize];
                state.set_status(slot, desired, client[self.rng.below(3) as usize]);
            }
            6 => {
                let Some(slot) = self.any_allocation(state) else { return };
                match self.rng.below(2) {
                    0 => state.evict(slot, AllocationRef::NONE),
                    _ => state.stage_stop(slot),
                }
            }
            7 | 8 => {
                let Some(slot) = self.any_allocation(state) else { return };
                state.remove_allocation(slot);
            }
            9 => {
                let Some(slot) = self.any_allocation(state) else { return };
                if self.rng.below(3) == 0 {
                    let Some(other) = self.any_allocation(state) else { return };
                    return state.link(slot, other);
                }
                if self.rng.below(3) == 0 {
                    let amounts = self.rng.below(2) as i64 * 10;
                    let amounts = Amounts { cpu_mhz: amounts, memory_mb: amounts, disk_mb: 0 };
                    let updated = Arc::new(version(job(0), amounts));
                    return state.change_lifecycle(slot, false, |it| it.version = Some(updated));
                }
                let (health, text) = (self.rng.below(2), self.rng.below(3));
                state.change_lifecycle(slot, health == 0, |record| {
                    record.health = [Health::Healthy, Health::Unhealthy][health as usize];
                    record.rare_mut().client_description = format!("{text}").into();
                });
            }
            10 | 11 => super::work_tests::step(&mut self.rng, state),
            _ => self.place(state),
        }
    }

    fn node(&mut self) -> Node {
        node(self.rng.below(6), self.rng.below(4), 1000 * (1 + self.rng.below(3)))
    }

    fn any_node(&mut self, state: &State) -> Option<NodeSlot> {
        let nodes: Vec<NodeSlot> = state.nodes().map(|(slot, _)| slot).collect();
        let at = self.rng.below(nodes.len() as u64) as usize;
        nodes.get(at).copied()
    }

    fn any_allocation(&mut self, state: &State) -> Option<AllocationSlot> {
        let slots: Vec<AllocationSlot> = state.allocations().map(|(slot, _)| slot).collect();
        let at = self.rng.below(slots.len() as u64) as usize;
        slots.get(at).copied()
    }

    fn import(&mut self, state: &mut Transaction<'_>) {
        self.imported += 1;
        // Some have identities that the state would have made itself.
        let ours = super::ids::encode(0, self.rng.below(20) as u32, 0);
        let own = format!("imported-{}", self.imported);
        let id = if self.rng.below(3) == 0 { ours } else { own };
        if state.find_allocation(&id).is_some() {
            return;
        }
        let text = format!(
            r#"{{"ID": "{id}", "Name": "j1.a[{at}]", "JobID": "j{at}", "TaskGroup": "a",
                "NodeID": "n{at}", "DesiredStatus": "run", "ClientStatus": "running",
                "Resources": {{"CPU": 100, "MemoryMB": 64}}}}"#,
            at = self.rng.below(6),
        );
        let document: Allocation = serde_json::from_str(&text).unwrap();
        state.import(Imported::new(document, None));
    }

    /// Places some allocations of a job: now and then the batch is dropped, or a part of it is taken
    /// back, or something is evicted on the way.
    fn place(&mut self, state: &mut Transaction<'_>) {
        let job = job(self.rng.below(5));
        let slot = state.ensure_job(&job);
        let amounts = Amounts { cpu_mhz: 100, memory_mb: 50, disk_mb: 0 };
        let mut batch = Batch {
            version: version(job, amounts),
            evaluation: EvaluationRef::NONE,
            deployment: DeploymentRef::NONE,
            create_index: state.index_to_be(),
            created: state.now(),
            nodes: state.identities.clone(),
            tallies: SmallList::None,
            scores: ScoreLog::default(),
            placed: SmallList::None,
            evicted: Vec::new(),
        };
        let open = state.open_batch(slot, "a", amounts);
        let mut inside = None;
        for name_index in 0..self.rng.below(5) as u32 {
            let Some(node) = self.any_node(state).filter(|&it| has_room(state, it, amounts)) else {
                continue;
            };
            match self.rng.below(8) {
                0 => inside = Some((state.savepoint(), batch.placed.len())),
                1 => state.enlist(&open, || Arc::new(batch.clone())),
                2 => {
                    let Some(victim) = self.any_allocation(state) else { continue };
                    state.evict(victim, state.next_of_batch(&open));
                }
                _ => {}
            }
            let in_batch = batch.placed.len() as u32;
            let holdings = self.holdings(state, node);
            state.take(&open, NewAllocation { node, name_index, in_batch, holdings });
            batch.placed.push(Placed {
                node,
                tally: 0,
                best: 0,
                name_index,
                score: 0.5,
                time_ns: 0,
            });
            if let Some((savepoint, length)) = inside.filter(|_| self.rng.below(4) == 0) {
                state.take_back_to(savepoint);
                while batch.placed.len() > length {
                    batch.placed.swap_remove(batch.placed.len() - 1);
                }
            }
        }
        if self.rng.below(4) > 0 {
            state.close_batch(open, Arc::new(batch));
        }
    }

    /// A port that is free on a node, now and then.
    fn holdings(&mut self, state: &State, node: NodeSlot) -> Option<Arc<Holdings>> {
        let record = state.node(node)?;
        let value = 20_000 + self.rng.below(50) as u16;
        let ports = state.taken(node, record).ports_on("10.0.0.1");
        if self.rng.below(2) == 0 || ports.is_some_and(|ports| ports.contains(value)) {
            return None;
        }
        let port = HeldPort { ip: "10.0.0.1".into(), value: value.into(), ignore_collision: false };
        Some(Arc::new(Holdings { ports: vec![port], ..Holdings::default() }))
    }
}

fn has_room(state: &State, node: NodeSlot, amounts: Amounts) -> bool {
    let free = state.free(node);
    free.cpu_mhz >= amounts.cpu_mhz && free.memory_mb >= amounts.memory_mb
}

fn assert_same(before: &str, after: &str, what: &str) {
    for (before, after) in before.lines().zip(after.lines()) {
        assert_eq!(before, after, "{what}");
    }
    assert_eq!(before.lines().count(), after.lines().count(), "{what}");
}

fn assert_sound(state: &State, what: &str) {
    let mut report = Report::default();
    state.check(&mut report);
    assert_eq!(report.0, [], "{what}");
}

/// The same in the middle of a transaction, which has the room of those that are staged.
fn assert_sound_within(transaction: &Transaction<'_>, what: &str) {
    let mut report = Report::default();
    transaction.check(&mut report);
    let staged = transaction.state.log.staged.iter();
    let staged: Vec<String> =
        staged.map(|&it| format!("allocation `{}`", transaction.allocation_id(it))).collect();
    report
        .0
        .retain(|it| it.what != "whether it takes room on its node" || !staged.contains(&it.place));
    assert_eq!(report.0, [], "{what}");
}

#[test]
fn what_is_taken_back_has_never_been() {
    for world in 0..WORLDS {
        let mut changer = Changer { rng: Rng::for_key(world, &[]), imported: 0 };
        let mut state = State::new(0);
        for at in 0..TRANSACTIONS {
            let what = format!("world {world}, transaction {at}");
            let before = state.dump();
            let index = state.modify_index;
            let mut transaction = state.begin(Timestamp::from_secs(at as i64));
            let mut savepoints: Vec<(Savepoint, String)> = Vec::new();
            for _ in 0..changer.rng.below(STEPS) {
                match changer.rng.below(6) {
                    // A dropped batch is taken back by the next one, or here.
                    0 => {
                        transaction.drop_open_batch();
                        savepoints.push((transaction.savepoint(), transaction.dump()));
                    }
                    1 => {
                        let Some((savepoint, then)) = savepoints.pop() else { continue };
                        transaction.take_back_to(savepoint);
                        assert_same(&then, &transaction.dump(), &what);
                        assert_sound_within(&transaction, &what);
                    }
                    _ => changer.step(&mut transaction),
                }
            }
            if changer.rng.below(2) == 0 {
                drop(transaction);
                assert_same(&before, &state.dump(), &what);
            } else {
                let committed = transaction.commit();
                let is_changed = before != state.dump();
                assert_eq!(committed.index, index + u64::from(is_changed), "{what}");
            }
            assert_sound(&state, &what);
        }
    }
}

#[test]
fn one_index_for_all_and_none_for_nothing() {
    let mut state = State::new(0);
    state.begin(Timestamp::EPOCH).commit();
    assert_eq!(state.modify_index, 0);
    let mut transaction = state.begin(Timestamp::EPOCH);
    let savepoint = transaction.savepoint();
    transaction.upsert_node(node(1, 1, 1000));
    transaction.take_back_to(savepoint);
    assert_eq!(transaction.modify_index, 0);
    transaction.upsert_node(node(1, 1, 1000));
    transaction.upsert_node(node(2, 1, 1000));
    let job = transaction.ensure_job(&job(0));
    let touched = transaction.touched();
    assert_eq!((touched.nodes.len(), touched.jobs), (2, vec![JobSlot(job.0)]));
    assert_eq!(transaction.commit().index, 1);
    assert_eq!(state.modify_index, 1);
}

/// Places one allocation of a job with a static port on a node.
fn place_with_port(state: &mut Transaction<'_>, node: NodeSlot, name_index: u32) -> AllocationSlot {
    let amounts = Amounts { cpu_mhz: 4000, memory_mb: 1000, disk_mb: 0 };
    let job = job(0);
    let slot = state.ensure_job(&job);
    let open = state.open_batch(slot, "a", amounts);
    let port = HeldPort { ip: "10.0.0.1".into(), value: 80, ignore_collision: false };
    let holdings = Some(Arc::new(Holdings { ports: vec![port], ..Holdings::default() }));
    let allocation = state.next_of_batch(&open).slot;
    state.take(&open, NewAllocation { node, name_index, in_batch: 0, holdings });
    let placed = Placed { node, tally: 0, best: 0, name_index, score: 0.5, time_ns: 0 };
    let batch = Batch {
        version: version(job, amounts),
        evaluation: EvaluationRef::NONE,
        deployment: DeploymentRef::NONE,
        create_index: state.index_to_be(),
        created: state.now(),
        nodes: state.identities.clone(),
        tallies: SmallList::None,
        scores: ScoreLog::default(),
        placed: SmallList::One(placed),
        evicted: Vec::new(),
    };
    state.close_batch(open, Arc::new(batch));
    allocation
}

#[test]
fn a_static_port_rolls_over_a_full_node() {
    let mut state = State::new(0);
    let mut transaction = state.begin(Timestamp::EPOCH);
    let node = transaction.upsert_node(node(1, 1, 1000));
    let mut latest = place_with_port(&mut transaction, node, 0);
    transaction.commit();
    for _ in 0..3 {
        let before = state.dump();
        let mut transaction = state.begin(Timestamp::EPOCH);
        let savepoint = transaction.savepoint();
        transaction.stage_stop(latest);
        assert_eq!(transaction.free(node).memory_mb, 1000);
        // Withdrawn, as where no node is found, it is as if nothing had happened.
        transaction.take_back_to(savepoint);
        assert_same(&before, &transaction.dump(), "withdrawn");
        transaction.stage_stop(latest);
        let next = place_with_port(&mut transaction, node, 0);
        transaction.commit();
        assert_sound(&state, "both hold the room and the port");
        assert_eq!(state.free(node).memory_mb, -1000);
        assert_eq!(state.leaving(node).amounts.memory_mb, 1000);
        assert!(state.node(node).is_some_and(|it| !state.taken(node, it).is_odd()));
        let mut transaction = state.begin(Timestamp::EPOCH);
        transaction.set_status(latest, DesiredStatus::Stop, ClientStatus::Complete);
        transaction.commit();
        assert_sound(&state, "the older one has ended");
        assert_eq!(state.free(node).memory_mb, 0);
        let port_is_held = |it: &Arc<super::node::NodeRecord>| {
            state.taken(node, it).ports_on("10.0.0.1").is_some_and(|ports| ports.contains(80))
        };
        assert!(state.node(node).is_some_and(port_is_held));
        latest = next;
    }
}

#[test]
fn what_is_kept_of_an_allocation_is_small() {
    assert!(size_of::<AllocationRecord>() <= 64, "{}", size_of::<AllocationRecord>());
    assert!(size_of::<LifecycleRecord>() <= 96, "{}", size_of::<LifecycleRecord>());
    // Every allocation that runs has one.
    assert!(size_of::<Rare>() <= 40, "{}", size_of::<Rare>());
}

/// What placing gives has no record of its own, one that was stopped has, and the next one in its slot
/// is as it was placed.
#[test]
fn an_allocation_that_is_as_it_was_placed_has_no_record_of_its_life() {
    let mut state = State::new(0);
    let mut transaction = state.begin(Timestamp::from_secs(5));
    let node = transaction.upsert_node(node(1, 1, 1000));
    let first = place_with_port(&mut transaction, node, 0);
    transaction.commit();
    assert!(state.own_lifecycle(first).is_none());
    let told = |state: &State, slot| {
        let lifecycle = state.lifecycle(slot).map(|it| it.into_owned());
        lifecycle.map(|it| (it.modify_index, it.alloc_modify_index, it.modify_time))
    };
    assert_eq!(told(&state, first), Some((1, 1, Timestamp::from_secs(5))));

    let mut transaction = state.begin(Timestamp::from_secs(6));
    transaction.set_status(first, DesiredStatus::Run, ClientStatus::Complete);
    transaction.commit();
    assert_eq!(told(&state, first), Some((2, 1, Timestamp::from_secs(6))));
    let before = state.dump();
    let mut transaction = state.begin(Timestamp::from_secs(7));
    transaction.remove_allocation(first);
    let second = place_with_port(&mut transaction, node, 0);
    assert_eq!(second, first);
    assert_eq!(told(&transaction, second), Some((3, 3, Timestamp::from_secs(7))));
    assert!(transaction.own_lifecycle(second).is_none());
    drop(transaction);
    assert_same(&before, &state.dump(), "taken back");
}

/// Allocations of an inventory are asked like those that were placed here; siblings share what they run.
#[test]
fn what_an_allocation_runs_is_answered_alike_wherever_it_came_from() {
    let mut state = State::new(0);
    let mut transaction = state.begin(Timestamp::EPOCH);
    let node = transaction.upsert_node(node(1, 1, 1000));
    let placed = place_with_port(&mut transaction, node, 0);
    let mut document = transaction.allocation_document(placed).unwrap();
    let job = job(0).shared_spec();
    let imported = [1, 2].map(|at| {
        document.id = format!("imported-{at}");
        document.name = format!("j0.a[{at}]");
        transaction.import(Imported::new(document.clone(), Some(job.clone())))
    });
    transaction.commit();
    for slot in [placed, imported[0], imported[1]] {
        assert_eq!(state.job_spec_of(slot).map(|job| job.id.as_str()), Some("j0"));
        assert_eq!(state.group_spec_of(slot).map(|group| group.name.as_str()), Some("a"));
        assert_eq!(state.node_id_of(slot), Some("n1"));
    }
    // As much as its group's document says, and not what the batch was made up with.
    assert_eq!(imported.map(|slot| state.amounts_of(slot).memory_mb), [300; 2]);
    let names = imported.map(|slot| state.allocation_name(slot));
    assert_eq!(names, ["j0.a[1]", "j0.a[2]"]);
    let versions = imported.map(|slot| state.own_version(slot).cloned().unwrap());
    assert!(Arc::ptr_eq(&versions[0], &versions[1]));
    assert_sound(&state, "imported");
}
