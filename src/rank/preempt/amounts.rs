//! Victims for CPU, memory and disk (docs/placement.md, section 6.2).

use super::{Cleared, Holder};
use crate::fit::ask::Ask;
use crate::fit::{amounts, cores};
use crate::state::slots::AllocationSlot;
use crate::state::usage::Amounts;

/// The victims that make room for an ask's amounts, as few and as low as this method finds: group by
/// group of equal priority, lowest first, always the one whose amounts are nearest to what is still
/// needed, and at the end without those that turned out not to be needed.
pub(super) fn victims(cleared: &Cleared<'_>, ask: &Ask) -> Option<Vec<AllocationSlot>> {
    let ask = cores::amounts_with_cores(cleared.node, &cleared.taken, ask);
    let mut room = Room { free: cleared.free, allocations: cleared.free_allocations };
    let mut needed = ask;
    let mut chosen: Vec<&Holder<'_>> = Vec::new();
    let eligible = cleared.eligible();
    for group in eligible.chunk_by(|a, b| a.priority == b.priority) {
        let mut left: Vec<&Holder<'_>> = group.to_vec();
        while let Some(at) = nearest(&left, needed) {
            let victim = left.swap_remove(at);
            room.add(victim);
            needed = needed.minus(victim.amounts);
            chosen.push(victim);
            if room.covers(ask) {
                return Some(without_superfluous(cleared, ask, chosen));
            }
        }
    }
    None
}

/// What is free once victims are gone.
struct Room {
    free: Amounts,
    allocations: i64,
}

impl Room {
    fn add(&mut self, victim: &Holder<'_>) {
        self.free = self.free.plus(victim.amounts);
        self.allocations = self.allocations.saturating_add(1);
    }

    fn covers(&self, ask: Amounts) -> bool {
        self.allocations >= 1 && amounts::fits(self.free, ask).is_ok()
    }
}

/// Where the candidate is whose amounts are nearest to what is needed; of equals the one with the
/// lowest identity.
fn nearest(candidates: &[&Holder<'_>], needed: Amounts) -> Option<usize> {
    let distance = |it: &Holder<'_>| distance(needed, it.amounts) + it.penalty;
    (0..candidates.len()).min_by(|&a, &b| {
        let (a, b) = (candidates[a], candidates[b]);
        distance(a).total_cmp(&distance(b)).then_with(|| a.id.cmp(&b.id))
    })
}

/// Drops victims that are not needed: the ones furthest from the ask are kept first, since they give
/// the most beyond it.
fn without_superfluous(
    cleared: &Cleared<'_>,
    ask: Amounts,
    mut chosen: Vec<&Holder<'_>>,
) -> Vec<AllocationSlot> {
    chosen.sort_by(|a, b| {
        let distances = distance(ask, b.amounts).total_cmp(&distance(ask, a.amounts));
        distances.then_with(|| a.id.cmp(&b.id))
    });
    let mut room = Room { free: cleared.free, allocations: cleared.free_allocations };
    let mut kept = Vec::new();
    for victim in chosen {
        room.add(victim);
        kept.push(victim.slot);
        if room.covers(ask) {
            break;
        }
    }
    kept
}

/// How far a victim's amounts are from what is needed, in shares of it.
fn distance(needed: Amounts, victim: Amounts) -> f64 {
    let part = |needed: i64, victim: i64| {
        if needed <= 0 { 0.0 } else { (needed - victim) as f64 / needed as f64 }
    };
    let memory = part(needed.memory_mb, victim.memory_mb);
    let cpu = part(needed.cpu_mhz, victim.cpu_mhz);
    let disk = part(needed.disk_mb, victim.disk_mb);
    (memory * memory + cpu * cpu + disk * disk).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{Amounts, distance};

    #[test]
    fn row_56_distances() {
        let of = |[cpu_mhz, memory_mb, disk_mb]: [i64; 3]| Amounts { cpu_mhz, memory_mb, disk_mb };
        let ask = [2048, 512, 4096];
        let victims = [ask, [1024, 400, 1024], [8192, 200, 1024], [2048, 500, 4096]];
        for (victim, expected) in victims.into_iter().zip([0.0, 0.928, 3.152, 0.023]) {
            assert!((distance(of(ask), of(victim)) - expected).abs() < 5e-4);
        }
    }
}
