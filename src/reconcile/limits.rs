//! How many allocations may be replaced at once (docs/lifecycle.md, section 3, *Limit*).

use super::canaries::Canaries;
use super::group::Group;
use super::view::Facts;

impl<F: Facts> Group<'_, '_, F> {
    /// How many outdated allocations may be replaced in this pass.
    pub(super) fn limit(&self, canaries: &Canaries) -> usize {
        if canaries.are_waiting || self.deployments.is_held() {
            return 0;
        }
        let Some(update) = self.deployed() else { return self.rules.count as usize };
        let parallel = update.max_parallel as usize;
        let Some(current) = self.deployments.current else { return parallel };
        let mut unsettled = 0;
        for at in &self.sets.untainted {
            let allocation = self.allocation(*at);
            if allocation.deployment != current.handle {
                continue;
            }
            match allocation.healthy {
                Some(false) => return 0,
                Some(true) => {}
                None => unsettled += 1,
            }
        }
        parallel.saturating_sub(unsettled)
    }
}
