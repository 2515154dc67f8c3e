//! The world: an engine, its clients, and time.

use std::fmt;

use indexmap::IndexMap;

use super::behaviour::Behaviour;
use super::client::{Client, Held};
use super::figures::Figures;
use super::happening::{Agenda, ClientStep, Happening, Step};
use super::lasting::Lasting;
use super::recorder::Recorder;
use super::script::Script;
use crate::engine::{
    Applied, Command, CommandError, Engine, EngineOptions, Event, Heartbeat, RegisterNode, Topic,
    UpdateAllocations,
};
use crate::model::Allocation;
use crate::rng::{KeyPrefix, Rng, hash_bytes, mix64};
use crate::time::{Span, Timestamp};

mod taking_up;

/// An engine with client nodes around it, in simulated time. Everything that is drawn is drawn from the
/// engine's seed, so that a world goes the same way each time.
///
/// ```
/// use stowplan::engine::{EngineOptions, RegisterJob};
/// use stowplan::model::{Job, JobType, Node};
/// use stowplan::sim::{Behaviour, World};
/// use stowplan::Timestamp;
///
/// let job = Job::builder("report")
///     .job_type(JobType::Batch)
///     .group("pages", 3, |g| g.task("print", "docker", |t| t.cpu_shares(100).memory_mb(64)))
///     .build()?;
/// let mut world = World::new(EngineOptions::default(), Behaviour::default());
/// for id in ["n1", "n2"] {
///     let node = Node::builder(id).cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
///     world.add_node(node.spec().clone())?;
/// }
/// world.at(Timestamp::from_secs(60), RegisterJob::from(job.spec().clone()).into());
/// world.run_until(Timestamp::from_secs(24 * 3_600));
/// assert_eq!((world.figures().started, world.figures().completed), (3, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct World {
    engine: Engine,
    behaviour: Behaviour,
    now: Timestamp,
    agenda: Agenda,
    /// Commands that come by themselves, and the next of them.
    arrivals: Option<Arrivals>,
    clients: IndexMap<String, Client>,
    figures: Figures,
    /// The index up to which events were heard.
    seen: u64,
    /// Events that somebody who watches was not shown yet.
    unshown: Vec<Event>,
    is_observed: bool,
    digest: u64,
    /// How many draws were made.
    draws: u64,
    /// Who writes down what the engine is told.
    pub(super) recorder: Recorder,
}

struct Arrivals {
    next: (Timestamp, Command),
    others: Box<dyn Iterator<Item = (Timestamp, Command)> + Send>,
}

impl World {
    /// A world without nodes, at the first instant there is for an engine.
    pub fn new(options: EngineOptions, behaviour: Behaviour) -> World {
        World::without_clients(Engine::new(options), behaviour)
    }

