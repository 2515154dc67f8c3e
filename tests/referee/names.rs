//! Section 3, "Name index": which numbers of a group are held.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Alloc;

#[derive(Debug)]
pub(crate) struct Names {
    job: String,
    group: String,
    count: usize,
    held: BTreeMap<usize, usize>,
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
        let mut held = BTreeMap::new();
        for alloc in seed {
            *held.entry(alloc.index()).or_insert(0) += 1;
        }
        let surplus = held.iter().map(|(index, holders)| (*index, holders - 1)).collect();
        Names { job: job.to_owned(), group: group.to_owned(), count, held, surplus }
    }

    pub(crate) fn name(&self, index: usize) -> String {
        format!("{}.{}[{index}]", self.job, self.group)
    }

    pub(crate) fn free(&mut self, index: usize) {
        let holders = self.held.entry(index).or_insert(0);
        *holders = holders.saturating_sub(1);
    }

    fn is_held(&self, index: usize) -> bool {
        self.held.get(&index).is_some_and(|holders| *holders > 0)
    }

    fn hold(&mut self, indexes: &[usize]) {
        for index in indexes {
            *self.held.entry(*index).or_insert(0) += 1;
        }
    }

    /// The lowest free numbers below the count, then numbers from 0 again.
    pub(crate) fn next(&mut self, wanted: usize) -> Vec<String> {
        let free = (0..self.count).filter(|index| !self.is_held(*index));
        let mut taken: Vec<usize> = free.take(wanted).collect();
        let mut overlap = 0;
        while taken.len() < wanted {
            taken.push(overlap);
            overlap += 1;
        }
        self.hold(&taken);
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
        let free = (0..self.count).filter(|index| !self.is_held(*index) && !old.contains(index));
        let beyond = self.count..self.count + wanted + used.len();
        let candidates: Vec<usize> = old
            .iter()
            .copied()
            .chain(free)
            .chain(beyond)
            .filter(|index| !used.contains(index))
            .take(wanted)
            .collect();
        self.hold(&candidates);
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
