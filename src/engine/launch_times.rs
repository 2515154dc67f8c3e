//! From when on the launches of periodic jobs are counted (docs/lifecycle.md, section 9, *Periodic*).

use super::change::Change;
use crate::state::slots::JobSlot;

/// Lets the next launch of a periodic job be the first one after now.
pub(super) fn count_from_now(change: &mut Change<'_>, slot: JobSlot) {
    let mut standing = change.standing(slot).map(|it| (**it).clone()).unwrap_or_default();
    standing.launched = Some(change.now());
    change.set_standing(slot, standing);
}
