//! One pass over a system job: what is known of it, and what came of it so far.

use super::changes::{Changes, Figures};
use super::deployment::Deployments;
use super::view::Input;

/// A system job while it is reconciled.
pub(super) struct SystemPass<'a, 'f, F> {
    pub(super) input: &'a Input<'a>,
    pub(super) facts: &'f mut F,
    pub(super) deployments: &'a Deployments<'a>,
    pub(super) changes: &'f mut Changes,
    /// By group.
    pub(super) groups: Vec<SystemGroup>,
    /// What lives and runs another specification, until it is known what stops.
    pub(super) changed: Vec<u32>,
}

/// What came of a group so far.
#[derive(Debug, Default)]
pub(super) struct SystemGroup {
    pub(super) figures: Figures,
    /// To be replaced by the present version, in order.
    pub(super) outdated: Vec<u32>,
    /// How many belong to the current deployment and are not healthy yet.
    pub(super) unsettled: u32,
    /// Whether any runs the present version.
    pub(super) has_current: bool,
    /// By version: whether what runs it has to be replaced.
    pub(super) verdicts: Vec<Option<bool>>,
}
