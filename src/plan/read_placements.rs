//! Reading the new allocations of a plan's document.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::content::{Planned, PlannedGroup};
use super::effects::DeploymentChoice;
use super::known::KnownAllocation;
use super::reading::Reading;
use crate::fit::ask::Ask;
use crate::model::problem::excerpt;
use crate::model::{
    AllocatedResources, AllocatedTaskResources, Allocation, Job, NetworkResource, TaskGroup,
};
use crate::state::State;
use crate::state::batch::{Batch, Placed};
use crate::state::changes::name_index;
use crate::state::group_version::GroupVersion;
use crate::state::node::{Identities, Identity};
use crate::state::scores::{ScoreLog, Scores};
use crate::state::slots::{DeploymentRef, EvaluationRef, NodeRef, NodeSlot};
use crate::state::small_list::SmallList;
use crate::state::tally::Tally;
use crate::state::usage::{DeviceName, HeldCore, HeldDevice, HeldPort, Holdings};

/// A new allocation of a document.
pub(super) struct NewAllocation<'a> {
    /// Its place among the new ones, which is its name.
    pub(super) place: usize,
    pub(super) written: &'a Allocation,
    pub(super) job: Job,
    /// The group, as its place in the job.
    pub(super) group: usize,
    pub(super) deployment: DeploymentChoice,
    /// What it evicts.
    pub(super) victims: Vec<KnownAllocation>,
}

/// Makes groups of new allocations, which are in their order.
pub(super) fn groups(
    reading: &mut Reading<'_>,
    new: Vec<NewAllocation<'_>>,
    evaluation: EvaluationRef,
) -> Vec<PlannedGroup> {
    // Nodes that are not there get places of their own, so that it can be said which they are.
    let mut nodes = Nodes::new(reading.state);
    let placed: Vec<Option<NodeRef>> =
        new.iter().map(|it| nodes.find(&it.written.node_id)).collect();
    let mut groups: Vec<PlannedGroup> = Vec::new();
    let together = |a: &NewAllocation<'_>, b: &NewAllocation<'_>| {
        a.group == b.group
            && a.deployment == b.deployment
            && Arc::ptr_eq(&a.job.shared_spec(), &b.job.shared_spec())
    };
    let mut at = 0;
    for of_group in new.chunk_by(together) {
        let nodes_of_group = placed.get(at..at + of_group.len()).unwrap_or_default();
        at += of_group.len();
        groups.extend(group(reading, of_group, nodes_of_group, &nodes.identities, evaluation));
    }
    groups
}

fn group(
    reading: &mut Reading<'_>,
    new: &[NewAllocation<'_>],
    nodes: &[Option<NodeRef>],
    identities: &Identities,
    evaluation: EvaluationRef,
) -> Option<PlannedGroup> {
    let first = new.first()?;
    let spec = first.job.spec().task_groups.get(first.group)?;
    let ask = Ask::of(spec);
    let mut lists = Lists::default();
    let mut placements = Vec::new();
    for (new, node) in new.iter().zip(nodes) {
        let Some(node) = *node else { continue };
        let holdings = reading.holdings(new, spec, node);
        lists.add(new, node.slot, identities);
        placements.push(Planned {
            node,
            holdings: Some(Arc::new(holdings)).filter(|holdings| !holdings.is_empty()),
            victims: new.victims.clone(),
        });
    }
    let has_more_memory = |it: &NewAllocation<'_>| {
        let resources = it.written.allocated_resources.as_ref();
        let mut tasks = resources.iter().flat_map(|it| it.tasks.values());
        tasks.any(|task| task.memory.memory_max_mb != 0)
    };
    let batch = Batch {
        version: GroupVersion {
            job: Some(first.job.shared_spec()),
            group: first.group,
            amounts: ask.amounts,
            memory_oversubscription: new.iter().any(has_more_memory),
        },
        evaluation,
        deployment: DeploymentRef::NONE,
        create_index: 0,
        created: reading.state.now,
        nodes: identities.clone(),
        tallies: lists.tallies.as_slice().into(),
        scores: lists.scores,
        placed: lists.placed.as_slice().into(),
        evicted: lists.evicted,
    };
    Some(PlannedGroup::of_document(
        reading.state,
        first.job.clone(),
        Arc::new(batch),
        first.deployment,
        placements,
    ))
}

/// The nodes by slot, those that a document names and that are not there at the end.
struct Nodes<'a> {
    state: &'a State,
    identities: Identities,
    missing: IndexMap<String, NodeRef>,
}

impl Nodes<'_> {
    fn new(state: &State) -> Nodes<'_> {
        Nodes { state, identities: state.identities.clone(), missing: IndexMap::new() }
    }

    fn find(&mut self, id: &str) -> Option<NodeRef> {
        if let Some(slot) = self.state.find_node(id) {
            return Some(self.state.node_ref(slot));
        }
        let identities = &mut self.identities;
        let missing = self.missing.entry(id.to_owned()).or_insert_with(|| {
            identities.push(Arc::new(Identity { id: id.into(), name: "".into(), gone: None }));
            NodeRef { slot: NodeSlot::new(identities.len() - 1), generation: 0 }
        });
        Some(*missing)
    }
}

/// The lists of a batch.
#[derive(Default)]
struct Lists {
    tallies: Vec<Arc<Tally>>,
    scores: ScoreLog,
    placed: Vec<Placed>,
    evicted: Vec<(u32, Vec<String>)>,
}

