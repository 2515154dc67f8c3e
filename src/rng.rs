//! The seeded stream behind every free choice, and the hashes behind every fixed but arbitrary order.
//!
//! In: a seed and keys. Out: numbers that are the same on every platform and in every version of this
//! crate: the generator is PCG's XSL-RR 128/64, whose output its authors have fixed, and what is drawn
//! from it is drawn by code of our own. The tests hold numbers computed by another program. Nothing
//! here is for secrets. Imports nothing of the crate.

use rand::Rng as _;
use rand_pcg::Lcg128Xsl64;

/// The stream that PCG's authors chose as their default. It is the same for all seeds, because streams
/// of one state are alike; seeds and keys differ in their state instead.
const STREAM: u128 = 0x0a02_bdbf_7bb3_c0a7_ac28_fa16_a64a_bf96;

/// What is added before each mixing, 2^64 divided by the golden ratio, so that zeros are mixed too.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A seeded stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    generator: Lcg128Xsl64,
}

impl Rng {
    /// The stream of a seed and a key, independent of those of all other seeds and keys: what is drawn
    /// for one purpose never shifts what is drawn for another.
    #[cfg(test)]
    pub(crate) fn for_key(seed: u64, key: &[u64]) -> Self {
        KeyPrefix::new(seed, key.len(), key).stream()
    }

    /// The next number, any `u64` being as likely as any other.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A number below `n`, each as likely as any other; 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        // The upper half of a random number times n is below n. Each value comes from either the floor
        // or the ceiling of 2^64 / n of the random numbers; leaving out those whose lower half is
        // below 2^64 mod n leaves the floor for all (Lemire, 2019).
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            let low = product as u64;
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }
}

/// A seed and the beginning of a key, for streams whose keys differ in their last part only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyPrefix {
    high: u64,
    low: u64,
}

impl KeyPrefix {
    /// The first parts of a key that will have so many.
    pub(crate) fn new(seed: u64, length: usize, parts: &[u64]) -> KeyPrefix {
        let half = |start| parts.iter().fold(absorb(start, length as u64), |h, &k| absorb(h, k));
        KeyPrefix { high: half(!seed), low: half(seed) }
    }

    /// The stream of the key that ends in one more part.
    pub(crate) fn stream_of(self, last: u64) -> Rng {
        KeyPrefix { high: absorb(self.high, last), low: absorb(self.low, last) }.stream()
    }

    fn stream(self) -> Rng {
        let state = u128::from(self.high) << 64 | u128::from(self.low);
        Rng { generator: Lcg128Xsl64::new(state, STREAM) }
    }
}

/// Mixes 64 bits so that each of the input changes about half of the output. One-to-one; 0 stays 0.
/// (The finishing steps of Steele, Lea and Flood's SplitMix, with Stafford's constants.)
#[inline]
pub(crate) fn mix64(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// A hash of a text: for ranks of nodes, which break ties, and for tables.
///
/// The length and then each 8 bytes (little endian, the last ones filled up with zeros) are mixed into
/// the seed, so texts of one length of up to 8 bytes never collide. Hostile texts may, like in every
/// hash whose seed is known: do not let correctness depend on it.
pub(crate) fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = absorb(seed, bytes.len() as u64);
    let hash = words.iter().fold(hash, |hash, word| absorb(hash, u64::from_le_bytes(*word)));
    if rest.is_empty() {
        return hash;
    }
    absorb(hash, rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)))
}

