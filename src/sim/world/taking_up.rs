//! Nodes that get clients: those that join, and those that an engine has already, with what is on them.

use super::World;
use crate::engine::{Applied, CommandError, Engine, RegisterNode};
use crate::model::{Allocation, ClientStatus, NodeSpec, NodeStatus};
use crate::sim::Behaviour;
use crate::sim::client::{Client, Held};
use crate::sim::happening::{ClientStep, Happening};

impl World {
    /// A world around an engine that is in use: time goes on from the engine's instant, and each of its nodes
    /// gets a client, which takes up what is on it. What runs goes on as if it had never been without a
    /// client; nodes that are down or disconnected are out of reach until they are
    /// [back](World::reconnect_node).
    ///
    /// ```
    /// use stowplan::engine::{Engine, EngineOptions, RegisterNode};
    /// use stowplan::model::Node;
    /// use stowplan::sim::{Behaviour, World};
    /// use stowplan::Timestamp;
    ///
    /// let mut engine = Engine::new(EngineOptions::default());
    /// let node = Node::builder("n1").build()?.spec().clone();
    /// engine.apply(Timestamp::from_secs(5), RegisterNode::from(node).into())?;
    /// let mut world = World::around(engine, Behaviour::default());
    /// world.run_until(Timestamp::from_secs(3_600));
    /// // Somebody keeps it alive.
    /// assert!(world.engine().node("n1").is_some_and(|node| node.is_ready()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn around(engine: Engine, behaviour: Behaviour) -> World {
        let mut world = World::without_clients(engine, behaviour);
        // What happened before was heard, and what is drawn is not drawn again.
        world.seen = world.engine.modify_index();
        world.draws = world.seen;
        let mut ids: Vec<String> =
            world.engine.nodes().map(|node| node.spec().id.clone()).collect();
        // The order of the engine's nodes means nothing.
        ids.sort_unstable();
        ids.iter().for_each(|id| _ = world.play_node(id));
        world
    }

    /// Gives a node that the engine has a client, which takes up what is on it, in place of any that it had.
    /// False if there is no such node.
    pub fn play_node(&mut self, id: &str) -> bool {
        let Some(node) = self.engine.node(id) else { return false };
        let mut client = Client::new(node.spec().clone());
        client.is_in_reach = !matches!(node.status(), NodeStatus::Down | NodeStatus::Disconnected);
        // What was foreseen for a client before it is not for this one.
        client.life = self.clients.get(id).map_or(0, |before| before.life + 1);
        let (is_in_reach, life) = (client.is_in_reach, client.life);
        let (at, _) = self.clients.insert_full(id.to_owned(), client);
        if is_in_reach {
            let what = ClientStep::Heartbeat;
            self.agenda.add(self.now, Happening::Client { client: at, life, what });
        }
        self.foresee_death(at);
        let on_node = self.engine.allocations_on(id).map(|it| it.outline());
        let on_node: Vec<Allocation> = on_node.collect();
        for allocation in on_node {
            match allocation.client() {
                ClientStatus::Running | ClientStatus::Unknown => self.take_up(at, &allocation),
                _ => self.hear_of(&allocation),
            }
        }
        true
    }

    /// A client goes on with an allocation that runs.
    fn take_up(&mut self, at: usize, allocation: &Allocation) {
        let view = self.engine.view(&allocation.id);
        let Some(job) = view.and_then(|view| view.job_spec()) else { return };
        let heard = self.behaviour.details.then_some(self.now);
        let held = Held::going_on(allocation, job, self.now, heard);
        let (id, is_known) = (&allocation.id, held.healthy.is_some());
        let script = held.script.after(self.now.since(held.started.unwrap_or(self.now)));
        let Some((_, client)) = self.clients.get_index_mut(at) else { return };
        client.held.insert(id.clone(), held);
        if allocation.desired().is_terminal() {
            return self.hear_of(allocation);
        }
        self.foresee_end(at, id, &script);
        if !is_known {
            self.foresee_health(at, id, &script);
        }
    }

    /// Lets a node join now, with a client that keeps it alive.
    ///
    /// # Errors
    ///
    /// The engine refuses the node.
    pub fn add_node(&mut self, spec: NodeSpec) -> Result<Applied, CommandError> {
        let applied = self.apply(RegisterNode::from(spec.clone()).into())?;
        let life = self.clients.get(&spec.id).map_or(0, |before| before.life + 1);
        let client = Client { life, ..Client::new(spec.clone()) };
        let (at, _) = self.clients.insert_full(spec.id, client);
        self.come_up(at);
        Ok(applied)
    }

    /// A client asks for all that is on its node.
    pub(super) fn hear_of_all(&mut self, id: &str) {
        let Some(client) = self.clients.get(id) else { return };
        // What was given up and is not running there any more is not taken up again.
        let is_of_interest =
            |it: &Allocation| it.client() != ClientStatus::Lost || client.held.contains_key(&it.id);
        let on_node = self.engine.allocations_on(id).map(|it| it.outline());
        let left: Vec<Allocation> = on_node.filter(is_of_interest).collect();
        for allocation in left {
            self.hear_of(&allocation);
        }
    }
}
