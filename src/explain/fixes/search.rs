//! The search for fixes: nodes that need the same are one candidate, and a candidate becomes a fix by
//! being carried out on a copy and found to work.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::apply;
use super::blockers::{Blockers, Need, Victims};
use super::fix::Fix;
use super::shortage::Short;
use crate::feasibility::fix_action::FixAction;
use crate::feasibility::remedies::sorted;
use crate::model::Node;
use crate::placement::group::GroupPlan;
use crate::placement::missing;
use crate::placement::options::PlaceOptions;
use crate::placement::scan::{NodeResult, Scan};
use crate::rank::preempt::Evicted;
use crate::state::State;
use crate::state::node::NodeRecord;
use crate::state::slots::NodeSlot;
use crate::syntax::nearest::nearest as nearest_word;

/// The most fixes that are reported.
pub(crate) const FIXES_MAX: usize = 10;

/// The most candidates that are carried out.
const TRIES_MAX: usize = 20;

/// The most candidates that are thought about.
const LOOKS_MAX: usize = 100;

/// Up to how many nodes a fix names.
const LABELS_MAX: usize = 3;

/// Looks for changes after which the group's next allocation finds a node, the smallest first: by the
/// number of actions, then by kind and size, then those first that serve more nodes. None if a node
/// would do already.
///
/// A system job that fails for want of room misses an allocation on each node without room, so other
/// nodes are no help to it: its fixes are for those nodes, and those that leave fewest missing come
/// first.
pub(crate) fn nearest(
    state: &State,
    plan: &GroupPlan<'_>,
    options: &PlaceOptions,
    evicted: &Evicted,
) -> Vec<Fix> {
    let mut search = Search {
        state,
        plan,
        options,
        evicted,
        may_evict: options.preemption.is_on_for(plan.job.job_type()),
        done: missing::done_nodes(state, plan),
        missing: 0,
    };
    let mut nodes = search.nodes();
    if !search.possible(state, plan, nodes.iter().map(|(slot, _)| *slot)).is_empty() {
        return Vec::new();
    }
    if plan.job.job_type().is_system() {
        let without_room = search.without_room(state, plan);
        if !without_room.is_empty() {
            nodes.retain(|(slot, _)| without_room.contains(slot));
            search.missing = nodes.len();
        }
    }
    let (mut candidates, sizes) = search.candidates(&nodes);
    candidates.sort_by(|a, b| match search.missing {
        0 => a.compare(b),
        // Those that may leave none missing have to be tried whatever their size.
        _ => b.nodes.len().cmp(&a.nodes.len()).then_with(|| a.compare(b)),
    });
    let mut fixes: Vec<Found> = Vec::new();
    let mut tries = 0;
    for candidate in candidates.into_iter().take(LOOKS_MAX) {
        let nodes_max = sizes.nodes_max(&candidate.kinds);
        if tries == TRIES_MAX || search.is_needless(&candidate, nodes_max, &fixes) {
            continue;
        }
        tries += 1;
        if let Some(found) = search.carry_out(candidate)
            && !search.is_needless(&found.candidate, found.served, &fixes)
        {
            fixes.push(found);
        }
    }
    // Of what was found, the order may differ from that of the candidates in the numbers of nodes.
    fixes.sort_by(|a, b| {
        let missing = if search.missing > 0 { b.served.cmp(&a.served) } else { Ordering::Equal };
        let candidates = || a.candidate.compare_size(&b.candidate);
        missing.then_with(candidates).then_with(|| b.fix.nodes.cmp(&a.fix.nodes))
    });
    fixes.truncate(FIXES_MAX);
    fixes.into_iter().map(|found| found.fix).collect()
}

struct Search<'a> {
    state: &'a State,
    plan: &'a GroupPlan<'a>,
    options: &'a PlaceOptions,
    evicted: &'a Evicted,
    /// Whether placing may evict by itself.
    may_evict: bool,
    /// The nodes that need no allocation any more, ascending.
    done: Vec<NodeSlot>,
    /// Of a system job, how many nodes have no room for it; 0 where that is not what it fails for.
    missing: usize,
}

