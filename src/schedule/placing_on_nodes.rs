//! What becomes of the placements of a system job, each on its own node (docs/lifecycle.md, section 4,
//! *Placement failure*).

use super::pass::Pass;
use crate::cluster::failed::FailedGroup;
use crate::model::AllocationMetrics;
use crate::placement::request::Verdict;
use crate::reconcile::changes::{Placement, PlacementKind};

impl Pass<'_, '_, '_> {
    /// Takes over what became of the placements of a system job.
    pub(super) fn settle_on_nodes(&mut self, placements: Vec<Placement>, verdicts: &[Verdict]) {
        for placement in &placements {
            self.queue(placement.group, 1);
        }
        for (group, held) in std::mem::take(&mut self.changes.held_back).into_iter().enumerate() {
            if held > 0 {
                self.queue(group as u32, held.into());
            }
        }
        let mut placed = Vec::new();
        for (placement, verdict) in placements.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Placed => placed.push(placement),
                Verdict::Filtered => self.filtered(&placement),
                Verdict::Exhausted => self.exhausted_nodes.extend(placement.node),
            }
        }
        self.exhausted_nodes.sort_unstable();
        self.exhausted_nodes.dedup();
        for (at, placement) in placed.iter().enumerate() {
            self.queue(placement.group, -1);
            self.keep(placement, at as u32);
        }
        self.placed = placed;
    }

    /// A node may not run a group: it is none of the nodes that should, and a failure only where none
    /// is. What ran there ends.
    fn filtered(&mut self, placement: &Placement) {
        self.queue(placement.group, -1);
        self.count_no_longer(placement);
        let group = placement.group as usize;
        if placement.kind == PlacementKind::Destructive {
            self.stop_for(placement);
        } else if let Some(figures) = self.changes.figures.get_mut(group) {
            figures.place = figures.place.saturating_sub(1);
        }
        let name = self.known.group_name(placement.group).to_owned();
        let is_left = self.left_of(placement.group) > 0;
        let figures = self.changes.figures.get(group).copied().unwrap_or_default();
        // What is outdated and waits for its turn is neither left as it is nor updated in place.
        let deferred = self.changes.deferred.get(group).copied().unwrap_or_default();
        if is_left || figures.ignore > deferred || figures.in_place_update > 0 {
            return;
        }
        let known = self.shortage.as_mut().and_then(|it| it.failed_groups.get_mut(&name));
        if let Some(first) = known {
            first.coalesced_failures += 1;
            return;
        }
        let metrics = self.filtered_metrics(placement.group);
        self.shortage.get_or_insert_default().failed_groups.insert(name, metrics);
    }

    /// Takes a node out of what the new deployment waits for: it is none of those that should run the group.
    fn count_no_longer(&mut self, placement: &Placement) {
        let (Some(slot), Some(node)) = (self.deployment, placement.node) else { return };
        let groups = self.changes.deployment.iter().flat_map(|it| &it.groups);
        let mut of_group = groups.filter(|it| it.group == placement.group);
        if !of_group.any(|it| it.counted_nodes.binary_search(&node).is_ok()) {
            return;
        }
        let name = self.known.group_name(placement.group);
        self.transaction.change_deployment(slot, |record| {
            let groups = record.groups.iter_mut().filter(|it| *it.name == *name);
            groups.for_each(|it| it.desired_total = it.desired_total.saturating_sub(1));
        });
    }

    /// Why no node may run a group, which is a failure of it then.
    fn filtered_metrics(&mut self, group: u32) -> AllocationMetrics {
        let mut filtered = self.outcome.filtered.iter();
        let Some(failure) = filtered.find(|it| it.group == group as usize).cloned() else {
            return AllocationMetrics::default();
        };
        let of_group = FailedGroup::new(self.options, self.transaction, failure.clone());
        self.outcome.failed.push(failure);
        of_group.metrics().clone()
    }
}
