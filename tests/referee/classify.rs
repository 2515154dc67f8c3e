//! Section 3, "Classification": the first condition that holds decides.

use crate::facts::{Alloc, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Untainted,
    Migrate,
    Lost,
    Disconnecting,
    Reconnecting,
    Ignore,
    Expiring,
}

pub(crate) fn class(world: &World, alloc: &Alloc) -> Class {
    let needs_reconnect = alloc.needs_reconnect();
    let is_unknown = alloc.client == "unknown";
    // Row 1.
    if needs_reconnect && alloc.desired == "run" && alloc.client == "failed" {
        return Class::Reconnecting;
    }
    if !needs_reconnect {
        // Rows 2 to 5.
        if alloc.is_server_terminal() {
            let stays = alloc.migrate_disable_placement;
            return if stays { Class::Untainted } else { Class::Ignore };
        }
        if alloc.is_terminal() {
            let moves = alloc.is_canary && alloc.migrate;
            return if moves { Class::Migrate } else { Class::Untainted };
        }
    }
    // Row 6.
    if is_unknown && is_expired(world, alloc) {
        return Class::Expiring;
    }
    // Row 7.
    if needs_reconnect && alloc.client == "failed" && alloc.desired == "stop" {
        return Class::Ignore;
    }
    by_node(world, alloc)
}

/// Rows 8 to 14.
fn by_node(world: &World, alloc: &Alloc) -> Class {
    let node = world.node_of(alloc);
    let disconnect = alloc.own_group().map(|group| &group.disconnect);
    let lost_after_ns = disconnect.and_then(|it| it.lost_after_ns);
    let replace = disconnect.is_none_or(|it| it.replace);
    let is_unknown = alloc.client == "unknown";
    if node.is_some_and(|node| node.status == "disconnected") {
        return match alloc.client.as_str() {
            "unknown" => Class::Untainted,
            "pending" => Class::Lost,
            _ if lost_after_ns.is_none() => Class::Lost,
            _ => Class::Disconnecting,
        };
    }
    if alloc.migrate {
        return Class::Migrate;
    }
    let Some(node) = node else { return Class::Lost };
    let is_tainted = node.status == "down" || node.is_draining;
    if !is_tainted || node.status == "ready" {
        return if alloc.needs_reconnect() { Class::Reconnecting } else { Class::Untainted };
    }
    if node.status == "down" {
        return match alloc.client.as_str() {
            _ if replace => Class::Lost,
            _ if is_unknown => Class::Untainted,
            "running" => Class::Disconnecting,
            _ => Class::Lost,
        };
    }
    Class::Untainted
}

/// Whether an unknown allocation has been so for `lost_after`, unset being no time at all.
pub(crate) fn is_expired(world: &World, alloc: &Alloc) -> bool {
    let lost_after_ns = alloc.own_group().and_then(|group| group.disconnect.lost_after_ns);
    let since = alloc.last_unknown().unwrap_or(i64::MIN);
    since.saturating_add(lost_after_ns.unwrap_or(0)) <= world.now
}
