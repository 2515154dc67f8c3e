//! The small languages inside documents: versions, targets, patterns, quantities, port lists, globs.
//!
//! In: text. Out: parsed forms that can be compared, and an error that says what is wrong with a text
//! that cannot be parsed. Imports nothing of the crate, so that validation and feasibility read alike.
