//! Choices read from the bytes of a fuzzer. When they run out, every choice is the first one.

/// What is left of the bytes.
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// Choices read from these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Bytes(bytes)
    }

    /// Whether no bytes are left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte, or 0.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `n`, which is at most 256.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    /// Yes for one byte in `n`, and never where there are no bytes.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// One of some things.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A text that ends at a zero byte, or after `most` bytes.
    pub fn text(&mut self, most: usize) -> String {
        let left = &self.0[..self.0.len().min(most)];
        let end = left.iter().position(|byte| *byte == 0).unwrap_or(left.len());
        let text = String::from_utf8_lossy(&left[..end]).into_owned();
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        text
    }
}
