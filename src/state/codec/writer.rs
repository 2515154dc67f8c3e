//! The bytes that are being written.

use std::any::Any;
use std::sync::Arc;

use crate::state::fast_map::FastMap;

/// Anything that is shared, with its number.
type Numbered = (Arc<dyn Any + Send + Sync>, u64);

/// Bytes, and what was written that may be written again.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    /// By where they are in memory: the numbers of what is shared.
    pub(super) shared: FastMap<usize, u64>,
    /// The numbers of texts. Equal ones are one, so that what is loaded and saved again is the same bytes,
    /// whoever shared what before.
    pub(super) texts: FastMap<Arc<str>, u64>,
    /// The same for other things that caches share, by their hashes: what the caches of an engine know that was
    /// just loaded is less than what they would know otherwise.
    pub(super) equal: FastMap<u64, Vec<Numbered>>,
}

impl Writer {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Writes a number in as few bytes as it needs, seven bits in each.
    #[inline]
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Writes bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes bytes with their length before them.
    pub(crate) fn blob(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.raw(bytes);
    }

    /// What was written since the last time; what is shared stays known.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}