impl Lists {
    fn add(&mut self, new: &NewAllocation<'_>, node: NodeSlot, identities: &Identities) {
        let metrics = new.written.metrics.clone().unwrap_or_default();
        let tally = Arc::new(Tally::of_metrics(&metrics));
        if self.tallies.last() != Some(&tally) {
            self.tallies.push(tally);
        }
        let slot_of = |id: &str| {
            let at = identities.iter().position(|identity| &*identity.id == id);
            at.map(NodeSlot::new)
        };
        let shown = metrics.score_meta_data.iter().filter_map(|score| {
            let slot =
                if new.written.node_id == score.node_id { node } else { slot_of(&score.node_id)? };
            Some(self.scores.push(slot, &Scores::of_metrics(score)))
        });
        let shown: SmallList<u32> = shown.collect::<Vec<u32>>().as_slice().into();
        let own = metrics.score_meta_data.iter().find(|it| it.node_id == new.written.node_id);
        let at = self.placed.len() as u32;
        if !new.victims.is_empty() {
            let mut ids: Vec<String> = new.victims.iter().map(|it| it.id.clone()).collect();
            ids.sort_unstable();
            self.evicted.push((at, ids));
        }
        self.placed.push(Placed {
            node,
            tally: (self.tallies.len() as u32).saturating_sub(1),
            best: self.scores.push_best(&shown),
            name_index: name_index(&new.written.name).unwrap_or(0),
            score: own.map_or(0.0, |it| it.norm_score),
            time_ns: metrics.allocation_time,
        });
    }
}

impl Reading<'_> {
    /// What a new allocation holds for itself. It must be what its group asks for.
    fn holdings(&mut self, new: &NewAllocation<'_>, group: &TaskGroup, node: NodeRef) -> Holdings {
        let none = AllocatedResources::default();
        let resources = new.written.allocated_resources.as_ref().unwrap_or(&none);
        let record = self.state.resolve_node(node).and_then(|slot| self.state.node(slot));
        let speeds = record.map(|record| record.node.cores()).unwrap_or_default();
        let mut holdings = Holdings::default();
        hold_group_ports(group, resources, &mut holdings);
        let mut request = 0;
        for (at, task) in group.tasks.iter().enumerate() {
            let given = AllocatedTaskResources::default();
            let given = resources.tasks.get(&task.name).unwrap_or(&given);
            if let Some(network) = given.networks.first().filter(|_| task.network().is_some()) {
                hold_ports(network, &mut holdings);
                holdings.bandwidth.push((network.device.as_str().into(), network.mbits()));
            }
            for core in &given.cpu.reserved_cores {
                let Ok(id) = u16::try_from(*core) else { continue };
                let speed = speeds.iter().find(|core| core.id == id);
                let speed_mhz = speed.map_or(0, |core| core.speed_mhz);
                holdings.cores.push(HeldCore { task: at as u16, id, speed_mhz });
            }
            let requests = task.devices().iter().zip(request..);
            let requests = requests.flat_map(|(ask, at)| (0..ask.count()).map(move |_| at));
            holdings.devices.extend(requests.zip(instances(given)).map(|(request, it)| {
                HeldDevice { request, device: it.0, instance: it.1.as_str().into() }
            }));
            request += task.devices().len() as u16;
        }
        self.check_holdings(new, group, &holdings);
        holdings
    }

    /// Notes where what is held is not what is asked for.
    fn check_holdings(&mut self, new: &NewAllocation<'_>, group: &TaskGroup, holdings: &Holdings) {
        let networks = group.network().into_iter();
        let networks = networks.chain(group.tasks.iter().filter_map(|task| task.network()));
        let ports = networks.map(|it| it.reserved_ports.len() + it.dynamic_ports.len());
        let cores = group.tasks.iter().map(|task| task.cores() as usize);
        let devices = group.tasks.iter().flat_map(|task| task.devices());
        let devices = devices.map(|device| device.count() as usize);
        let different: IndexSet<u16> = holdings.cores.iter().map(|core| core.id).collect();
        for (what, asked, held) in [
            ("ports", ports.sum::<usize>(), holdings.ports.len()),
            ("cores", cores.sum(), holdings.cores.len()),
            ("different cores", holdings.cores.len(), different.len()),
            ("devices", devices.sum(), holdings.devices.len()),
        ] {
            if asked != held {
                let message = format!(
                    "`{}` has {held} {what}, and its group asks for {asked}",
                    excerpt(&new.written.id)
                );
                self.problem(&["NodeAllocation", &new.written.node_id], message);
            }
        }
    }
}

/// The ports of the group, which go by its list where there is one.
fn hold_group_ports(group: &TaskGroup, resources: &AllocatedResources, holdings: &mut Holdings) {
    if group.network().is_none() {
        return;
    }
    let shared = &resources.shared;
    match shared.networks.first() {
        Some(network) if shared.ports.is_empty() => hold_ports(network, holdings),
        _ => holdings.ports.extend(shared.ports.iter().map(|port| HeldPort {
            ip: port.host_ip.as_str().into(),
            value: port.value,
            ignore_collision: port.ignore_collision,
        })),
    }
}

fn hold_ports(network: &NetworkResource, holdings: &mut Holdings) {
    let ports = network.reserved_ports.iter().chain(network.dynamic_ports.iter());
    holdings.ports.extend(ports.map(|port| HeldPort {
        ip: network.ip.as_str().into(),
        value: port.value,
        ignore_collision: port.ignore_collision,
    }));
}

/// The device instances of a task, each with the name of its group.
fn instances(given: &AllocatedTaskResources) -> impl Iterator<Item = (Arc<DeviceName>, &String)> {
    given.devices.iter().flat_map(|device| {
        let name = Arc::new(DeviceName {
            vendor: device.vendor.as_str().into(),
            device_type: device.device_type.as_str().into(),
            model: device.name.as_str().into(),
        });
        device.device_ids.iter().map(move |id| (name.clone(), id))
    })
}
