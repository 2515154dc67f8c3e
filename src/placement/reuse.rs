//! Lists whose memory is used again.

/// Longer lists than this are let go rather than kept.
const MOST_KEPT: usize = 4096;

/// A list to keep for later: emptied, and let go if it grew long.
pub(crate) fn emptied<T>(mut list: Vec<T>) -> Vec<T> {
    if list.capacity() > MOST_KEPT {
        return Vec::new();
    }
    list.clear();
    list
}
