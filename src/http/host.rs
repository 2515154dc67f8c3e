//! The thread that owns an engine, and what others have of it: a queue of commands, and the latest
//! snapshot. Reads never wait for a write.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::clock::Clock;
use super::journal::{Journal, Nowhere};
use super::query::Wait;
use super::refusal::Refusal;
use super::touched::{is_touched, wake};
use super::waiting::{Key, Waiting};
use crate::engine::{
    Applied, Command, CommandError, Engine, EngineOptions, KeptEvent, Recorded, Snapshot,
};
use crate::time::Timestamp;

/// How many commands are applied before those who read see what came of them.
const BATCH_MAX: usize = 256;
/// After how long it is tried again to keep what could not be kept.
const AGAIN: Duration = Duration::from_secs(1);

/// Something with an engine in which time passes: an [`Engine`] itself, or a world around one.
pub trait Machine: Send + 'static {
    /// The engine.
    fn engine(&self) -> &Engine;

    /// Tells the engine something at an instant, to which time has [come](Machine::advance) before.
    ///
    /// # Errors
    ///
    /// The engine refuses it.
    fn apply(&mut self, now: Timestamp, command: Command) -> Result<Applied, CommandError>;

    /// Lets everything happen that is due by an instant.
    fn advance(&mut self, now: Timestamp);

    /// When something will happen next, unless something else does before.
    fn next_deadline(&self) -> Option<Timestamp>;

    /// Does what follows at once from what was applied, and gives all that the engine was told other than by
    /// [`apply`](Machine::apply) since this was last asked, so that it is kept. An engine is told nothing else.
    fn told(&mut self) -> Vec<Recorded> {
        Vec::new()
    }
}

impl Machine for Engine {
    fn engine(&self) -> &Engine {
        self
    }

    fn apply(&mut self, now: Timestamp, command: Command) -> Result<Applied, CommandError> {
        Engine::apply(self, now, command)
    }

    fn advance(&mut self, now: Timestamp) {
        // Only an instant that is over is refused.
        let _ = Engine::advance(self, now.max(self.now()));
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        Engine::next_deadline(self)
    }
}

/// What a thread of its own does for others with an engine. Copies are of the same engine; with the last
/// one the thread ends.
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions, RegisterNode};
/// use stowplan::http::{Clock, EngineHandle};
/// use stowplan::model::Node;
///
/// let handle = EngineHandle::start(Engine::new(EngineOptions::default()), Clock::system())?;
/// let node = Node::builder("n1").build()?.spec().clone();
/// assert!(handle.apply_blocking(RegisterNode::from(node).into()).is_some_and(|it| it.is_ok()));
/// assert_eq!(handle.snapshot().nodes().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct EngineHandle {
    orders: Sender<Order>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    latest: Mutex<Snapshot>,
    waiting: Waiting,
    clock: Clock,
    options: EngineOptions,
}

type Outcome = Result<Applied, CommandError>;
type EndReply = oneshot::Sender<Result<(), String>>;

/// What the thread is told to do.
enum Order {
    Apply(Box<Command>, oneshot::Sender<Outcome>),
    /// Looks at the engine itself, where a snapshot does not say enough.
    Look(Box<dyn FnOnce(&Engine) + Send>),
    /// Ends the thread.
    End(EndReply),
}

impl EngineHandle {
    /// Starts a thread that owns an engine, or a world around one.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread.
    pub fn start(machine: impl Machine, clock: Clock) -> std::io::Result<EngineHandle> {
        EngineHandle::start_kept(machine, clock, Nowhere)
    }

    /// The same, and every command is kept before it is applied.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread.
    pub fn start_kept(
        machine: impl Machine,
        clock: Clock,
        journal: impl Journal,
    ) -> std::io::Result<EngineHandle> {
        let (orders, received) = channel();
        let latest = Mutex::new(machine.engine().snapshot());
        let options = machine.engine().options().clone();
        let shared = Arc::new(Shared { latest, waiting: Waiting::default(), clock, options });
        let thread = Thread {
            seen: machine.engine().modify_index(),
            machine,
            journal,
            shared: Arc::clone(&shared),
            told: Vec::new(),
            has_passed: false,
            news: Vec::new(),
            has_missed: false,
        };
        std::thread::Builder::new().name("engine".into()).spawn(move || thread.run(&received))?;
        Ok(EngineHandle { orders, shared })
    }

