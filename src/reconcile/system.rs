//! System and sysbatch jobs: every name on every node that may run the job (docs/lifecycle.md,
//! section 4).

use super::changes::{Changes, Placement, PlacementKind, Stop, Update};
use super::classify;
use super::deployment::Deployments;
use super::system_deployment::{self, Rollout};
use super::system_pass::{SystemGroup, SystemPass};
use super::view::{AllocationView, Facts, Flags, Input, NONE, NodeCondition, NodeStanding};
use crate::model::{ClientStatus, JobType};
use crate::state::stop_reason::StopReason;

/// What becomes of an allocation that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Ignored,
    Stops(StopReason),
    Lost,
    Reconnects,
    Disconnects,
    Outdated,
}

/// Finds what has to change of a system or sysbatch job. Stops, updates and deployments are final;
/// whether a placement finds room on its node is for the caller to see.
pub(super) fn reconcile<F: Facts>(
    input: &Input<'_>,
    facts: &mut F,
    deployments: &Deployments<'_>,
    changes: &mut Changes,
) -> bool {
    let groups = (0..input.groups).map(|_| SystemGroup {
        verdicts: vec![None; input.versions.len()],
        ..SystemGroup::default()
    });
    let groups = groups.collect();
    let mut pass = SystemPass { input, facts, deployments, changes, groups, changed: Vec::new() };
    pass.visit_nodes();
    for at in std::mem::take(&mut pass.changed) {
        pass.update(at);
    }
    let is_complete = pass.roll_out();
    let figures = pass.groups.iter().map(|group| group.figures).collect();
    changes.figures = figures;
    is_complete
}

impl<F: Facts> SystemPass<'_, '_, F> {
    fn visit_nodes(&mut self) {
        let allocations = self.input.allocations;
        let mut by_node: Vec<u32> = (0..allocations.len() as u32).collect();
        by_node.sort_by_key(|at| {
            let allocation = &allocations[*at as usize];
            (allocation.node, allocation.group, allocation.name_index)
        });
        let mut rest = by_node.as_slice();
        for node in 0..self.input.nodes.len() as u32 {
            let is_here = |at: &u32| allocations[*at as usize].node == node;
            let (here, others) = rest.split_at(rest.partition_point(is_here));
            rest = others;
            here.iter().for_each(|at| self.visit(*at));
            if self.input.nodes[node as usize] == NodeStanding::Eligible {
                self.place_missing(node, here);
            }
        }
        // What is left was on nodes that are gone.
        rest.iter().for_each(|at| self.visit(*at));
    }

    /// Decides about an allocation that lives.
    fn visit(&mut self, at: u32) {
        let input = self.input;
        let allocation = &input.allocations[at as usize];
        if allocation.is_terminal() {
            return;
        }
        let fate = self.fate(at, allocation);
        let Some(group) = self.groups.get_mut(allocation.group as usize) else { return };
        group.has_current |= input.is_current(allocation);
        let is_of_deployment =
            self.deployments.current.is_some_and(|it| it.handle == allocation.deployment);
        group.unsettled += u32::from(is_of_deployment && allocation.healthy != Some(true));
        let mut stop = |reason: StopReason| {
            let is_lost = reason == StopReason::Lost;
            self.changes.stops.push(Stop { at, reason, is_lost, follow_up: None });
        };
        let update = Update { at, ..Update::default() };
        match fate {
            Fate::Ignored => group.figures.ignore += 1,
            Fate::Stops(reason) => {
                let is_migration = reason == StopReason::NodeTainted;
                group.figures.migrate += u32::from(is_migration);
                group.figures.stop += u32::from(!is_migration);
                stop(reason);
            }
            Fate::Lost => {
                group.figures.stop += 1;
                stop(StopReason::Lost);
            }
            Fate::Reconnects => {
                group.figures.reconnect += 1;
                self.changes.updates.push(Update { is_reconnecting: true, ..update });
            }
            Fate::Disconnects => {
                group.figures.disconnect += 1;
                self.changes.updates.push(Update { is_disconnecting: true, ..update });
            }
            Fate::Outdated => self.changed.push(at),
        }
    }

