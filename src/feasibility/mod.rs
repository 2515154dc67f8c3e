//! May this group run on this node at all? One rule, one small file.
//!
//! In: rules of jobs (`model`) and facts of nodes (`state`). Out: yes, or why not and what would have to
//! change. May import `state` and everything below it.

pub(crate) mod base;
pub(crate) mod chain;
pub(crate) mod check;
pub(crate) mod column;
pub(crate) mod constraint;
pub(crate) mod device;
mod device_rule;
pub(crate) mod distinct;
mod driver;
pub(crate) mod finding;
pub(crate) mod fix_action;
pub(crate) mod mask;
mod network;
mod operator;
pub(crate) mod reason;
pub(crate) mod remedies;
pub(crate) mod rule;
mod secrets;
mod supply;
pub(crate) mod target;
pub(crate) mod view;
pub(crate) mod volume;
