//! Identities of what the crate makes: allocations, evaluations and deployments.
//!
//! An identity is a UUID computed from the seed and the record's slot, and the slot is computed
//! back from it: nothing is drawn, stored or looked up. The upper half proves that the lower half is
//! one of ours.

use crate::model::{JobSpec, TaskGroup};
use crate::rng::{hash_bytes, mix64};

const ROUNDS: u64 = 4;

/// Added to the seed for identities of evaluations. Proofs of two seeds differ for every slot, so that
/// what is of one kind never has the identity of what is of another.
pub(crate) const EVALUATIONS: u64 = 0x4576_616c_7561_7469;
/// Added to the seed for identities of deployments.
pub(crate) const DEPLOYMENTS: u64 = 0x4465_706c_6f79_6d65;

/// The identity of the `generation`th record in a slot.
pub(crate) fn encode(seed: u64, slot: u32, generation: u32) -> String {
    let low = lower_half(seed, slot, generation);
    uuid(proof(seed, low), low)
}

/// The beginning of an identity, to be compared without making texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    digits: u128,
    /// The bits that the digits of the prefix stand for.
    mask: u128,
}

impl Prefix {
    /// The beginning of a UUID in small letters; none if no such UUID begins like this.
    pub(crate) fn parse(text: &str) -> Option<Prefix> {
        const LENGTH: usize = 36;
        let (mut digits, mut mask, mut shift) = (0, 0, 128);
        for (at, &byte) in text.as_bytes().iter().enumerate() {
            let is_dash = matches!(at, 8 | 13 | 18 | 23);
            if at >= LENGTH || is_dash != (byte == b'-') {
                return None;
            }
            if is_dash {
                continue;
            }
            let digit = DIGITS[usize::from(byte)];
            if digit == NO_DIGIT {
                return None;
            }
            shift -= 4;
            digits |= u128::from(digit) << shift;
            mask |= 0xf << shift;
        }
        Some(Prefix { digits, mask })
    }

    /// Whether the identity of the `generation`th record in a slot begins like this.
    pub(crate) fn is_of(self, seed: u64, slot: u32, generation: u32) -> bool {
        let low = lower_half(seed, slot, generation);
        let id = u128::from(proof(seed, low)) << 64 | u128::from(low);
        (id ^ self.digits) & self.mask == 0
    }
}

/// The half of an identity that the slot and the generation can be read off.
fn lower_half(seed: u64, slot: u32, generation: u32) -> u64 {
    let mut left = generation;
    let mut right = slot;
    for round in 0..ROUNDS {
        (left, right) = (right, left ^ half(seed, round, right));
    }
    u64::from(left) << 32 | u64::from(right)
}

/// The identity of a failed placement, which has no slot: made of what failed and when.
pub(crate) fn of_failure(seed: u64, modify_index: u64, job: &JobSpec, group: &TaskGroup) -> String {
    let name = format!("{}\0{}\0{}", job.namespace, job.id, group.name);
    let hash = hash_bytes(seed, name.as_bytes());
    // Two steps of one stream, so that the halves have nothing to do with each other.
    let high = mix64(hash ^ mix64(modify_index));
    uuid(high, mix64(high ^ hash))
}

fn uuid(high: u64, low: u64) -> String {
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
    for (place, byte) in PLACES.into_iter().zip(bytes) {
        [text[place], text[place + 1]] = PAIRS[usize::from(byte)];
    }
    // Digits and dashes are a text.
    String::from_utf8(text.to_vec()).unwrap_or_default()
}

/// The two digits of every byte.
const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [b"0123456789abcdef"[byte >> 4], b"0123456789abcdef"[byte & 0xf]];
        byte += 1;
    }
    pairs
};

/// What digits stand for, by byte; [`NO_DIGIT`] for what is none.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};
const NO_DIGIT: u8 = 0xff;

/// The number that a UUID in small letters stands for.
#[rustfmt::skip]
fn value_of(text: &str) -> Option<u128> {
    let &[
        a, b, c, d, e, f, g, h, b'-', i, j, k, l, b'-', m, n, o, p,
        b'-', q, r, s, t, b'-', u, v, w, x, y, z, z1, z2, z3, z4, z5, z6,
    ] = text.as_bytes() else { return None };
    let [first, second] = [[a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]];
    let [third, fourth] = [[q, r, s, t, u, v, w, x], [y, z, z1, z2, z3, z4, z5, z6]];
    let high = u64::from(eight_digits(first)?) << 32 | u64::from(eight_digits(second)?);
    let low = u64::from(eight_digits(third)?) << 32 | u64::from(eight_digits(fourth)?);
    Some(u128::from(high) << 64 | u128::from(low))
}

