//! A small seeded stream: what is drawn depends on the seed and on nothing else, and does not change when
//! the crate's own stream does.

/// A seeded stream (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The stream of a seed for one purpose, so that what is drawn for one does not shift what is drawn
    /// for another.
    pub fn new(seed: u64, purpose: u64) -> Random {
        Random { state: seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    /// The stream that goes on from a state.
    pub fn from_state(state: u64) -> Random {
        Random { state }
    }

    /// The stream of one of several things, so that taking one away changes none of the others.
    pub fn clone_for(&mut self, at: usize) -> Random {
        Random::new(self.clone().next(), at as u64 + 1)
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "a stream that never ends is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// A number below `n`, or 0 if there is none.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }

    /// A number from `first` to `last`.
    pub fn range(&mut self, first: i64, last: i64) -> i64 {
        first + self.below((last - first + 1).max(1) as usize) as i64
    }

    /// True in so many of 100 cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of some things.
    pub fn pick<T: Clone>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())].clone()
    }

    /// Puts things in another order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for i in (1..things.len()).rev() {
            things.swap(i, self.below(i + 1));
        }
    }
}
