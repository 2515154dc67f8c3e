//! Why bytes are not a saved state.

use thiserror::Error;

/// Why bytes are no saved state that can be gone on from, from [`Engine::load`](crate::engine::Engine::load).
///
/// ```
/// use stowplan::engine::{Engine, LoadError};
///
/// let error = Engine::load(b"{\"now\": 5}").err();
/// assert_eq!(error, Some(LoadError::Foreign));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// It does not begin as a saved state does.
    #[error("this is not a saved state of stowplan: give the file that was saved")]
    Foreign,
    /// A later version of this crate wrote it.
    #[error(
        "the saved state is of format {found}, and this version reads formats up to {known}: read it \
         with the version that wrote it, or a later one"
    )]
    Newer {
        /// Its format.
        found: u32,
        /// The latest format that is read.
        known: u32,
    },
    /// It ends too early.
    #[error(
        "the saved state ends at byte {at}, within {part}: it was not written or copied whole; take \
         an earlier one, and the commands since"
    )]
    Torn {
        /// How long it is.
        at: u64,
        /// Of what it has not all.
        part: &'static str,
    },
    /// Bytes are not what was written.
    #[error(
        "the saved state is damaged in {part}, at byte {at}: take another copy, or an earlier one and \
         the commands since"
    )]
    Damaged {
        /// Where the damaged part begins.
        at: u64,
        /// What is damaged.
        part: &'static str,
    },
    /// Bytes come after its end.
    #[error(
        "the saved state ends at byte {at}, and {more} more bytes follow: was another file written to its \
         end? Take the first {at} bytes"
    )]
    Longer {
        /// How long it is.
        at: u64,
        /// How many bytes follow.
        more: u64,
    },
    /// Its bytes are as they were written, and do not make sense: a fault of the program that wrote it.
    #[error(
        "the saved state makes no sense in {part}, at byte {at}: {reason}; take an earlier one, and \
         report this"
    )]
    Senseless {
        /// Where the part begins.
        at: u64,
        /// The part.
        part: &'static str,
        /// What is wrong with it.
        reason: Box<str>,
    },
}