    /// The engine as it was after the latest batch of commands, those that were answered included.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How the engine works.
    pub(super) fn options(&self) -> &EngineOptions {
        &self.shared.options
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Tells the engine something, and waits for what comes of it; none if the thread has ended, or the
    /// command could not be kept.
    pub async fn apply(&self, command: Command) -> Option<Result<Applied, CommandError>> {
        self.send(command)?.await.ok()
    }

    /// The same outside of asynchronous code, in which it would panic.
    pub fn apply_blocking(&self, command: Command) -> Option<Result<Applied, CommandError>> {
        self.send(command)?.blocking_recv().ok()
    }

    fn send(&self, command: Command) -> Option<oneshot::Receiver<Outcome>> {
        let (reply, outcome) = oneshot::channel();
        self.orders.send(Order::Apply(Box::new(command), reply)).ok()?;
        Some(outcome)
    }

    /// Ends the thread, once it has done what it was told so far and its journal has kept the engine as it is
    /// at last. Nothing is applied any more then. Outside of asynchronous code, in which it would panic.
    ///
    /// # Errors
    ///
    /// The engine could not be kept as a whole; every command was.
    pub fn end_blocking(&self) -> Result<(), String> {
        let (reply, ended) = oneshot::channel();
        // Otherwise it has ended before.
        let is_told = self.orders.send(Order::End(reply)).is_ok();
        if is_told { ended.blocking_recv().unwrap_or(Ok(())) } else { Ok(()) }
    }

    /// Looks at the engine itself.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (reply, seen) = oneshot::channel();
        let order = Order::Look(Box::new(move |engine| drop(reply.send(look(engine)))));
        self.orders.send(order).map_err(|_| Refusal::unavailable())?;
        seen.await.map_err(|_| Refusal::unavailable())
    }

    /// Those who wait for something to happen in the engine.
    pub(super) fn waiting(&self) -> &Waiting {
        &self.shared.waiting
    }

    /// Sleeps until the index of a key is above the one that a request has seen, or until its time is over.
    pub(super) async fn wait(&self, key: Key<'_>, wait: Wait, index_of: impl Fn(&Snapshot) -> u64) {
        let waiter = self.shared.waiting.wait_for(key);
        let until = tokio::time::Instant::now() + wait.at_most + self.jitter(wait);
        loop {
            // What is published from here on wakes it.
            let touched = waiter.touched();
            if index_of(&self.snapshot()) > wait.index
                || tokio::time::timeout_at(until, touched).await.is_err()
            {
                return;
            }
        }
    }

    /// Up to a sixteenth of a wait, so that those who began together do not end together.
    fn jitter(&self, wait: Wait) -> Duration {
        let nanos = u64::try_from(wait.at_most.as_nanos() / 16).unwrap_or(u64::MAX);
        let drawn = self.now().as_nanos().unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        Duration::from_nanos(drawn.checked_rem(nanos).unwrap_or(0))
    }
}

/// The thread that owns an engine.
struct Thread<M, J> {
    machine: M,
    journal: J,
    shared: Arc<Shared>,
    /// What the machine told its engine by itself, and is not kept yet.
    told: Vec<Recorded>,
    /// Whether something happened in the course of time after all that is kept.
    has_passed: bool,
    /// The index up to which events were looked at.
    seen: u64,
    /// What happened since the latest snapshot was made, as far as it wakes anybody.
    news: Vec<Arc<KeptEvent>>,
    /// Whether something happened of which there is no event any more.
    has_missed: bool,
}