/// One step of hashing.
fn absorb(hash: u64, word: u64) -> u64 {
    mix64((hash ^ word).wrapping_add(GOLDEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first4(mut rng: Rng) -> [u64; 4] {
        std::array::from_fn(|_| rng.next_u64())
    }

    #[test]
    fn a_prefix_and_a_last_part_are_the_key() {
        let whole = Rng::for_key(7, &[1, 2, 3]);
        assert_eq!(first4(KeyPrefix::new(7, 3, &[1, 2]).stream_of(3)), first4(whole));
    }

    #[test]
    fn known_streams() {
        assert_eq!(
            first4(Rng::for_key(0, &[])),
            [
                0x3b1f_610d_5143_129c,
                0x5427_91c1_d34f_96b3,
                0xc8cc_eb8e_72a4_5c21,
                0x4981_edcd_6dea_8fca
            ]
        );
        assert_eq!(
            first4(Rng::for_key(1, &[])),
            [
                0x6942_72f6_8eaf_259b,
                0xfd51_9cd4_26d7_500b,
                0x58bb_40e0_4bbd_3685,
                0x637b_6497_3773_8507
            ]
        );
        assert_eq!(
            first4(Rng::for_key(0, &[1])),
            [
                0x9df5_f36b_62ea_c048,
                0xccea_4429_289c_c9fb,
                0x4687_c1b4_bbb1_3201,
                0xec91_2175_053e_c1d1
            ]
        );
        assert_eq!(
            first4(Rng::for_key(0, &[1, 2])),
            [
                0xfb94_1315_5e0a_7c80,
                0x0b24_f3b7_be3f_f41e,
                0x1e84_a8ed_cb08_5360,
                0x67b7_a19f_9392_9ced
            ]
        );
        assert_eq!(
            first4(Rng::for_key(0, &[2, 1])),
            [
                0x9446_6847_90de_263d,
                0xf7d7_c847_a653_6640,
                0x676e_3268_4db1_d3f4,
                0x377a_5ff0_e46d_986e
            ]
        );
        assert_eq!(
            first4(Rng::for_key(0, &[1, 0])),
            [
                0xe711_5282_5383_6c28,
                0x9d7d_a8a8_8907_4349,
                0xc3b5_e91a_4714_681b,
                0x8c9c_5c5b_663a_c14d
            ]
        );
    }

    #[test]
    fn known_draws() {
        let mut rng = Rng::for_key(42, &[]);
        let bounds = [0, 1, 2, 3, 10, 1_000, 1_000_000, (1 << 63) + 1, u64::MAX];
        let drawn = bounds.map(|n| rng.below(n));
        assert_eq!(drawn, [0, 0, 1, 0, 4, 443, 438607, 3815075798130388970, 5797352275598752554]);
    }

    #[test]
    fn known_hashes() {
        assert_eq!(mix64(0), 0);
        assert_eq!(mix64(1), 0x5692_161d_100b_05e5);
        assert_eq!(mix64(2), 0xdbd2_3897_3a2b_148a);
        assert_eq!(mix64(u64::MAX), 0xb4d0_55fc_f2cb_bd7b);
        assert_eq!(hash_bytes(0, b""), 0xe220_a839_7b1d_cdaf);
        assert_eq!(hash_bytes(1, b""), 0x910a_2dec_8902_5cc1);
        assert_eq!(hash_bytes(0, b"a"), 0x5e02_5f9a_de9e_af3e);
        assert_eq!(hash_bytes(0, b"a\0"), 0xede5_3420_98bc_f0d6);
        assert_eq!(hash_bytes(0, b"node-000"), 0x2c18_70d5_e680_579e);
        assert_eq!(hash_bytes(0, b"node-0001"), 0x81d8_0791_4b50_81c3);
        let id = b"f7476465-4d6e-c0de-26d0-e383c49be941";
        assert_eq!(hash_bytes(7, id), 0x377d_eaaa_4451_cddd);
    }

    #[test]
    fn draws_are_in_bounds_and_even() {
        let mut rng = Rng::for_key(1, &[]);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7) as usize] += 1;
        }
        // Five standard deviations of a fair count.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 470), "{counts:?}");
        let huge = (1 << 63) + 1;
        assert!((0..1_000).all(|_| rng.below(huge) < huge));
        assert!((0..100).all(|_| rng.below(1) == 0));
    }

    #[test]
    fn every_bit_of_a_text_changes_half_of_its_hash() {
        let text = *b"node-0000-of-the-rack";
        let hash = hash_bytes(0, &text);
        let mut flipped = 0;
        for bit in 0..text.len() * 8 {
            let mut changed = text;
            changed[bit / 8] ^= 1 << (bit % 8);
            let bits = (hash ^ hash_bytes(0, &changed)).count_ones();
            assert!((12..=52).contains(&bits), "bit {bit} changes {bits}");
            flipped += bits;
        }
        let mean = f64::from(flipped) / (text.len() * 8) as f64;
        assert!((31.0..33.0).contains(&mean), "{mean}");
    }
}
