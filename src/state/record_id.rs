//! The identity of a record, of which the text is made when it is asked for.

use super::ids;

/// An identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordId {
    /// One that the record came with.
    Text(Box<str>),
    /// One that was made here: of which seed, slot and generation.
    Made(u64, u32, u32),
}

impl RecordId {
    /// A text, or else what was made here.
    pub(super) fn of(kept: Option<&str>, made: (u64, u32, u32)) -> RecordId {
        let (seed, slot, generation) = made;
        kept.map_or(RecordId::Made(seed, slot, generation), |kept| RecordId::Text(kept.into()))
    }

    /// The identity as a text.
    pub(crate) fn text(&self) -> String {
        match self {
            RecordId::Text(text) => (**text).to_owned(),
            RecordId::Made(seed, slot, generation) => ids::encode(*seed, *slot, *generation),
        }
    }
}
