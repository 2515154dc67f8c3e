//! How many allocations each of many values has, where few values have any.

/// Counts by number. Forgetting all of them costs as much as counting them did, however many values
/// there are.
#[derive(Debug, Default)]
pub(crate) struct ValueCounts {
    counts: Vec<u32>,
    /// The values that have any, in the order in which they came to it.
    used: Vec<u32>,
}

impl ValueCounts {
    /// Makes ready for values below `values`, none of which has anything.
    pub(crate) fn begin(&mut self, values: usize) {
        for value in self.used.drain(..) {
            self.counts[value as usize] = 0;
        }
        if self.counts.len() < values {
            self.counts.resize(values, 0);
        }
    }

    /// How many a value has.
    pub(crate) fn get(&self, value: u32) -> u32 {
        self.counts.get(value as usize).copied().unwrap_or(0)
    }

    /// Counts one more and gives how many there are then.
    pub(crate) fn add(&mut self, value: u32) -> u32 {
        let count = &mut self.counts[value as usize];
        if *count == 0 {
            self.used.push(value);
        }
        *count += 1;
        *count
    }

    /// Counts one more of each of these values.
    pub(crate) fn add_all(&mut self, values: impl Iterator<Item = u32>) {
        let counts = &mut self.counts[..];
        for value in values {
            let count = &mut counts[value as usize];
            if *count == 0 {
                self.used.push(value);
            }
            *count += 1;
        }
    }

    /// The values that have any.
    pub(crate) fn used(&self) -> &[u32] {
        &self.used
    }

    /// The counts of the values below `values`.
    pub(crate) fn first(&self, values: usize) -> &[u32] {
        &self.counts[..values]
    }
}

#[cfg(test)]
mod tests {
    use super::ValueCounts;

    #[test]
    fn nothing_is_left_for_the_next() {
        let mut counts = ValueCounts::default();
        counts.begin(4);
        assert_eq!((counts.add(3), counts.add(1), counts.add(3)), (1, 1, 2));
        assert_eq!((counts.get(3), counts.get(9), counts.used()), (2, 0, &[3, 1][..]));
        counts.begin(2);
        assert_eq!(counts.first(2), [0, 0]);
        assert_eq!((counts.get(3), counts.used().len()), (0, 0));
    }
}
