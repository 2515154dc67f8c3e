//! Lists whose memory is used again.

/// Longer lists than this are let go rather than kept.
const MOST_KEPT: usize = 4096;

/// A list to keep for later: emptied, and let go if it grew long.
pub(crate) fn emptied<T>(mut list: Vec<T>) -> Vec<T> {
    empty(&mut list);
    list
}

/// The same for a list that stays where it is.
pub(crate) fn empty<T>(list: &mut Vec<T>) {
    match list.capacity() > MOST_KEPT {
        true => *list = Vec::new(),
        false => list.clear(),
    }
}
