//! Whether masks and columns that were kept up to date say what new ones would.

use super::column::Column;
use super::mask::Mask;
use crate::model::metrics::AllocationMetrics;
use crate::state::State;
use crate::state::check::Report;
use crate::state::tally::Tally;

impl Mask {
    /// Compares every verdict and every count with a new mask's.
    pub(crate) fn check(&self, state: &State, report: &mut Report) {
        let fresh = self.rebuilt(state);
        let place = |what: &str| format!("a mask of job `{}`, {what}", self.job().id);
        for (slot, node) in state.nodes() {
            let place = || place(&format!("node `{}`", node.node.id));
            report.same(place, "the verdict", fresh.verdict_text(slot), self.verdict_text(slot));
        }
        let counts = || place("all nodes");
        report.same(counts, "the counts", counts_of(&fresh), counts_of(self));
        let same = fresh.passing().same(self.passing());
        report.same(counts, "whether the classes that pass are counted right", true, same);
    }
}

/// What a mask counts, in an order that does not depend on how it came about.
fn counts_of(mask: &Mask) -> AllocationMetrics {
    Tally { base: mask.tally().clone(), ..Tally::default() }.metrics("")
}

impl Column {
    /// Compares every value with a new column's.
    pub(crate) fn check(&self, state: &State, report: &mut Report) {
        let fresh = Column::new(state, self.target().clone());
        for (slot, node) in state.nodes() {
            let place = || format!("the column of {:?}, node `{}`", self.target(), node.node.id);
            let (expected, found) = (fresh.symbol(slot), self.symbol(slot));
            report.same(place, "the value", fresh.value(expected), self.value(found));
        }
    }
}
