//! May this group run on this node at all? One rule, one small file.
//!
//! In: rules of jobs (`model`) and facts of nodes. Out: yes or no. May import `syntax`, `model` and
//! `state`.

pub(crate) mod device;
pub(crate) mod operator;
