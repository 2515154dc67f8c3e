//! Reading: from the text of a file or a request to documents, or to their validated forms.
//!
//! In: JSON in the shapes that files and the API have. Out: documents as they were written, neither
//! completed nor checked (that is what [`Job::new`](super::Job::new) and its kin are for); of the functions
//! that begin with `valid_`, the validated forms; or an error that says where the text went wrong.
//!
//! | documents | validated |
//! |---|---|
//! | [`jobs`]: [`JobSpec`](super::JobSpec)s | [`valid_jobs`]: [`Job`](super::Job)s |
//! | [`nodes`]: [`NodeSpec`](super::NodeSpec)s | [`valid_nodes`]: [`Node`](super::Node)s |
//! | [`allocations`]: [`Allocation`](super::Allocation)s | [`valid_allocations`]: the same, checked |
//!
//! `null` and an absent key both mean the default, unknown keys are kept, and both eras of the API are
//! understood: ports as objects, numbers or labels, `Resources` and `Reserved` of nodes, `Hard` and
//! `Weight` of constraints (docs/placement.md, section 1). A known key that occurs twice in an
//! object is an error; of unknown keys, and of keys that the user chooses, the last one wins.
//! The number `-0` is 0. Objects and lists may be nested 127 deep.

pub use super::read_error::ReadError;
pub use super::reading::{allocations, job, jobs, node, nodes, unknown_keys};
pub use super::valid::{valid_allocations, valid_jobs, valid_nodes};