    /// What becomes of an allocation that lives: the first line of the table that holds.
    fn fate(&self, at: u32, allocation: &AllocationView) -> Fate {
        let input = self.input;
        let wanted = input.rules(allocation.group).map_or(0, |rules| rules.count);
        if allocation.name_index >= wanted || self.is_named_otherwise(allocation) {
            return Fate::Stops(StopReason::NotNeeded);
        }
        let drains = [NodeCondition::Draining, NodeCondition::DrainingUnready];
        let moves = input.first_api.is_some() && drains.contains(&allocation.condition);
        if allocation.flags.has(Flags::MIGRATE) || moves {
            return Fate::Stops(StopReason::NodeTainted);
        }
        let own = input.own_rules(allocation).disconnect;
        let is_unknown = allocation.client == ClientStatus::Unknown;
        let is_tainted = allocation.condition != NodeCondition::Fine;
        let is_fine = !is_tainted || allocation.condition == NodeCondition::Draining;
        if is_unknown {
            let last_unknown = self.facts.history(at as usize).last_unknown;
            if classify::is_expired(own.lost_after, last_unknown, input.now) {
                return Fate::Lost;
            }
            return Fate::Ignored;
        }
        if is_fine && allocation.needs_reconnect() {
            return Fate::Reconnects;
        }
        let has_ended = allocation.flags.has(Flags::RAN_SUCCESSFULLY);
        if is_tainted && input.job_type == JobType::Sysbatch && has_ended {
            return Fate::Ignored;
        }
        let is_running = allocation.client == ClientStatus::Running;
        match allocation.condition {
            NodeCondition::Disconnected if is_running && own.lost_after.is_some() => {
                return Fate::Disconnects;
            }
            NodeCondition::Missing | NodeCondition::Down => return Fate::Lost,
            NodeCondition::Draining | NodeCondition::DrainingUnready => return Fate::Ignored,
            _ => {}
        }
        let is_changed = !input.is_up_to_date(allocation);
        match input.nodes.get(allocation.node as usize) {
            Some(NodeStanding::NotReady) if !is_changed => Fate::Ignored,
            Some(NodeStanding::Eligible) if is_changed => Fate::Outdated,
            Some(NodeStanding::Eligible) => Fate::Ignored,
            _ => Fate::Stops(StopReason::NotNeeded),
        }
    }

    /// Whether an allocation's name is none that the job gives now, as the job had another one then.
    fn is_named_otherwise(&self, allocation: &AllocationView) -> bool {
        let own = self.input.versions.get(allocation.version as usize);
        own.is_some_and(|version| version.is_named_otherwise)
    }

    /// Updates an allocation of another specification in place, or has it replaced.
    fn update(&mut self, at: u32) {
        let input = self.input;
        let allocation = &input.allocations[at as usize];
        let stays = !self.tasks_updated(allocation)
            && self.facts.updates_in_place(at as usize, &self.changes.stops);
        let group = &mut self.groups[allocation.group as usize];
        if stays {
            group.figures.in_place_update += 1;
            self.changes.updates.push(Update { at, in_place: true, ..Update::default() });
        } else {
            group.outdated.push(at);
        }
    }

    /// Whether what an allocation runs has to be replaced to run the present version.
    fn tasks_updated(&mut self, allocation: &AllocationView) -> bool {
        let (version, group) = (allocation.version, allocation.group);
        match self.groups[group as usize].verdicts.get_mut(version as usize) {
            Some(verdict) => {
                *verdict.get_or_insert_with(|| self.facts.tasks_updated(version, group))
            }
            None => true,
        }
    }

