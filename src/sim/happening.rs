//! What will happen in a world, in the order of instants.

use std::collections::BTreeMap;

use crate::engine::Command;
use crate::time::{Span, Timestamp};

/// Something that will happen.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    /// The engine is told something.
    Command(Box<Command>),
    /// A client, by its place, comes to something. It does not if it died meanwhile: `life` says how often
    /// it had died when this was foreseen.
    Client { client: usize, life: u32, what: ClientStep },
    /// A client comes back.
    Return { client: usize },
}

/// What a client comes to.
#[derive(Clone, Debug)]
pub(super) enum ClientStep {
    Heartbeat,
    /// It tells what it has gathered.
    Sync,
    Die,
    /// An allocation comes to something.
    Allocation(String, Step),
}

/// What an allocation comes to on its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Runs,
    IsWell,
    IsUnhealthy,
    Completes,
    Fails,
    /// It ends since it was told to.
    Stops,
}

/// What will happen, each thing at its instant, those of one instant in the order in which they were
/// foreseen.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    by_instant: BTreeMap<(Timestamp, u64), Happening>,
    number: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Timestamp, happening: Happening) {
        self.by_instant.insert((at, self.number), happening);
        self.number += 1;
    }

    /// The same so long after an instant. What is too far away never happens.
    pub(super) fn add_after(&mut self, now: Timestamp, wait: Option<Span>, happening: Happening) {
        if let Some(at) = wait.and_then(|wait| now.checked_add(wait)) {
            self.add(at, happening);
        }
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.by_instant.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn take(&mut self) -> Option<(Timestamp, Happening)> {
        self.by_instant.pop_first().map(|((at, _), happening)| (at, happening))
    }
}

impl Step {
    /// Whether an allocation is over with it.
    pub(super) fn is_end(self) -> bool {
        matches!(self, Step::Completes | Step::Fails | Step::Stops)
    }
}
