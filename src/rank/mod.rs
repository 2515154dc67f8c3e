//! Which node is best? One scorer, one small file.
//!
//! In: facts of nodes and of what is on them. Out: scores, higher being better. May import everything
//! below: `syntax`, `model`, `state`, `feasibility` and `fit`.

pub(crate) mod exp10;