    fn without_clients(engine: Engine, behaviour: Behaviour) -> World {
        World {
            behaviour,
            now: engine.now(),
            agenda: Agenda::default(),
            arrivals: None,
            clients: IndexMap::new(),
            figures: Figures::default(),
            seen: 0,
            unshown: Vec::new(),
            is_observed: false,
            digest: 0,
            draws: 0,
            recorder: Recorder::default(),
            engine,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What happened so far.
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// A number that says everything that happened so far: worlds that went the same way have the same.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Lets a command come at an instant; at once if that is over.
    pub fn at(&mut self, instant: Timestamp, command: Command) {
        self.agenda.add(instant.max(self.now), Happening::Command(Box::new(command)));
    }

    /// Lets commands come by themselves, in the order of their instants, in place of any that were to come
    /// like that before.
    pub fn arrivals(
        &mut self,
        commands: impl Iterator<Item = (Timestamp, Command)> + Send + 'static,
    ) {
        let mut others = Box::new(commands);
        self.arrivals = others.next().map(|next| Arrivals { next, others });
    }

    /// Lets a node die now, with everything on it, and come back after a while. False if there is no such
    /// node or it is dead already.
    pub fn fail_node(&mut self, id: &str) -> bool {
        let Some(at) = self.clients.get_index_of(id) else { return false };
        let is_up = self.clients[at].is_up;
        if is_up {
            self.die(at);
        }
        is_up
    }

    /// Puts a node out of reach now: what is on it goes on, and nothing is heard of it until it is
    /// [back](World::reconnect_node). False if there is no such node or it is out of reach already.
    pub fn disconnect_node(&mut self, id: &str) -> bool {
        let client = self.clients.get_mut(id).filter(|client| client.hears());
        client.map(|client| client.is_in_reach = false).is_some()
    }

    /// Puts a node back into reach now: it tells what happened on it meanwhile, and learns what is to stop.
    /// False if there is no such node or it was in reach.
    pub fn reconnect_node(&mut self, id: &str) -> bool {
        let Some(at) = self.clients.get_index_of(id) else { return false };
        let client = &mut self.clients[at];
        if !client.is_up || client.is_in_reach {
            return false;
        }
        client.is_in_reach = true;
        for (it, held) in &client.held {
            if let Some(update) = held.present(it, id).filter(|_| !client.untold.contains_key(it)) {
                client.untold.insert(it.clone(), update);
            }
        }
        self.beat(at);
        self.sync(at);
        self.hear_of_all(id);
        true
    }

    /// Tells the engine something now.
    ///
    /// # Errors
    ///
    /// The engine refuses it.
    pub fn apply(&mut self, command: Command) -> Result<Applied, CommandError> {
        self.told(command)
    }

    /// Lets everything happen that does until an instant, which is the present one then.
    pub fn run_until(&mut self, instant: Timestamp) {
        self.run(instant, &mut |_, _| ());
    }

    /// The same, and shows each event soon after it happened, with the engine as it is then.
    pub fn run_until_with(&mut self, instant: Timestamp, mut observe: impl FnMut(&Engine, &Event)) {
        self.is_observed = true;
        self.run(instant, &mut observe);
        self.is_observed = false;
    }

    fn run(&mut self, instant: Timestamp, observe: &mut dyn FnMut(&Engine, &Event)) {
        loop {
            let arrival = self.arrivals.as_ref().map(|arrivals| arrivals.next.0);
            let next = [self.agenda.next(), arrival].into_iter().flatten().min();
            let due = self.engine.next_deadline();
            match (due.filter(|due| next.is_none_or(|next| *due <= next)), next) {
                (Some(due), _) if due <= instant => {
                    self.now = due.max(self.now);
                    // Time does not go back here.
                    let _ = self.engine.advance(self.now);
                    self.hear();
                }
                (None, Some(next)) if next <= instant => {
                    self.now = next.max(self.now);
                    self.happen(arrival == Some(next));
                }
                _ => break,
            }
            for event in self.unshown.drain(..) {
                observe(&self.engine, &event);
            }
        }
        self.now = self.now.max(instant);
    }

    /// Lets the next thing happen.
    fn happen(&mut self, is_arrival: bool) {
        if is_arrival && let Some(mut arrivals) = self.arrivals.take() {
            let (_, command) = match arrivals.others.next() {
                Some(next) => {
                    let command = std::mem::replace(&mut arrivals.next, next);
                    self.arrivals = Some(arrivals);
                    command
                }
                None => arrivals.next,
            };
            return self.tell(command);
        }
        match self.agenda.take().map(|(_, happening)| happening) {
            Some(Happening::Command(command)) => self.tell(*command),
            Some(Happening::Return { client }) => self.come_back(client),
            Some(Happening::Client { client, life, what }) => {
                let is_alive = self
                    .clients
                    .get_index(client)
                    .is_some_and(|(_, it)| it.is_up && it.life == life);
                if is_alive {
                    self.client_comes_to(client, what);
                }
            }
            None => {}
        }
    }

    /// Tells the engine something, and hears what came of it.
    fn told(&mut self, command: Command) -> Result<Applied, CommandError> {
        let command = self.recorder.shown(self.now, command);
        let applied = self.engine.apply(self.now, command);
        match &applied {
            Ok(_) => self.figures.commands += 1,
            Err(_) => self.figures.refused += 1,
        }
        self.hear();
        applied
    }

    /// The same where it does not matter here whether it is refused.
    fn tell(&mut self, command: Command) {
        let _ = self.told(command);
    }

    /// Hears what happened in the engine's latest call, of which it keeps the events until the next one.
    fn hear(&mut self) {
        let latest = self.engine.modify_index();
        let mut heard: Vec<Allocation> = Vec::new();
        for event in self.engine.events(self.seen) {
            self.figures.events += 1;
            let text = [event.topic.as_str(), event.event_type, &event.key];
            let digest =
                text.iter().fold(event.index, |hash, text| hash_bytes(hash, text.as_bytes()));
            self.digest = mix64(self.digest ^ digest).wrapping_add(1);
            // What clients said themselves is no news to them.
            let is_news =
                event.topic == Topic::Allocation && event.event_type != "AllocationUpdated";
            if is_news
                && !event.is_gone
                && let Some(view) = self.engine.view(&event.key)
            {
                // No client asks what it holds on its node, or how it was placed.
                heard.push(view.outline());
            }
            if self.is_observed {
                self.unshown.push(event);
            }
        }
        self.seen = latest;
        for allocation in heard {
            self.hear_of(&allocation);
        }
    }

    /// A client hears of an allocation, if it is up.
    fn hear_of(&mut self, allocation: &Allocation) {
        let Some(at) = self.clients.get_index_of(&allocation.node_id) else { return };
        let view = self.engine.view(&allocation.id);
        let Some(job) = view.and_then(|view| view.job_spec()) else { return };
        let heard = self.behaviour.details.then_some(self.now);
        let Some((_, client)) = self.clients.get_index_mut(at).filter(|(_, it)| it.hears()) else {
            return;
        };
        let (id, is_to_leave) = (&allocation.id, allocation.desired().is_terminal());
        let is_over = allocation.client().is_terminal();
        match client.held.get_mut(id) {
            Some(held) if is_to_leave && !held.is_told_to_stop => {
                held.is_told_to_stop = true;
                self.foresee(at, id, self.behaviour.stop, Step::Stops);
            }
            Some(held) if !is_to_leave => {
                let is_asked_anew = held.change(allocation, job);
                let script = held.script.clone();
                if is_asked_anew {
                    self.foresee_health(at, id, &script);
                }
            }
            // It never ran, or its end was not told.
            None if is_to_leave && !is_over => {
                client.held.insert(id.clone(), Held::of(allocation, job, heard));
                self.foresee(at, id, self.behaviour.stop, Step::Stops);
            }
            None if !is_to_leave && !is_over => {
                let mut held = Held::of(allocation, job, heard);
                if heard.is_some() && held.script.has_network {
                    held.network = Some(client.network());
                }
                let mock = held.script.mock;
                client.held.insert(id.clone(), held);
                let start = mock.map_or(self.behaviour.start, |mock| Lasting::Fixed(mock.start));
                let fails = mock.is_some_and(|mock| mock.fails_to_start);
                self.foresee(at, id, start, if fails { Step::Fails } else { Step::Runs });
            }
            _ => {}
        }
    }

    /// Notes that an allocation will come to something on its client.
    fn foresee(&mut self, client: usize, id: &str, after: Lasting, step: Step) {
        let wait = after.draw(&mut self.stream(id));
        let Some((_, it)) = self.clients.get_index(client) else { return };
        let what = ClientStep::Allocation(id.to_owned(), step);
        let happening = Happening::Client { client, life: it.life, what };
        self.agenda.add_after(self.now, wait, happening);
    }

    /// The stream of the next draw that is made for something. How many were made before is part of its
    /// key: the world goes one way only.
    fn stream(&mut self, id: &str) -> Rng {
        self.draws += 1;
        let seed = self.engine.options().seed;
        KeyPrefix::new(seed, 2, &[hash_bytes(seed, id.as_bytes())]).stream_of(self.draws)
    }

    fn client_comes_to(&mut self, client: usize, what: ClientStep) {
        match what {
            ClientStep::Heartbeat => self.beat(client),
            ClientStep::Sync => self.sync(client),
            ClientStep::Die => self.die(client),
            ClientStep::Allocation(id, step) => self.allocation_comes_to(client, &id, step),
        }
    }

    /// A client tells what it has gathered, if it is in reach.
    fn sync(&mut self, at: usize) {
        let Some((_, client)) = self.clients.get_index_mut(at) else { return };
        if !client.is_in_reach || client.untold.is_empty() {
            return;
        }
        let allocations = std::mem::take(&mut client.untold).into_values().collect();
        self.tell(UpdateAllocations { allocations }.into());
    }

    fn allocation_comes_to(&mut self, at: usize, id: &str, step: Step) {
        let now = self.now;
        let Some((node_id, client)) = self.clients.get_index_mut(at) else { return };
        let Some(held) = client.held.get_mut(id).filter(|held| held.comes_to(step)) else { return };
        let update = held.step(id, node_id, step, now);
        let script = held.script.clone();
        if step.is_end() {
            client.held.swap_remove(id);
        }
        match step {
            Step::Runs => self.figures.started += 1,
            Step::Completes | Step::Stops => self.figures.completed += 1,
            Step::Fails => self.figures.failed += 1,
            Step::IsWell | Step::IsUnhealthy => {}
        }
        client.gather(update);
        let (life, is_first) = (client.life, client.untold.len() == 1);
        if is_first && client.is_in_reach {
            let happening = Happening::Client { client: at, life, what: ClientStep::Sync };
            self.agenda.add_after(now, Some(self.behaviour.sync), happening);
        }
        if step == Step::Runs {
            self.foresee_end(at, id, &script);
            self.foresee_health(at, id, &script);
        }
    }

    /// Notes how an allocation that runs will end by itself.
    fn foresee_end(&mut self, client: usize, id: &str, script: &Script) {
        let (run, fails) = match script.mock {
            Some(mock) => (Lasting::Fixed(mock.run), mock.fails),
            None if script.is_batch => {
                let fails = self.stream(id).below(1_000) < self.behaviour.failed_per_1000.into();
                (self.behaviour.run, fails)
            }
            None => (self.behaviour.failure, true),
        };
        self.foresee(client, id, run, if fails { Step::Fails } else { Step::Completes });
    }

    /// Notes when it will be known whether an allocation that runs is well.
    fn foresee_health(&mut self, client: usize, id: &str, script: &Script) {
        if !script.is_asked_for_health {
            return;
        }
        let never = self.stream(id).below(1_000) < self.behaviour.unhealthy_per_1000.into();
        let (wait, step) = match never || script.min_healthy_time > script.healthy_deadline {
            true => (script.healthy_deadline, Step::IsUnhealthy),
            false => (script.min_healthy_time, Step::IsWell),
        };
        self.foresee(client, id, Lasting::Fixed(wait), step);
    }

    /// A client that has come up beats, and will die some day.
    fn come_up(&mut self, client: usize) {
        self.beat(client);
        self.foresee_death(client);
    }

    /// Notes when a client that is up will die.
    fn foresee_death(&mut self, client: usize) {
        let Some((id, it)) = self.clients.get_index(client) else { return };
        let (id, life) = (id.clone(), it.life);
        let wait = self.behaviour.node_failure.draw(&mut self.stream(&id));
        let what = ClientStep::Die;
        self.agenda.add_after(self.now, wait, Happening::Client { client, life, what });
    }

    fn beat(&mut self, client: usize) {
        let Some((id, it)) = self.clients.get_index(client).filter(|(_, it)| it.is_in_reach) else {
            return;
        };
        let life = it.life;
        let beat = Heartbeat { node_id: id.clone() };
        let ttl = self.told(beat.into()).ok().and_then(|applied| applied.heartbeat_ttl);
        // Half of the time that there is, so that none is ever late.
        let wait = ttl.map(|ttl| Span::from_nanos(ttl.as_nanos() / 2));
        let what = ClientStep::Heartbeat;
        self.agenda.add_after(self.now, wait, Happening::Client { client, life, what });
    }

    fn die(&mut self, at: usize) {
        let Some((id, client)) = self.clients.get_index_mut(at) else { return };
        let id = id.clone();
        self.figures.node_failures += 1;
        self.figures.died += client.held.values().filter(|it| it.started.is_some()).count() as u64;
        client.is_up = false;
        client.life += 1;
        client.held.clear();
        client.untold.clear();
        let wait = self.behaviour.node_downtime.draw(&mut self.stream(&id));
        self.agenda.add_after(self.now, wait, Happening::Return { client: at });
    }

    /// A client comes back, and starts what it is still to run anew.
    fn come_back(&mut self, at: usize) {
        let Some((id, client)) = self.clients.get_index_mut(at) else { return };
        (client.is_up, client.is_in_reach) = (true, true);
        let (id, spec) = (id.clone(), client.spec.clone());
        self.figures.node_returns += 1;
        self.tell(RegisterNode::from(spec).into());
        self.come_up(at);
        self.hear_of_all(&id);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now)
            .field("engine", &self.engine)
            .field("figures", &self.figures)
            .finish_non_exhaustive()
    }
}
