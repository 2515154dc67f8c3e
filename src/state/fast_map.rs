//! Insertion-ordered maps with a fixed, quick hash, for keys that are made of our own numbers.

use std::hash::{BuildHasherDefault, Hasher};

use indexmap::{IndexMap, IndexSet};

/// A map by numbers of our own.
pub(crate) type FastMap<K, V> = IndexMap<K, V, BuildHasherDefault<FastHasher>>;
/// A set of numbers of our own.
pub(crate) type FastSet<K> = IndexSet<K, BuildHasherDefault<FastHasher>>;

/// Multiplies and folds each number in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FastHasher(u64);

/// Keeps zeros from hashing to zero.
const SEED: u64 = 0x243f_6a88_85a3_08d3;
/// 2^64 divided by the golden ratio.
const MULTIPLIER: u128 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks::<8>();
        whole.iter().for_each(|chunk| self.write_u64(u64::from_le_bytes(*chunk)));
        if !rest.is_empty() {
            let mut number = [0; 8];
            number[..rest.len()].copy_from_slice(rest);
            self.write_u64(u64::from_le_bytes(number));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number ^ SEED) * MULTIPLIER;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number as u64);
    }
}