/// What might be a fix.
struct Candidate {
    actions: Vec<FixAction>,
    /// What the actions do, whatever the nodes and the amounts, by the numbers of [`Sizes`].
    kinds: Vec<usize>,
    /// The nodes it is for.
    nodes: Vec<NodeSlot>,
    /// How many nodes need changes of these kinds and no others; 0 if another candidate counts them.
    group: usize,
    weight: u32,
    size: f64,
}

/// What is one.
struct Found {
    candidate: Candidate,
    fix: Fix,
    /// How many nodes would then do; of those without room where a system job misses them, less those
    /// that would become such.
    served: usize,
}

/// How many nodes need which kinds of changes.
#[derive(Default)]
struct Sizes {
    kinds: IndexSet<FixAction>,
    groups: Vec<(Vec<usize>, usize)>,
}

impl Sizes {
    /// The kinds of some actions by their numbers.
    fn kinds_of(&mut self, actions: &[FixAction]) -> Vec<usize> {
        actions.iter().map(|action| self.kinds.insert_full(action.kind()).0).collect()
    }

    /// The most nodes that changes of these kinds can serve.
    fn nodes_max(&self, kinds: &[usize]) -> usize {
        let served = self.groups.iter().filter(|(needs, _)| is_part(needs, kinds));
        served.map(|(_, nodes)| nodes).sum::<usize>().max(1)
    }
}

fn is_part(some: &[usize], all: &[usize]) -> bool {
    some.iter().all(|it| all.contains(it))
}

/// The nodes that need the same changes, by these changes and by what is short.
type Groups = IndexMap<(Vec<FixAction>, u8), Vec<(NodeSlot, Short)>>;

impl<'a> Search<'a> {
    /// Whether some fix found before changes nothing but what a candidate changes too, which does not
    /// even serve twice as many nodes. Where every node counts, one that serves as many has to be no
    /// bigger.
    fn is_needless(&self, candidate: &Candidate, nodes: usize, before: &[Found]) -> bool {
        before.iter().any(|it| {
            is_part(&it.candidate.kinds, &candidate.kinds)
                && match self.missing {
                    0 => it.served * 2 > nodes,
                    _ => it.served >= nodes && it.candidate.compare_size(candidate).is_le(),
                }
        })
    }

    /// The nodes that the next allocation could be on, in the order of their identities.
    fn nodes(&self) -> Vec<(NodeSlot, &'a Arc<NodeRecord>)> {
        let open = self.state.nodes().filter(|(slot, _)| self.done.binary_search(slot).is_err());
        let mut nodes: Vec<(NodeSlot, &Arc<NodeRecord>)> = open.collect();
        nodes.sort_unstable_by(|(_, a), (_, b)| a.node.id.cmp(&b.node.id));
        nodes
    }

    /// Which of some nodes would do for a group.
    fn possible(
        &self,
        state: &State,
        plan: &GroupPlan<'_>,
        nodes: impl Iterator<Item = NodeSlot>,
    ) -> Vec<NodeSlot> {
        let scan = Scan::new(state, plan, self.may_evict.then_some(self.evicted));
        let would_do = |slot: &NodeSlot| {
            let node = state.node(*slot);
            node.is_some_and(|node| matches!(scan.result(*slot, node), NodeResult::Ranked(_)))
        };
        nodes.filter(would_do).collect()
    }

    /// The nodes that may run a group and have no room for it.
    fn without_room(&self, state: &State, plan: &GroupPlan<'_>) -> Vec<NodeSlot> {
        let scan = Scan::new(state, plan, self.may_evict.then_some(self.evicted));
        let has_none = |slot: &NodeSlot| {
            let node = state.node(*slot);
            node.is_some_and(|node| matches!(scan.result(*slot, node), NodeResult::Exhausted(_)))
        };
        self.nodes().into_iter().map(|(slot, _)| slot).filter(has_none).collect()
    }

