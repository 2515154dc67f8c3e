//! May this group run on this node at all? One rule, one small file.
//!
//! In: rules of jobs (`model`) and facts of nodes (`state`). Out: yes, or the text of the rule that
//! says no. May import `state` and everything below it.

pub(crate) mod base;
pub(crate) mod chain;
pub(crate) mod check;
pub(crate) mod column;
pub(crate) mod constraint;
pub(crate) mod device;
pub(crate) mod distinct;
pub(crate) mod driver;
pub(crate) mod mask;
pub(crate) mod network;
pub(crate) mod operator;
pub(crate) mod secrets;
pub(crate) mod supply;
pub(crate) mod target;
pub(crate) mod volume;