    /// Places the names that a node lacks. What has run to its end on it is not run again, unless the
    /// job is another one now. What a job that was purged ran there is none of what one of its name has
    /// run (section 9, *Purge*).
    fn place_missing(&mut self, node: u32, here: &[u32]) {
        let input = self.input;
        for group in input.groups_by_name.iter().copied() {
            let wanted = input.rules(group).map_or(0, |rules| rules.count);
            for name_index in by_text(wanted) {
                let named = |at: &&u32| {
                    let allocation = &input.allocations[**at as usize];
                    (allocation.group, allocation.name_index) == (group, name_index)
                        && !self.is_named_otherwise(allocation)
                        && !(allocation.is_terminal() && input.is_of_earlier_life(allocation))
                };
                let held = here.iter().filter(named);
                if held.clone().any(|at| !input.allocations[*at as usize].is_terminal()) {
                    continue;
                }
                let last = held.max_by_key(|at| (self.facts.created(**at as usize), **at)).copied();
                let Some(at) = last.filter(|_| input.job_type == JobType::Sysbatch) else {
                    self.place(group, name_index, node, last);
                    continue;
                };
                let allocation = &input.allocations[at as usize];
                let is_outdated =
                    !input.is_up_to_date(allocation) && self.tasks_updated(allocation);
                let state = &mut self.groups[group as usize];
                if is_outdated {
                    state.outdated.push(at);
                } else {
                    state.figures.ignore += 1;
                }
            }
        }
    }

    fn place(&mut self, group: u32, name_index: u32, node: u32, previous: Option<u32>) {
        self.groups[group as usize].figures.place += 1;
        self.changes.placements.push(Placement {
            group,
            name_index,
            kind: PlacementKind::Fresh,
            previous,
            is_canary: false,
            is_downgraded: false,
            reschedule: None,
            node: Some(node),
        });
    }

    /// Replaces what is outdated as far as that may happen now, on each node in the order of the IDs
    /// whatever their groups, lets the groups take part in a deployment, and says whether all of them
    /// are complete.
    fn roll_out(&mut self) -> bool {
        let mut is_complete = true;
        for group in 0..self.input.groups {
            let rollout = system_deployment::rollout(self, group);
            self.replace(group, &rollout);
            system_deployment::create(self, group, &rollout);
            is_complete &= system_deployment::is_complete(self, group);
        }
        // What comes first on a node may leave no room there for what comes next.
        let facts = &*self.facts;
        let place = |placement: &Placement| placement.previous.unwrap_or(NONE) as usize;
        self.changes.destructive.sort_by(|a, b| {
            a.node.cmp(&b.node).then_with(|| facts.compare_ids(place(a), place(b)))
        });
        is_complete
    }

    /// Replaces the first ones that are outdated.
    fn replace(&mut self, group: u32, rollout: &Rollout) {
        let input = self.input;
        let state = &mut self.groups[group as usize];
        let (facts, node) = (&*self.facts, |at: u32| input.allocations[at as usize].node);
        state.outdated.sort_by(|a, b| {
            let by_node = node(*a).cmp(&node(*b));
            by_node.then_with(|| facts.compare_ids(*a as usize, *b as usize))
        });
        let made = state.outdated.len().min(rollout.limit);
        state.figures.destructive_update = made as u32;
        let held_back = (state.outdated.len() - made) as u32;
        state.figures.ignore += held_back;
        // What waits for canaries is queued; what waits for its turn is not.
        self.changes.deferred.push(held_back);
        self.changes.held_back.push(if rollout.are_canaries { held_back } else { 0 });
        state.figures.canary = if rollout.are_canaries { made as u32 } else { 0 };
        let replacement = |at: &u32| {
            let allocation = &input.allocations[*at as usize];
            Placement {
                group,
                name_index: allocation.name_index,
                kind: PlacementKind::Destructive,
                previous: Some(*at),
                is_canary: rollout.are_canaries,
                is_downgraded: false,
                reschedule: None,
                node: Some(allocation.node),
            }
        };
        self.changes.destructive.extend(state.outdated[..made].iter().map(replacement));
    }
}

/// Numbers below so many in the order of their texts, as whole names are in order.
fn by_text(wanted: u32) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..wanted).collect();
    if wanted > 10 {
        numbers.sort_by_cached_key(u32::to_string);
    }
    numbers
}
