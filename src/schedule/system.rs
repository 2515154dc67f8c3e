//! The placements of system and sysbatch jobs, each on its own node (docs/lifecycle.md, section 4,
//! *Placement failure*).

use super::attempt::Attempt;
use super::search::{Found, Search};
use crate::model::AllocationMetrics;
use crate::reconcile::changes::{Placement, PlacementKind};

impl Attempt<'_> {
    /// Finds room on the nodes, and counts what is left.
    pub(super) fn place_on_nodes(&mut self, mut search: Search<'_>) {
        let fresh = std::mem::take(&mut self.changes.placements);
        let destructive = std::mem::take(&mut self.changes.destructive);
        for placement in fresh.iter().chain(&destructive) {
            self.queue(placement, 1);
        }
        for (group, held) in std::mem::take(&mut self.changes.held_back).into_iter().enumerate() {
            if held > 0 {
                *self.queued.entry(self.documents.groups[group].to_owned()).or_insert(0) +=
                    i64::from(held);
            }
        }
        let mut placed = Vec::new();
        let replaces = destructive.into_iter().map(|placement| (placement, true));
        for (placement, is_destructive) in
            fresh.into_iter().map(|placement| (placement, false)).chain(replaces)
        {
            match search.find(&placement) {
                Found::Placed(allocation) => {
                    if is_destructive {
                        self.stop_for(&placement);
                    }
                    placed.push((placement, *allocation));
                }
                Found::Filtered => {
                    // What is filtered is not wanted there any more, but what ran there ends.
                    if is_destructive {
                        self.stop_for(&placement);
                    }
                    self.filtered(&mut search, &placement);
                }
                Found::Exhausted => {
                    let node = placement.node.and_then(|at| self.documents.nodes.get(at as usize));
                    let id = node.map_or(String::new(), |node| node.id.clone());
                    if !self.exhausted_nodes.contains(&id) {
                        self.exhausted_nodes.push(id);
                    }
                }
            }
        }
        for (placement, allocation) in placed {
            self.keep(&search, placement, allocation);
        }
        (self.failures, self.records) = (search.failures, search.records);
        self.after = Some(search.trial);
    }

    /// A node may not run a group: it is none of the nodes that should, and a failure only where none
    /// is.
    fn filtered(&mut self, search: &mut Search<'_>, placement: &Placement) {
        self.queue(placement, -1);
        let group = self.documents.groups[placement.group as usize];
        let figures = &mut self.changes.figures[placement.group as usize];
        if placement.kind != PlacementKind::Destructive {
            figures.place = figures.place.saturating_sub(1);
        }
        let figures = *figures;
        let is_left = self.queued.get(group).is_some_and(|queued| *queued > 0);
        if !is_left && figures.ignore == 0 && figures.in_place_update == 0 {
            search.fail(group, AllocationMetrics::default());
        }
    }
}
