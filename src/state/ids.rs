//! Identities of the allocations that the crate makes.
//!
//! An identity is a UUID computed from the seed and the allocation's slot, and the slot is computed
//! back from it: nothing is drawn, stored or looked up. The upper half proves that the lower half is
//! one of ours.

use super::slots::AllocationSlot;
use crate::model::{Job, TaskGroup};
use crate::rng::{hash_bytes, mix64};

const ROUNDS: u64 = 4;

/// The identity of the `generation`th allocation in a slot.
pub(crate) fn encode(seed: u64, slot: AllocationSlot, generation: u32) -> String {
    let mut left = generation;
    let mut right = slot.0;
    for round in 0..ROUNDS {
        (left, right) = (right, left ^ half(seed, round, right));
    }
    let low = u64::from(left) << 32 | u64::from(right);
    uuid(proof(seed, low), low)
}

/// The identity of a failed placement, which has no slot: made of what failed and when.
pub(crate) fn of_failure(seed: u64, modify_index: u64, job: &Job, group: &TaskGroup) -> String {
    let name = format!("{}\0{}\0{}", job.namespace, job.id, group.name);
    let hash = hash_bytes(seed, name.as_bytes());
    uuid(mix64(hash ^ modify_index), mix64(hash.wrapping_add(modify_index)))
}

/// Before which digits a UUID has a dash.
const DASHES: [usize; 4] = [8, 12, 16, 20];

fn uuid(high: u64, low: u64) -> String {
    let value = u128::from(high) << 64 | u128::from(low);
    let mut text = String::with_capacity(36);
    for digit in 0..32 {
        if DASHES.contains(&digit) {
            text.push('-');
        }
        let nibble = (value >> (124 - 4 * digit) & 0xf) as u8;
        text.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
    }
    text
}

/// The number that a UUID in small letters stands for.
fn value_of(text: &str) -> Option<u128> {
    let mut bytes = text.bytes();
    let mut value = 0;
    for digit in 0..32 {
        if DASHES.contains(&digit) && bytes.next() != Some(b'-') {
            return None;
        }
        let nibble = match bytes.next()? {
            byte @ b'0'..=b'9' => byte - b'0',
            byte @ b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u128::from(nibble);
    }
    bytes.next().is_none().then_some(value)
}

/// The slot and the generation of an identity, if it is one of ours.
pub(crate) fn decode(seed: u64, id: &str) -> Option<(AllocationSlot, u32)> {
    let value = value_of(id)?;
    let (high, low) = ((value >> 64) as u64, value as u64);
    if high != proof(seed, low) {
        return None;
    }
    let (mut left, mut right) = ((low >> 32) as u32, low as u32);
    for round in (0..ROUNDS).rev() {
        (left, right) = (right ^ half(seed, round, left), left);
    }
    Some((AllocationSlot(right), left))
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
    use super::{AllocationSlot, decode, encode};

    #[test]
    fn an_identity_leads_back_to_its_slot() {
        for seed in [0, 1, u64::MAX] {
            for slot in [0, 1, 77, 1_000_000, u32::MAX - 1] {
                for generation in [0, 1, u32::MAX] {
                    let id = encode(seed, AllocationSlot(slot), generation);
                    assert_eq!(id.len(), 36);
                    assert_eq!(decode(seed, &id), Some((AllocationSlot(slot), generation)));
                    assert_eq!(decode(seed ^ 5, &id), None);
                }
            }
        }
    }

    #[test]
    fn other_texts_are_not_ours() {
        let id = encode(7, AllocationSlot(3), 0);
        assert_eq!(decode(7, &id.to_uppercase().replace('A', "B")), None);
        for text in ["", "web", "00000000-0000-0000-0000-000000000000", &id[1..]] {
            assert_eq!(decode(7, text), None, "{text}");
        }
    }
}
