//! Nodes whose clients are played.

use std::sync::mpsc::{Receiver, channel};

use stowplan::engine::{Applied, Command, CommandError, Engine, Recorded};
use stowplan::http::Machine;
use stowplan::sim::World;
use stowplan::{Span, Timestamp};

/// How often it is looked at what clients do, by their clock and by the machine's: a fast clock is not
/// looked at more often.
const STEP: Span = Span::from_nanos(20_000_000);
const REAL_STEP_NANOS: f64 = 5e6;

/// A world around an engine. What nodes are told by requests, their clients do.
pub(super) struct Simulated {
    world: World,
    step: Span,
    /// All that the world tells its engine, where it is kept.
    told: Option<Receiver<Recorded>>,
    /// What requests said about clients that was not done yet.
    changes: Vec<Change>,
}

/// What a request says about a client.
enum Change {
    /// Its node is new.
    Joins(String),
    Leaves(String),
    ComesBack(String),
}

impl Change {
    fn of(command: &Command, engine: &Engine) -> Option<Change> {
        match command {
            Command::RegisterNode(body) if engine.node(&body.node.id).is_none() => {
                Some(Change::Joins(body.node.id.clone()))
            }
            Command::SetNodeStatus(body) => Some(match body.status.as_str() {
                "down" | "disconnected" => Change::Leaves(body.node_id.clone()),
                _ => Change::ComesBack(body.node_id.clone()),
            }),
            _ => None,
        }
    }
}

impl Simulated {
    /// A world whose clock goes so many times as fast as the machine's.
    pub(super) fn new(world: World, speed: f64) -> Simulated {
        let step = STEP.max(Span::from_nanos((REAL_STEP_NANOS * speed) as i64));
        Simulated { world, step, told: None, changes: Vec::new() }
    }

    /// The same, and what it tells its engine is kept.
    pub(super) fn kept(mut world: World, speed: f64) -> Simulated {
        let (teller, told) = channel();
        // Who ends it does not want to hear the rest.
        world.record_with(move |recorded| drop(teller.send(recorded.clone())));
        Simulated { told: Some(told), ..Simulated::new(world, speed) }
    }
}

impl Machine for Simulated {
    fn engine(&self) -> &Engine {
        self.world.engine()
    }

    // What clients make of it comes with all that was ordered at once: that is kept in one piece before.
    fn apply(&mut self, _: Timestamp, command: Command) -> Result<Applied, CommandError> {
        let change = Change::of(&command, self.engine());
        let applied = self.world.apply(command);
        if let Some(told) = &self.told {
            // That was this command, which was kept before.
            let _ = told.try_recv();
        }
        if applied.is_ok() {
            self.changes.extend(change);
        }
        applied
    }

    fn advance(&mut self, now: Timestamp) {
        self.world.run_until(now);
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let soon = self.world.now().checked_add(self.step);
        [self.world.engine().next_deadline(), soon].into_iter().flatten().min()
    }

    fn told(&mut self) -> Vec<Recorded> {
        let changes = std::mem::take(&mut self.changes);
        let has_changed = !changes.is_empty();
        for change in changes {
            match change {
                Change::Joins(id) => _ = self.world.play_node(&id),
                Change::Leaves(id) => _ = self.world.disconnect_node(&id),
                Change::ComesBack(id) => _ = self.world.reconnect_node(&id),
            }
        }
        if has_changed {
            // A node that comes is heard of before anybody is told that it has come.
            self.world.run_until(self.world.now());
        }
        self.told.iter().flat_map(Receiver::try_iter).collect()
    }
}