    fn candidates(&self, nodes: &[(NodeSlot, &'a Arc<NodeRecord>)]) -> (Vec<Candidate>, Sizes) {
        let scan = Scan::new(self.state, self.plan, None);
        let mut blockers =
            Blockers::new(self.state, self.plan, &scan, self.evicted, self.may_evict);
        let mut groups = Groups::new();
        let mut evictions: IndexMap<Vec<FixAction>, (NodeSlot, Victims)> = IndexMap::new();
        for &(slot, node) in nodes {
            let Need { rules, other_rules, room, victims } = blockers.of(slot, node);
            for (drops, short) in room {
                for rules in std::iter::once(&rules).chain(&other_rules) {
                    let actions = sorted([&rules[..], &drops[..]].concat());
                    groups.entry((actions, short.kinds())).or_default().push((slot, short));
                }
            }
            if let Some(victims) = victims {
                let worth = |it: &Victims| (it.slots.len(), it.priorities);
                match evictions.get_mut(&rules) {
                    Some(best) if worth(&best.1) <= worth(&victims) => {}
                    Some(best) => *best = (slot, victims),
                    None => {
                        evictions.insert(rules, (slot, victims));
                    }
                }
            }
        }
        let mut candidates: Vec<Candidate> = Vec::new();
        if self.missing > 0 {
            // What is enough for all, whatever each of them is short of. The groups count the nodes.
            let shorts = groups.iter().filter(|((actions, _), _)| actions.is_empty());
            let members = shorts.flat_map(|(_, members)| members).copied().collect();
            self.add_of_group(&[], members, &mut candidates);
            candidates.iter_mut().for_each(|candidate| candidate.group = 0);
        }
        for ((actions, _), members) in groups {
            self.add_of_group(&actions, members, &mut candidates);
        }
        for (mut actions, (slot, victims)) in evictions {
            actions.push(self.eviction(slot, &victims));
            let size = victims.slots.len() as f64 + victims.priorities as f64 / 1e6;
            candidates.push(self.candidate(actions, vec![slot], 1, size));
        }
        let mut sizes = Sizes::default();
        for candidate in &mut candidates {
            candidate.kinds = sizes.kinds_of(&candidate.actions);
            sizes.groups.push((candidate.kinds.clone(), candidate.group));
            candidate.actions.iter_mut().for_each(|action| blockers.with_paths(action));
        }
        (candidates, sizes)
    }

    /// The candidates of nodes that need the same: what is enough for the one that is short of least,
    /// and what is enough for half of them, or for all where each of them counts.
    fn add_of_group(
        &self,
        actions: &[FixAction],
        mut members: Vec<(NodeSlot, Short)>,
        candidates: &mut Vec<Candidate>,
    ) {
        let size = |short: Short| short.size(self.plan.ask.amounts);
        members.sort_by(|(_, a), (_, b)| size(*a).total_cmp(&size(*b)));
        let Some(&(_, least)) = members.first() else { return };
        let many = if self.missing > 0 { members.len() } else { members.len().div_ceil(2) };
        let more = members.iter().take(many).fold(least, |more, (_, short)| more.max(*short));
        let mut served = 0;
        let mut group = members.len();
        for short in [least, more] {
            let nodes = members.iter().filter(|(_, needs)| short.covers(*needs));
            // With eviction on, a node may be there twice: with and without those evicted.
            let nodes: IndexSet<NodeSlot> = nodes.map(|(slot, _)| *slot).collect();
            let nodes: Vec<NodeSlot> = nodes.into_iter().collect();
            let actions = [actions, &short.actions()].concat();
            if nodes.len() > served && !actions.is_empty() {
                served = nodes.len();
                let group = std::mem::take(&mut group);
                candidates.push(self.candidate(actions, nodes, group, size(short)));
            }
        }
    }

    fn candidate(
        &self,
        mut actions: Vec<FixAction>,
        nodes: Vec<NodeSlot>,
        group: usize,
        size: f64,
    ) -> Candidate {
        for list in actions.iter_mut().filter_map(FixAction::nodes_mut) {
            *list = nodes.iter().map(|&slot| self.id_of(slot)).collect();
        }
        actions.sort_by_key(|action| (matches!(action, FixAction::Evict { .. }), action.weight()));
        let weight = actions.iter().map(FixAction::weight).sum();
        Candidate { actions, kinds: Vec::new(), nodes, group, weight, size }
    }

    fn eviction(&self, slot: NodeSlot, victims: &Victims) -> FixAction {
        let document = |&victim| {
            let document = self.state.allocation_document(victim)?;
            Some((document.id, document.name))
        };
        let mut named: Vec<(String, String)> = victims.slots.iter().filter_map(document).collect();
        named.sort_unstable();
        let (allocations, names) = named.into_iter().unzip();
        FixAction::Evict { node: self.id_of(slot), allocations, names }
    }

    /// Drivers that no node has, with those that are most like them.
    fn meant_drivers(&self, actions: &[FixAction]) -> Vec<(String, String)> {
        let wanted = actions.iter().filter_map(|action| match action {
            FixAction::AddDriver { driver, .. } => Some(driver),
            _ => None,
        });
        let mut meant = Vec::new();
        for driver in wanted {
            let nodes = self.state.nodes().map(|(_, node)| &node.node);
            let known: BTreeSet<&str> = nodes.flat_map(drivers_of).collect();
            if !known.contains(driver.as_str())
                && let Some(like) = nearest_word(driver, known)
            {
                meant.push((driver.clone(), like.to_owned()));
            }
        }
        meant
    }

    fn id_of(&self, slot: NodeSlot) -> String {
        self.state.node(slot).map_or_else(String::new, |node| node.node.id.clone())
    }

    /// Carries a candidate out on a copy and gives the fix if it turns out to be one.
    fn carry_out(&self, mut candidate: Candidate) -> Option<Found> {
        let (plan, actions) = (self.plan, &mut candidate.actions);
        let job = apply::change_job(plan.job, &plan.group.name, actions).ok()?;
        let mut state = self.state.clone();
        let mut transaction = state.begin(state.now);
        apply::change_state(&mut transaction, actions).ok()?;
        transaction.commit();
        let changed = GroupPlan::new(&state, &job, plan.at, plan.index, self.options)?;
        let changes_job = actions.iter().any(|action| action.nodes().is_empty());
        let mut possible = if changes_job {
            self.possible(&state, &changed, self.nodes().into_iter().map(|(slot, _)| slot))
        } else {
            self.possible(&state, &changed, candidate.nodes.iter().copied())
        };
        let served = match self.missing {
            0 => possible.len(),
            missing if changes_job => {
                missing.saturating_sub(self.without_room(&state, &changed).len())
            }
            // Every node of the candidate is one without room.
            _ => possible.len(),
        };
        if served == 0 {
            return None;
        }
        possible.sort_by_cached_key(|&slot| self.id_of(slot));
        let ids: IndexSet<String> = possible.iter().map(|&slot| self.id_of(slot)).collect();
        if possible.is_empty() || !actions.iter_mut().all(|action| keep(action, &ids)) {
            return None;
        }
        let label = |&slot: &NodeSlot| {
            self.state.node(slot).map(|node| match node.node.name.as_str() {
                "" => node.node.id.clone(),
                name => name.to_owned(),
            })
        };
        let is_few = possible.len() <= LABELS_MAX;
        let fix = Fix {
            namespace: plan.job.namespace.clone(),
            job: plan.job.id.clone(),
            group: plan.group.name.clone(),
            actions: actions.clone(),
            nodes: possible.len(),
            labels: sorted_names(possible.iter().filter(|_| is_few).filter_map(label)),
            next: None,
            meant: self.meant_drivers(actions),
        };
        Some(Found { candidate, fix, served })
    }
}

/// The drivers of a node, by itself or by its attributes.
fn drivers_of(node: &Node) -> impl Iterator<Item = &str> {
    let by_attribute = node.attributes.keys().filter_map(|key| key.strip_prefix("driver."));
    node.drivers.keys().map(String::as_str).chain(by_attribute.filter(|name| !name.contains('.')))
}

fn sorted_names(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}

/// Leaves an action those nodes only that it helps; false if there are none.
fn keep(action: &mut FixAction, ids: &IndexSet<String>) -> bool {
    if let FixAction::Evict { node, .. } = action {
        return ids.contains(node);
    }
    action.nodes_mut().is_none_or(|nodes| {
        nodes.retain(|id| ids.contains(id));
        !nodes.is_empty()
    })
}

impl Candidate {
    /// By the number of actions, then by kind, then by size.
    fn compare_size(&self, other: &Candidate) -> Ordering {
        let counts = self.actions.len().cmp(&other.actions.len());
        let weights = || self.weight.cmp(&other.weight);
        counts.then_with(weights).then_with(|| self.size.total_cmp(&other.size))
    }

    fn compare(&self, other: &Candidate) -> Ordering {
        let nodes = || other.nodes.len().cmp(&self.nodes.len());
        let sizes = self.compare_size(other);
        sizes.then_with(nodes).then_with(|| self.actions.cmp(&other.actions))
    }
}
