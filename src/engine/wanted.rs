//! How much room an evaluation waits for, told from the state alone (docs/lifecycle.md, section 6).

use super::wanting::{Room, fits, room_of};
use crate::fit::ask::Ask;
use crate::state::State;
use crate::state::evaluation::EvaluationRecord;

/// It may be placed wherever there is anything.
const ANY: Room = [0; 3];

/// The least amounts by which an evaluation may be helped: what each of its groups that found no place
/// asks for, in any version of its job that is kept. None of them is at most another.
///
/// Where a job is placed whole or not at all, room for another of its groups may make room for that one.
pub(super) fn wanted_by(state: &State, record: &EvaluationRecord) -> Vec<Room> {
    let failed = record.details.as_deref().map(|details| &details.failed_groups);
    let registration = state.resolve_job(record.job).and_then(|job| state.registration(job));
    let (Some(failed), Some(registration)) = (failed.filter(|it| !it.is_empty()), registration)
    else {
        return vec![ANY];
    };
    let is_known = |name: &str| registration.versions.iter().any(|it| it.job.group(name).is_some());
    if !failed.keys().all(|name| is_known(name)) {
        return vec![ANY];
    }
    let mut wanted: Vec<Room> = Vec::new();
    for version in registration.versions.iter() {
        for group in &version.job.spec().task_groups {
            if version.job.all_at_once || failed.contains_key(&group.name) {
                add(&mut wanted, room_of(Ask::of(group).amounts));
            }
        }
    }
    wanted.sort_unstable();
    wanted
}

/// Adds amounts, unless less will do already.
fn add(wanted: &mut Vec<Room>, room: Room) {
    if !wanted.iter().any(|known| fits(known, &room)) {
        wanted.retain(|known| !fits(&room, known));
        wanted.push(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_that_helps_is_wanted() {
        let mut wanted = Vec::new();
        for room in [[5, 5, 5], [9, 9, 9], [1, 9, 9], [9, 1, 9], [4, 5, 5], [4, 5, 5]] {
            add(&mut wanted, room);
        }
        wanted.sort_unstable();
        assert_eq!(wanted, [[1, 9, 9], [4, 5, 5], [9, 1, 9]]);
    }
}
