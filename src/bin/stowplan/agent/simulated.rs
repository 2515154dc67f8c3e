//! Nodes whose clients are played.

use stowplan::engine::{Applied, Command, CommandError, Engine};
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
}

impl Simulated {
    /// A world whose clock goes so many times as fast as the machine's.
    pub(super) fn new(world: World, speed: f64) -> Simulated {
        Simulated { world, step: STEP.max(Span::from_nanos((REAL_STEP_NANOS * speed) as i64)) }
    }
}

impl Machine for Simulated {
    fn engine(&self) -> &Engine {
        self.world.engine()
    }

    fn apply(&mut self, now: Timestamp, command: Command) -> Result<Applied, CommandError> {
        self.world.run_until(now);
        match &command {
            // A node that joins has a client from then on.
            Command::RegisterNode(body) if self.engine().node(&body.node.id).is_none() => {
                self.world.add_node(body.node.clone())
            }
            Command::SetNodeStatus(body) => {
                let (id, status) = (body.node_id.clone(), body.status.clone());
                let applied = self.world.apply(command)?;
                match status.as_str() {
                    "down" | "disconnected" => _ = self.world.disconnect_node(&id),
                    _ => _ = self.world.reconnect_node(&id),
                }
                Ok(applied)
            }
            _ => self.world.apply(command),
        }
    }

    fn advance(&mut self, now: Timestamp) {
        self.world.run_until(now);
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let soon = self.world.now().checked_add(self.step);
        [self.world.engine().next_deadline(), soon].into_iter().flatten().min()
    }
}
