//! Which numbers of a group's names are taken, and which come next (docs/lifecycle.md, section 3,
//! *Name index*).

/// The numbers of a group's names. Which are taken is kept as a sorted list, so that its size is that
/// of what is there, not that of the count.
#[derive(Clone, Debug)]
pub(crate) struct NameIndex {
    count: u32,
    /// Ascending, each as often as it is held.
    held: Vec<u32>,
    /// The same before anything surplus was stopped, where something was.
    seed: Option<Vec<u32>>,
    /// Every number below this was free and given out, or is held.
    cursor: u32,
    /// The place in `held` of the first number that is not below the cursor.
    position: usize,
    /// The next number that is given out a second time.
    overlap: u32,
}

impl NameIndex {
    /// An index of `count` names of which some are held, in any order, some perhaps more than once.
    pub(crate) fn new(count: u32, mut held: Vec<u32>) -> NameIndex {
        // They come in a few stretches that are in order, which this sort finds.
        held.sort();
        NameIndex { count, held, seed: None, cursor: 0, position: 0, overlap: 0 }
    }

    /// The same where more names, in any order, were held before.
    pub(crate) fn seeded(self, mut seed: Vec<u32>) -> NameIndex {
        seed.sort();
        NameIndex { seed: Some(seed), ..self }
    }

    /// The lowest number below the count that is free, and is taken with this.
    pub(crate) fn take_free(&mut self) -> Option<u32> {
        while self.cursor < self.count {
            let candidate = self.cursor;
            self.cursor += 1;
            let mut is_held = false;
            while let Some(held) = self.held.get(self.position).filter(|it| **it <= candidate) {
                is_held |= *held == candidate;
                self.position += 1;
            }
            if !is_held {
                return Some(candidate);
            }
        }
        None
    }

    /// The next number: the lowest that is free, or else those from 0 once more.
    pub(crate) fn take_next(&mut self) -> u32 {
        self.take_free().unwrap_or_else(|| {
            let next = if self.overlap < self.count { self.overlap } else { 0 };
            self.overlap = next + 1;
            next
        })
    }

    /// The next number for one that is asked for alone: the lowest that is free, or else 0.
    pub(crate) fn take_one(&mut self) -> u32 {
        self.take_free().unwrap_or(0)
    }

    /// How many held a number from the beginning.
    pub(crate) fn holders(&self, number: u32) -> usize {
        let seed = self.seed.as_ref().unwrap_or(&self.held);
        let from = seed.partition_point(|it| *it < number);
        let to = seed.partition_point(|it| *it <= number);
        to - from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_free_first_then_over_again() {
        let mut names = NameIndex::new(5, vec![3, 0, 0, 7]);
        let given: Vec<u32> = (0..6).map(|_| names.take_next()).collect();
        assert_eq!(given, [1, 2, 4, 0, 1, 2]);
        assert_eq!((names.holders(0), names.holders(1), names.holders(7)), (2, 0, 1));
    }

    #[test]
    fn no_memory_for_a_huge_count() {
        let mut names = NameIndex::new(u32::MAX, vec![0; 100_000]);
        assert_eq!(names.take_free(), Some(1));
        assert_eq!(names.holders(0), 100_000);
    }
}
