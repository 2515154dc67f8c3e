//! Keys: what two things must have in common to be alike, as bytes.
//!
//! Parts of a key carry their lengths and lists their counts, so that no two different lists of parts
//! make the same key.

/// A key that is being written; its memory is used again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyWriter(Vec<u8>);

impl KeyWriter {
    /// An empty key with room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> KeyWriter {
        KeyWriter(Vec::with_capacity(bytes))
    }

    /// Begins another key.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The key written so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes a number.
    #[inline]
    pub(crate) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Writes a text with its length before it.
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }
}
