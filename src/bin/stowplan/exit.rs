//! The program's exit statuses.

/// Everything went as asked.
pub(crate) const SUCCESS: u8 = 0;
/// The input or the command line is wrong.
pub(crate) const BAD_INPUT: u8 = 1;
/// Something could not be placed.
pub(crate) const NOT_ALL_PLACED: u8 = 2;
