//! When nodes have to be heard of (docs/lifecycle.md, section 7).

use super::change::Change;
use crate::rng::{KeyPrefix, hash_bytes};
use crate::state::bookkeeping::NodeLife;
use crate::state::slots::NodeSlot;
use crate::time::{Span, Timestamp};

/// Of what the time until the next heartbeat is drawn.
const TTL: u64 = 0x7474_6c00;

/// Gives a node time until its next heartbeat, and says in the reply how long.
pub(super) fn expect(change: &mut Change<'_>, node: NodeSlot) {
    let options = change.options.heartbeats;
    let nodes = change.queues.nodes.len().max(1) as i64;
    let per_second = i64::from(options.max_per_second.max(1));
    let shared = Span::from_nanos(1_000_000_000).saturating_mul(nodes).as_nanos() / per_second;
    let base = Span::from_nanos(shared.max(options.min_ttl.as_nanos()));
    let ttl = base.checked_add(jitter(change, node, base)).unwrap_or(base);
    let heard_by = ttl.checked_add(options.grace).and_then(|ttl| change.now().checked_add(ttl));
    let life = NodeLife { heard_by, ..change.life(node) };
    change.set_life(node, life);
    change.applied.heartbeat_ttl = Some(ttl);
}

/// A part of a length of time, drawn for a node and an instant.
fn jitter(change: &Change<'_>, node: NodeSlot, most: Span) -> Span {
    let id = change.node(node).map_or(0, |it| hash_bytes(TTL, it.node.id.as_bytes()));
    let now = change.now().as_nanos() as u64;
    let mut drawn = KeyPrefix::new(change.identity_seed, 3, &[TTL, id]).stream_of(now);
    Span::from_nanos(drawn.below(most.as_nanos().max(0) as u64) as i64)
}

/// Gives every watched node the time that a restart takes.
pub(super) fn resume(change: &mut Change<'_>, now: Timestamp) {
    let until = now.checked_add(change.options.heartbeats.after_restart);
    let watched = change.nodes().map(|(slot, _)| slot);
    let watched: Vec<NodeSlot> =
        watched.filter(|slot| change.life(*slot).heard_by.is_some()).collect();
    for node in watched {
        let life = NodeLife { heard_by: until, ..change.life(node) };
        change.set_life(node, life);
    }
}
