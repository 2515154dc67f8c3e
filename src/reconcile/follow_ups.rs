//! Evaluations that look again later, one for all that are due nearly at once (docs/lifecycle.md,
//! section 3, *Batching*).

use super::changes::{FollowUp, FollowUpKind};
use crate::time::{Span, Timestamp};

/// What is due this soon after the first of a batch shares its evaluation.
const BATCH: Span = Span::from_secs(5);

/// Adds the evaluations for what is due, and says for each allocation which one it waits for. What is
/// `due` is sorted by its instant.
pub(crate) fn batch(
    due: &mut [(Timestamp, u32)],
    first: FollowUpKind,
    later: FollowUpKind,
    follow_ups: &mut Vec<FollowUp>,
    mut stamp: impl FnMut(u32, u32),
) {
    due.sort();
    let mut begun: Option<Timestamp> = None;
    for (at, allocation) in due.iter() {
        if begun.is_none_or(|begun| at.since(begun) >= BATCH) {
            let kind = if begun.is_none() { first } else { later };
            follow_ups.push(FollowUp { kind, wait_until: *at });
            begun = Some(*at);
        }
        stamp(*allocation, follow_ups.len() as u32 - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_18_two_batches() {
        let mut due: Vec<(Timestamp, u32)> = (0..7)
            .map(|at| {
                let millis = if at < 5 { i64::from(at) * 50 } else { 10_000 };
                (Timestamp::from_nanos(millis * 1_000_000), at)
            })
            .rev()
            .collect();
        let (mut follow_ups, mut stamps) = (Vec::new(), Vec::new());
        batch(
            &mut due,
            FollowUpKind::Reschedule,
            FollowUpKind::LaterReschedule,
            &mut follow_ups,
            |allocation, follow_up| stamps.push((allocation, follow_up)),
        );
        let found: Vec<_> = follow_ups.iter().map(|it| (it.kind, it.wait_until)).collect();
        assert_eq!(
            found,
            [
                (FollowUpKind::Reschedule, Timestamp::EPOCH),
                (FollowUpKind::LaterReschedule, Timestamp::from_secs(10)),
            ]
        );
        assert_eq!(stamps, [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (6, 1)]);
    }
}
