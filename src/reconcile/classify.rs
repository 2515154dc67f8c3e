//! What an allocation is to its group: a class, by its statuses and its node (docs/lifecycle.md,
//! section 3, *Classification*).

use super::view::{AllocationView, DisconnectRules, Flags, NodeCondition};
use crate::model::{ClientStatus, DesiredStatus};
use crate::time::{Span, Timestamp};

/// What an allocation is to its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It is where it should be.
    Untainted,
    /// It is of no concern any more.
    Ignore,
    /// It should move.
    Migrate,
    /// It is gone with its node.
    Lost,
    /// Its node has just stopped answering.
    Disconnecting,
    /// Its node answers again.
    Reconnecting,
    /// It was waited for long enough.
    Expiring,
}

/// The class of an allocation that lives on a fine node and of which nothing special is known.
#[inline]
pub(crate) fn is_plain(allocation: &AllocationView) -> bool {
    allocation.flags == Flags::default()
        && allocation.desired == DesiredStatus::Run
        && matches!(allocation.client, ClientStatus::Running | ClientStatus::Pending)
        && allocation.condition == NodeCondition::Fine
}

/// The class of an allocation. `last_unknown` is when it last became `unknown`.
pub(crate) fn classify(
    allocation: &AllocationView,
    own: &DisconnectRules,
    last_unknown: Option<Timestamp>,
    now: Timestamp,
) -> Class {
    let client = allocation.client;
    let is_unknown = client == ClientStatus::Unknown;
    let has_failed = client == ClientStatus::Failed;
    if allocation.needs_reconnect() {
        if allocation.desired == DesiredStatus::Run && has_failed {
            return Class::Reconnecting;
        }
    } else if allocation.is_terminal() {
        return of_terminal(allocation);
    }
    if is_unknown && is_expired(own.lost_after, last_unknown, now) {
        return Class::Expiring;
    }
    if allocation.needs_reconnect() && has_failed && allocation.desired == DesiredStatus::Stop {
        return Class::Ignore;
    }
    if allocation.condition == NodeCondition::Disconnected {
        return match client {
            ClientStatus::Unknown => Class::Untainted,
            ClientStatus::Pending => Class::Lost,
            _ if own.lost_after.is_none() => Class::Lost,
            _ => Class::Disconnecting,
        };
    }
    if allocation.flags.has(Flags::MIGRATE) {
        return Class::Migrate;
    }
    match allocation.condition {
        NodeCondition::Fine | NodeCondition::Draining if allocation.needs_reconnect() => {
            Class::Reconnecting
        }
        NodeCondition::Missing => Class::Lost,
        NodeCondition::Down if !own.replace && is_unknown => Class::Untainted,
        NodeCondition::Down if !own.replace && client == ClientStatus::Running => {
            Class::Disconnecting
        }
        NodeCondition::Down => Class::Lost,
        _ => Class::Untainted,
    }
}

/// The class of what has ended, or should have, and does not come back.
fn of_terminal(allocation: &AllocationView) -> Class {
    if allocation.is_server_terminal() {
        if allocation.flags.has(Flags::MIGRATE_DISABLE_PLACEMENT) {
            return Class::Untainted;
        }
        return Class::Ignore;
    }
    if allocation.flags.has(Flags::CANARY) && allocation.flags.has(Flags::MIGRATE) {
        return Class::Migrate;
    }
    Class::Untainted
}

/// Whether an unknown allocation was waited for long enough. One that nothing is known of was.
pub(crate) fn is_expired(
    lost_after: Option<Span>,
    last_unknown: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    last_unknown.is_none_or(|at| at + lost_after.unwrap_or(Span::ZERO) <= now)
}