impl<M: Machine, J: Journal> Thread<M, J> {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let first = match self.wait() {
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => orders.recv_timeout(wait),
            };
            match first {
                Ok(order) => {
                    if let Some(told) = self.serve(order, orders) {
                        let ended = self.end();
                        // What it was kept in is closed when somebody hears of it.
                        drop(self);
                        // Who told it to end may be gone.
                        let _ = told.send(ended);
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    // Nobody is left to hear of it.
                    let _ = self.end();
                    return;
                }
            }
            if self.come_to(self.now()) && self.keep(&[]) {
                self.publish();
                if self.journal.wants_state() {
                    self.journal.save(self.machine.engine().snapshot());
                }
            }
        }
    }

    /// How long to wait for an order; without end if there is none.
    fn wait(&self) -> Option<Duration> {
        match self.told.is_empty() {
            true => self.machine.next_deadline().and_then(|at| self.shared.clock.wait_until(at)),
            false => Some(AGAIN),
        }
    }

    fn end(&mut self) -> Result<(), String> {
        match self.keep(&[]) {
            true => self.journal.end(self.machine.engine().snapshot()),
            false => Err("what happened at last is not kept".to_owned()),
        }
    }

    /// Lets everything happen that is due by an instant. False if what happened before cannot be kept: time
    /// stands still until it can.
    fn come_to(&mut self, now: Timestamp) -> bool {
        let is_kept = self.keep(&[]);
        if is_kept {
            // What commands made ready follows from them, whenever that is.
            self.machine.advance(self.machine.engine().now());
            self.hear();
            let index = self.machine.engine().modify_index();
            self.machine.advance(now);
            self.hear();
            self.has_passed |= self.machine.engine().modify_index() != index;
        }
        is_kept
    }

    /// Keeps what the machine told by itself, and commands that came after it; or else that time has passed,
    /// since an engine that is brought back is told first that it was away, and nodes that were lost by then
    /// would be there again. Whether it did.
    fn keep(&mut self, commands: &[(Timestamp, &Command)]) -> bool {
        // Time comes to the instant of a command before that is applied.
        let has_passed = self.has_passed && commands.is_empty();
        if self.told.is_empty() && commands.is_empty() && !has_passed {
            return true;
        }
        let reached = has_passed.then(|| self.machine.engine().now());
        let told = self.told.iter().map(|it| (it.now, &it.command));
        let all: Vec<(Timestamp, &Command)> = told.chain(commands.iter().copied()).collect();
        let is_kept = self.journal.keep(&all, reached).is_ok();
        if is_kept {
            self.told.clear();
            self.has_passed = false;
        }
        is_kept
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now().max(self.machine.engine().now())
    }

    /// Does what was ordered, with what else was meanwhile, and answers once those who read see it. Gives
    /// back whom to tell of the end, if that was ordered.
    fn serve(&mut self, first: Order, orders: &Receiver<Order>) -> Option<EndReply> {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && !matches!(batch.last(), Some(Order::End(_)))
            && let Ok(order) = orders.try_recv()
        {
            batch.push(order);
        }
        let now = self.now();
        let commands = batch.iter().filter_map(|order| match order {
            Order::Apply(command, _) => Some((now, &**command)),
            _ => None,
        });
        let commands: Vec<(Timestamp, &Command)> = commands.collect();
        let is_kept = commands.is_empty() || (self.come_to(now) && self.keep(&commands));
        let (mut answers, mut end) = (Vec::new(), None);
        for order in batch {
            match order {
                // Who sent what could not be kept hears that there is no answer.
                Order::Apply(..) if !is_kept => {}
                Order::Apply(command, reply) => {
                    answers.push((reply, self.machine.apply(now, *command)));
                    self.note();
                }
                Order::Look(look) => look(self.machine.engine()),
                Order::End(reply) => end = Some(reply),
            }
        }
        self.hear();
        if self.keep(&[]) {
            self.publish();
        }
        for (reply, outcome) in answers {
            // Who no longer waits for the answer does not get it.
            let _ = reply.send(outcome);
        }
        end
    }

    /// Takes what the machine did by itself.
    fn hear(&mut self) {
        self.note();
        self.told.extend(self.machine.told());
        self.note();
    }

    /// Looks at what happened in the latest call.
    fn note(&mut self) {
        let engine = self.machine.engine();
        let latest = engine.modify_index();
        if latest == self.seen {
            return;
        }
        if self.shared.waiting.is_empty() || engine.forgotten_events() > self.seen {
            self.has_missed = true;
        } else {
            self.news.extend(engine.bare_events(self.seen));
        }
        self.seen = latest;
    }

    /// Lets those who read see what happened, and wakes those who wait for it.
    fn publish(&mut self) {
        let snapshot = self.machine.engine().snapshot();
        let before = {
            let mut latest = self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner);
            if !is_touched(&latest, &snapshot) {
                return;
            }
            std::mem::replace(&mut *latest, snapshot)
        };
        // It may be the last of its pages, which take their time, and nobody has to wait for that.
        drop(before);
        let news = std::mem::take(&mut self.news);
        if std::mem::take(&mut self.has_missed) {
            self.shared.waiting.wake_all();
        } else {
            wake(&self.shared.waiting, &news);
        }
    }
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Order::Apply(command, _) => command.name(),
            Order::Look(_) => "Look",
            Order::End(_) => "End",
        })
    }
}
