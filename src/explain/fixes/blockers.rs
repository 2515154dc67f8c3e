//! What keeps a group from a node: everything at once, each thing as the change that would do away with
//! it.

use std::sync::Arc;

use indexmap::IndexMap;

use super::action::FixAction;
use super::apply::{self, DISTINCT_HOSTS, paths_of, text_of};
use super::reduced_ask::{ReducedAsks, sorted};
use super::shortage::{Short, shortage};
use crate::feasibility::base::NotCandidate;
use crate::feasibility::constraint::ConstraintRule;
use crate::feasibility::distinct::Scope;
use crate::feasibility::network::NetworkRule;
use crate::feasibility::volume::HostVolumeRule;
use crate::feasibility::{driver, secrets, supply};
use crate::model::volume::VolumeRequest;
use crate::model::{Constraint, Operand};
use crate::placement::group::GroupPlan;
use crate::placement::scan::Scan;
use crate::rank::preempt::{Evicted, PRIORITY_GAP, Preemptor, priority_of};
use crate::state::State;
use crate::state::node::NodeRecord;
use crate::state::slots::{AllocationSlot, NodeSlot};

/// What a node needs to become possible.
#[derive(Debug)]
pub(super) struct Need {
    /// What does away with all rules that it breaks, without the nodes, in order.
    pub(super) rules: Vec<FixAction>,
    /// The same with the other change wherever there is a second one.
    pub(super) other_rules: Option<Vec<FixAction>>,
    /// What would have to be dropped of the ask so that the rest fits, and what is short for that: ways
    /// that may do, the one with less first; none if none is known.
    pub(super) room: Vec<(Vec<FixAction>, Short)>,
    /// Whom to evict instead.
    pub(super) victims: Option<Victims>,
}

/// Whom to evict for a group on a node.
#[derive(Debug)]
pub(super) struct Victims {
    pub(super) slots: Vec<AllocationSlot>,
    /// The sum of their priorities.
    pub(super) priorities: i64,
}

/// A group's rules, ready to be asked one by one.
pub(super) struct Blockers<'a> {
    pub(super) state: &'a State,
    pub(super) plan: &'a GroupPlan<'a>,
    scan: &'a Scan<'a>,
    /// What was evicted so far.
    evicted: &'a Evicted,
    /// Whether placing may evict by itself.
    may_evict: bool,
    constraints: Vec<(String, ConstraintRule)>,
    /// The texts of the constraints on distinct properties, in the order of the plan's.
    properties: Vec<(String, String)>,
    drivers: Vec<String>,
    providers: Vec<String>,
    network: Option<NetworkRule>,
    host_volumes: Vec<(String, VolumeRequest, HostVolumeRule)>,
    csi_volumes: Vec<String>,
    /// What the group asks for with some of it dropped.
    reduced: ReducedAsks<'a>,
}

