//! Section 3, "Name index": which numbers of a group are held.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Alloc;

#[derive(Debug)]
pub(crate) struct Names {
    job: String,
    group: String,
    count: usize,
    held: BTreeSet<usize>,
    /// How many more allocations than one hold a number.
    surplus: BTreeMap<usize, usize>,
}

impl Names {
    pub(crate) fn new<'a>(
        job: &str,
        group: &str,
        count: usize,
        seed: impl Iterator<Item = &'a Alloc>,
    ) -> Names {
        let mut held = BTreeSet::new();
        let mut surplus = BTreeMap::new();
        for alloc in seed {
            if !held.insert(alloc.index()) {
                *surplus.entry(alloc.index()).or_insert(0) += 1;
            }
        }
        Names { job: job.to_owned(), group: group.to_owned(), count, held, surplus }
    }

    pub(crate) fn name(&self, index: usize) -> String {
        format!("{}.{}[{index}]", self.job, self.group)
    }

    pub(crate) fn free(&mut self, index: usize) {
        self.held.remove(&index);
    }

    /// The lowest free numbers below the count, then numbers from 0 again.
    pub(crate) fn next(&mut self, wanted: usize) -> Vec<String> {
        let free = (0..self.count).filter(|index| !self.held.contains(index));
        let mut taken: Vec<usize> = free.take(wanted).collect();
        let mut overlap = 0;
        while taken.len() < wanted {
            taken.push(overlap);
            overlap += 1;
        }
        self.held.extend(&taken);
        taken.into_iter().map(|index| self.name(index)).collect()
    }

    /// Numbers below the count of allocations to be replaced, then free ones, then from the count on;
    /// never those of other canaries.
    pub(crate) fn canaries(
        &mut self,
        wanted: usize,
        existing: &[&Alloc],
        destructive: &[&Alloc],
    ) -> Vec<String> {
        let used: BTreeSet<usize> = existing.iter().map(|alloc| alloc.index()).collect();
        let old: BTreeSet<usize> =
            destructive.iter().map(|alloc| alloc.index()).filter(|&it| it < self.count).collect();
        let free =
            (0..self.count).filter(|index| !self.held.contains(index) && !old.contains(index));
        let beyond = self.count..self.count + wanted + used.len();
        let candidates: Vec<usize> = old
            .iter()
            .copied()
            .chain(free)
            .chain(beyond)
            .filter(|index| !used.contains(index))
            .take(wanted)
            .collect();
        self.held.extend(&candidates);
        candidates.into_iter().map(|index| self.name(index)).collect()
    }

    /// The name for a replacement: that of the replaced one, but the next free one for the first
    /// replacements where several hold its number.
    pub(crate) fn replacement(&mut self, alloc: &Alloc) -> String {
        match self.surplus.get_mut(&alloc.index()) {
            Some(more) if *more > 0 => {
                *more -= 1;
                self.next(1).remove(0)
            }
            _ => alloc.name.clone(),
        }
    }
}
