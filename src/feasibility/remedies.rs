//! What would do away with the rules that keep a group off a node.

use super::fix_action::FixAction;

/// The changes that a node, or the job for its sake, needs; each with another way, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Remedies {
    actions: Vec<(FixAction, Option<FixAction>)>,
}

impl Remedies {
    /// Adds a change.
    pub(crate) fn add(&mut self, action: FixAction) {
        self.actions.push((action, None));
    }

    /// Adds a change and what would do in its place.
    pub(crate) fn add_with_other(&mut self, action: FixAction, other: FixAction) {
        self.actions.push((action, Some(other)));
    }

    /// The changes in order, each once; and where any has another way, the same with these.
    pub(crate) fn finish(self) -> (Vec<FixAction>, Option<Vec<FixAction>>) {
        let has_others = self.actions.iter().any(|(_, other)| other.is_some());
        let others = has_others.then(|| {
            let actions = self.actions.iter().cloned();
            sorted(actions.map(|(first, other)| other.unwrap_or(first)).collect())
        });
        (sorted(self.actions.into_iter().map(|(first, _)| first).collect()), others)
    }
}

/// Actions in order, each once.
pub(crate) fn sorted(mut actions: Vec<FixAction>) -> Vec<FixAction> {
    actions.sort_unstable();
    actions.dedup();
    actions
}