/// The number that eight digits in small letters stand for. All of them are read at once.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let bytes = u64::from_be_bytes(text);
    // Letters have this bit, decimal digits have not.
    let letters = bytes >> 6 & ONES;
    let values = (bytes & (0x0f * ONES)) + 9 * letters;
    let wrong_column = (bytes & (0xf0 * ONES)) ^ (0x30 * ONES + 0x30 * letters);
    // What is ten or more must be a letter, and nothing is sixteen or more.
    let is_letter = (values + 6 * ONES) >> 4 & ONES;
    let wrong_value = (is_letter ^ letters) | (values & (0xf0 * ONES));
    if wrong_column | wrong_value != 0 {
        return None;
    }
    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    Some((fours | fours >> 16) as u32)
}

/// The slot and the generation of an identity, if it is one of ours.
pub(crate) fn decode(seed: u64, id: &str) -> Option<(u32, u32)> {
    let value = value_of(id)?;
    let (high, low) = ((value >> 64) as u64, value as u64);
    if high != proof(seed, low) {
        return None;
    }
    let (mut left, mut right) = ((low >> 32) as u32, low as u32);
    for round in (0..ROUNDS).rev() {
        (left, right) = (right ^ half(seed, round, left), left);
    }
    Some((right, left))
}

/// The round function of a Feistel network, which makes the whole invertible.
fn half(seed: u64, round: u64, value: u32) -> u32 {
    (mix64(mix64(seed ^ round) ^ u64::from(value)) >> 32) as u32
}

fn proof(seed: u64, low: u64) -> u64 {
    mix64(mix64(seed.wrapping_add(0x5741_4c50_4f57_5453)) ^ mix64(low))
}

#[cfg(test)]
mod tests {
    use super::{DEPLOYMENTS, DIGITS, EVALUATIONS, Prefix, decode, eight_digits, encode};

    #[test]
    fn an_identity_leads_back_to_its_slot() {
        for seed in [0, 1, u64::MAX] {
            for slot in [0, 1, 77, 1_000_000, u32::MAX - 1] {
                for generation in [0, 1, u32::MAX] {
                    let id = encode(seed, slot, generation);
                    assert_eq!(id.len(), 36);
                    assert_eq!(decode(seed, &id), Some((slot, generation)));
                    for other in [5, EVALUATIONS, DEPLOYMENTS, EVALUATIONS ^ DEPLOYMENTS] {
                        assert_eq!(decode(seed ^ other, &id), None);
                    }
                }
            }
        }
    }

    #[test]
    fn every_beginning_of_an_identity_is_one() {
        let (slot, other) = (77, 78);
        let id = encode(7, slot, 3);
        for length in 0..=id.len() {
            let prefix = Prefix::parse(&id[..length]).unwrap();
            assert!(prefix.is_of(7, slot, 3), "{length}");
            let is_others = encode(7, other, 3).starts_with(&id[..length]);
            assert_eq!(prefix.is_of(7, other, 3), is_others, "{length}");
        }
        for none in [format!("{id}0"), id.to_uppercase(), id.replace('-', ""), "web".into()] {
            assert_eq!(Prefix::parse(&none), None, "{none}");
        }
    }

    #[test]
    fn eight_digits_are_read_as_one_by_one() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut text = *b"09afb1c8";
                text[place] = byte;
                let one_by_one = text.iter().try_fold(0, |number: u32, &byte| {
                    let digit = Some(u32::from(DIGITS[usize::from(byte)]));
                    digit.filter(|digit| *digit < 16).map(|digit| number << 4 | digit)
                });
                assert_eq!(eight_digits(text), one_by_one, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn other_texts_are_not_ours() {
        let id = encode(7, 3, 0);
        assert_eq!(decode(7, &id.to_uppercase().replace('A', "B")), None);
        for text in ["", "web", "00000000-0000-0000-0000-000000000000", &id[1..]] {
            assert_eq!(decode(7, text), None, "{text}");
        }
    }
}