impl<'a> Blockers<'a> {
    pub(super) fn new(
        state: &'a State,
        plan: &'a GroupPlan<'a>,
        scan: &'a Scan<'a>,
        evicted: &'a Evicted,
        may_evict: bool,
    ) -> Blockers<'a> {
        let group = plan.group;
        let mut drivers: Vec<String> = group.tasks.iter().map(|it| it.driver.clone()).collect();
        drivers.sort();
        drivers.dedup();
        let secrets = group.tasks.iter().flat_map(|task| &task.secrets);
        let mut providers: Vec<String> = secrets.map(|it| it.provider.clone()).collect();
        providers.sort();
        providers.dedup();
        let of_type = |name: &'static str| {
            group.volumes.iter().filter(move |(_, request)| request.volume_type == name)
        };
        let host_rules = HostVolumeRule::of(group, &plan.job.namespace, plan.index);
        let host_volumes = of_type("host").zip(host_rules);
        Blockers {
            state,
            plan,
            scan,
            evicted,
            may_evict,
            constraints: constraints(plan),
            properties: properties(plan),
            drivers,
            providers,
            network: NetworkRule::of(group),
            host_volumes: host_volumes
                .map(|((alias, request), rule)| (alias.clone(), request.clone(), rule))
                .collect(),
            csi_volumes: of_type("csi").map(|(alias, _)| alias.clone()).collect(),
            reduced: ReducedAsks::new(plan),
        }
    }

    /// What a node needs.
    pub(super) fn of(&mut self, slot: NodeSlot, node: &Arc<NodeRecord>) -> Need {
        let mut rules = Rules::default();
        self.base(node, &mut rules);
        self.facts(node, &mut rules);
        self.devices(node, &mut rules);
        self.network(node, &mut rules);
        self.volumes(slot, node, &mut rules);
        self.distinct(slot, node, &mut rules);
        let (first, other) = rules.finish();
        let node = repaired(node, &first);
        let (room, victims) = self.room(slot, &node, &first);
        Need { rules: first, other_rules: other, room, victims }
    }

    fn base(&self, node: &NodeRecord, rules: &mut Rules) {
        for reason in self.plan.base.all_reasons(node) {
            rules.add(match reason {
                NotCandidate::Pool(pool) => FixAction::UsePool { pool },
                NotCandidate::Datacenter(datacenter) => FixAction::AllowDatacenter { datacenter },
                _ => FixAction::MakeReady { nodes: Vec::new() },
            });
        }
    }

    fn facts(&self, node: &NodeRecord, rules: &mut Rules) {
        for (text, _) in self.constraints.iter().filter(|(_, rule)| !rule.holds(node)) {
            rules.add(FixAction::DropConstraint { text: text.clone(), paths: Vec::new() });
        }
        for driver in self.drivers.iter().filter(|it| !driver::has_driver(node, it)) {
            rules.add(FixAction::AddDriver { nodes: Vec::new(), driver: driver.clone() });
        }
        for provider in self.providers.iter().filter(|it| !secrets::has_provider(node, it)) {
            let provider = provider.clone();
            rules.add(FixAction::AddSecretsProvider { nodes: Vec::new(), provider });
        }
    }

    /// Requests that a node has too few devices for, whatever is in use.
    fn devices(&self, node: &NodeRecord, rules: &mut Rules) {
        let requests = || self.reduced.requests.iter().map(|(_, request)| request);
        let unmet = supply::unmet(node, requests(), |group| group.facts.healthy());
        if unmet.is_empty() {
            return;
        }
        let unmet_if_healthy = supply::unmet(node, requests(), |group| group.instances.len());
        for (at, (drop, _)) in
            self.reduced.requests.iter().enumerate().filter(|(at, _)| unmet.contains(at))
        {
            match drop {
                FixAction::DropDevices { devices, .. } if !unmet_if_healthy.contains(&at) => {
                    let devices = devices.clone();
                    let repair = FixAction::RepairDevices { nodes: Vec::new(), devices };
                    rules.add_with_other(repair, drop.clone());
                }
                _ => rules.add(drop.clone()),
            }
        }
    }

    fn network(&self, node: &NodeRecord, rules: &mut Rules) {
        let Some(rule) = &self.network else { return };
        let mode = self.plan.group.network().map_or("host", |network| network.mode());
        if !rule.has_mode(node) {
            return rules.add(FixAction::DropNetwork { task: None, mode: mode.into() });
        }
        for port in rule.ports_without_network(node) {
            let (label, port) = (port.label.clone(), port.value);
            rules.add(FixAction::DropPort { task: None, label, port });
        }
    }

    fn volumes(&self, slot: NodeSlot, node: &NodeRecord, rules: &mut Rules) {
        for alias in &self.csi_volumes {
            rules.add(FixAction::DropVolume { alias: alias.clone() });
        }
        for (alias, request, rule) in &self.host_volumes {
            let has_writer = |source: &str| self.scan.has_writer(slot, source);
            if rule.holds(node, &self.state.volumes, has_writer) {
                continue;
            }
            let drop = FixAction::DropVolume { alias: alias.clone() };
            let source = rule.source();
            let on_node = node.node.spec().host_volumes.get(source);
            let is_dynamic = on_node.is_some_and(|volume| !volume.id.is_empty());
            if is_dynamic || request.sticky {
                rules.add(drop);
            } else {
                let volume = source.to_owned();
                rules.add_with_other(FixAction::AddVolume { nodes: Vec::new(), volume }, drop);
            }
        }
    }

    fn distinct(&self, slot: NodeSlot, node: &NodeRecord, rules: &mut Rules) {
        if self.scan.is_taken_by_own(slot) {
            let text = DISTINCT_HOSTS.into();
            rules.add(FixAction::DropConstraint { text, paths: Vec::new() });
        }
        for (at, property) in self.plan.distinct_properties.iter().enumerate() {
            let value = property.value(node);
            let used = self.scan.used_of_property(at, value);
            if property.check(value, used.into()).is_ok() {
                continue;
            }
            let Some((text, target)) = self.properties.get(at) else { continue };
            let drop = FixAction::DropConstraint { text: text.clone(), paths: Vec::new() };
            match value {
                Some(_) => rules.add_with_other(
                    FixAction::RaiseDistinctProperty {
                        text: text.clone(),
                        property: target.clone(),
                        allowed: u64::from(used) + 1,
                    },
                    drop,
                ),
                None => rules.add(drop),
            }
        }
    }

    /// What would make room for the group once the rules are done away with.
    #[allow(clippy::type_complexity)]
    fn room(
        &mut self,
        slot: NodeSlot,
        node: &Arc<NodeRecord>,
        rules: &[FixAction],
    ) -> (Vec<(Vec<FixAction>, Short)>, Option<Victims>) {
        let dropped: Vec<FixAction> =
            rules.iter().filter(|action| action.changes_ask()).cloned().collect();
        let Some(ask) = self.reduced.ask_without(&dropped) else { return (Vec::new(), None) };
        let preemptor = Preemptor {
            state: self.state,
            ask: &ask,
            job: self.plan.job_slot,
            priority: self.plan.job.priority(),
            evicted: self.evicted,
        };
        let victims = preemptor.make_room(slot, node).ok().map(|(_, victims)| victims);
        if victims.as_ref().is_some_and(|victims| victims.is_empty() || self.may_evict) {
            return (vec![(Vec::new(), Short::default())], None);
        }
        // Whom placing would evict by itself once some more is there cannot be told beforehand: at best
        // everyone, at worst nobody.
        let evictable = if self.may_evict { self.evictable(slot) } else { Vec::new() };
        let mut rooms = Vec::new();
        if !evictable.is_empty() {
            rooms.extend(shortage(
                self.state,
                &mut self.reduced,
                slot,
                node,
                dropped.clone(),
                &evictable,
            ));
        }
        rooms.extend(shortage(self.state, &mut self.reduced, slot, node, dropped, &[]));
        (rooms, victims.map(|slots| self.with_priorities(slots)))
    }

    fn with_priorities(&self, slots: Vec<AllocationSlot>) -> Victims {
        let records = slots.iter().filter_map(|&slot| self.state.allocation(slot));
        let priorities = records.map(|record| priority_of(self.state, record)).sum();
        Victims { slots, priorities }
    }

    /// The allocations on a node that may be evicted for the job.
    fn evictable(&self, slot: NodeSlot) -> Vec<AllocationSlot> {
        let on_node = self.state.allocations_on(slot).iter().copied();
        let may_go = |slot: &AllocationSlot| {
            self.state.allocation(*slot).is_some_and(|record| {
                let gap = self.plan.job.priority() - priority_of(self.state, record);
                self.plan.job_slot != Some(record.job) && gap >= PRIORITY_GAP
            })
        };
        on_node.filter(may_go).collect()
    }

    /// Fills in where the job has the constraints that an action drops.
    pub(super) fn with_paths(&self, action: &mut FixAction) {
        if let FixAction::DropConstraint { text, paths } = action {
            *paths = paths_of(self.plan.job.spec(), self.plan.at, text);
        }
    }
}

/// Collects what does away with the rules that a node breaks.
#[derive(Default)]
struct Rules {
    /// Each with its other way, if it has one.
    actions: Vec<(FixAction, Option<FixAction>)>,
}

impl Rules {
    fn add(&mut self, action: FixAction) {
        self.actions.push((action, None));
    }

    fn add_with_other(&mut self, action: FixAction, other: FixAction) {
        self.actions.push((action, Some(other)));
    }

    /// The actions, and where any has another way, the same with these.
    fn finish(self) -> (Vec<FixAction>, Option<Vec<FixAction>>) {
        let has_others = self.actions.iter().any(|(_, other)| other.is_some());
        let others = has_others.then(|| {
            let actions = self.actions.iter().cloned();
            sorted(actions.map(|(first, other)| other.unwrap_or(first)).collect())
        });
        (sorted(self.actions.into_iter().map(|(first, _)| first).collect()), others)
    }
}

/// A node with the devices repaired that rules want repaired.
fn repaired(node: &Arc<NodeRecord>, rules: &[FixAction]) -> Arc<NodeRecord> {
    let is_repair = |it: &&FixAction| matches!(it, FixAction::RepairDevices { .. });
    let repairs = rules.iter().filter(is_repair);
    if repairs.clone().next().is_none() {
        return node.clone();
    }
    match apply::change_node(&node.node, repairs) {
        Ok(changed) => Arc::new(NodeRecord::new(changed)),
        Err(_) => node.clone(),
    }
}

/// All constraints that count for the group, each text once.
fn constraints(plan: &GroupPlan<'_>) -> Vec<(String, ConstraintRule)> {
    let of_tasks = plan.group.tasks.iter().flat_map(|task| &task.constraints);
    let all = plan.job.constraints.iter().chain(&plan.group.constraints).chain(of_tasks);
    let by_facts = |it: &&Constraint| {
        let is_distinct = matches!(it.operand, Operand::DistinctHosts | Operand::DistinctProperty);
        !it.is_soft() && !is_distinct
    };
    let mut constraints: IndexMap<String, ConstraintRule> = IndexMap::new();
    for constraint in all.filter(by_facts) {
        constraints.entry(text_of(constraint)).or_insert_with(|| ConstraintRule::of(constraint));
    }
    constraints.into_iter().collect()
}

/// The texts and the targets of the plan's distinct properties, in its order.
fn properties(plan: &GroupPlan<'_>) -> Vec<(String, String)> {
    let of = |constraints: &[Constraint]| -> Vec<(String, String)> {
        let hard = constraints.iter().filter(|it| !it.is_soft());
        let properties = hard.filter(|it| it.operand == Operand::DistinctProperty);
        properties.map(|it| (text_of(it), it.l_target.clone())).collect()
    };
    let properties = [of(&plan.job.constraints), of(&plan.group.constraints)].concat();
    debug_assert_eq!(properties.len(), plan.distinct_properties.len());
    debug_assert!(plan.distinct_properties.is_sorted_by_key(|it| it.scope == Scope::Group));
    properties
}
