//! One sequence of steps, told to an engine and to the model.

use std::collections::{BTreeMap, BTreeSet};

use stowplan::engine::{
    Command, CommandError, Engine, EngineOptions, JobCommandError, NodeCommandError,
};
use stowplan::model::JobType;
use stowplan::testing::Step;
use stowplan::{Span, Timestamp};

use crate::compare::compare;
use crate::facts::Facts;
use crate::launches::is_launched_later;
use crate::looks::{Past, is_noticed, leads_on, look_at, settle, wanted};
use crate::model::{Answer, Job, Key, Model};
use crate::rest::{self, Waits};

/// What was tried.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// How often each command was accepted and refused.
    pub(crate) commands: BTreeMap<&'static str, (usize, usize)>,
    pub(crate) timers: usize,
    pub(crate) waits: Waits,
    /// Whether every step is printed.
    pub(crate) is_shown: bool,
}

struct Run<'a> {
    engine: Engine,
    model: Model,
    facts: Facts,
    told: Vec<(Timestamp, Command)>,
    past: Past,
    tried: &'a mut Tried,
}

/// Tells steps to an engine, and says what is not as the model has it.
///
/// Batch jobs may be left to a scheduler outside, whose steps are among them.
pub(crate) fn run(steps: &[Step], is_outside: bool, tried: &mut Tried) -> Result<(), String> {
    let engine = Engine::new(options(is_outside));
    let mut model = Model::new(Timestamp::from_secs(1_000));
    model.outside.has_batch = is_outside;
    let facts = Facts::of(&engine);
    let mut run = Run { engine, model, facts, told: Vec::new(), past: Past::default(), tried };
    for (number, step) in steps.iter().enumerate() {
        let result = run.step(step);
        if result.is_err() && run.tried.is_shown {
            run.facts.print();
        }
        result.map_err(|error| format!("step {number}, {step:?}: {error}"))?;
    }
    run.time_jumps()
}

fn options(is_outside: bool) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.processed.retain(|it| !is_outside || *it != JobType::Batch);
    options
}

impl Run<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        let until = self.model.now + step.wait;
        self.wait(until)?;
        let command = step.command(&self.engine);
        if self.tried.is_shown {
            println!("{} {}", self.model.now, serde_json::to_string(&command).unwrap_or_default());
        }
        self.told.push((until, command.clone()));
        self.tell(command)?;
        self.advance(until)?;
        // Verdicts on deployments are gathered for so long before anything comes of them.
        self.wait(until + Span::from_nanos(250_000_000))?;
        self.at_rest()
    }

    /// Lets time pass, from one instant at which something happens to the next.
    fn wait(&mut self, until: Timestamp) -> Result<(), String> {
        let mut last = None;
        while let Some(at) = self.engine.next_deadline().filter(|at| *at <= until) {
            if last == Some(at) {
                return Err(format!("the deadline {at} does not pass"));
            }
            last = Some(at);
            self.tried.timers += 1;
            self.model.miss(at, &self.facts);
            self.model.fire_launches(at, &self.facts);
            self.model.miss_deliveries(at);
            self.advance(at).map_err(|error| format!("at {at}: {error}"))?;
        }
        self.advance(until)
    }

    fn advance(&mut self, at: Timestamp) -> Result<(), String> {
        self.model.now = at;
        let before = self.engine.modify_index();
        self.engine.advance(at).map_err(|error| error.to_string())?;
        self.look(before)
    }

    fn tell(&mut self, command: Command) -> Result<(), String> {
        let name = command.name();
        let expected = self.model.tell(&command, &self.facts);
        let before = self.engine.modify_index();
        let content = self.engine.digest();
        let answer = self.engine.apply(self.model.now, command);
        let tried = self.tried.commands.entry(name).or_default();
        if answer.is_ok() {
            tried.0 += 1
        } else {
            tried.1 += 1
        }
        match (&answer, &expected) {
            (Ok(applied), Answer::Accepted) => self.model.note(applied, &self.facts)?,
            (Err(error), Answer::Refused(expected)) if error == expected => {}
            (Err(CommandError::Job(JobCommandError::Invalid(_))), Answer::Invalid) => {}
            (Err(CommandError::Node(NodeCommandError::Invalid(_))), Answer::Invalid) => {}
            _ => return Err(format!("the answer is {answer:?}, not {expected:?}")),
        }
        let is_same = (before, content) == (self.engine.modify_index(), self.engine.digest());
        if answer.is_err() && !is_same {
            return Err("what was refused has changed something".into());
        }
        self.look(before)
    }

    /// Looks at what the latest call came to.
    fn look(&mut self, before: u64) -> Result<(), String> {
        let now = self.engine.modify_index();
        if now == before {
            return Ok(());
        }
        self.engine.check().map_err(|error| error.to_string())?;
        let told: BTreeSet<u64> = self.engine.events(before).iter().map(|it| it.index).collect();
        if let Some(index) = (before + 1..=now).find(|index| !told.contains(index)) {
            return Err(format!("nothing is told of index {index}"));
        }
        let facts = Facts::of(&self.engine);
        self.model.follow(&self.engine, &self.facts, &facts)?;
        self.facts = facts;
        self.past.note(&self.facts);
        compare(&self.engine, &mut self.model, &self.facts)
    }

    /// Nothing is due: everybody has what it asks for, and being asked again changes nothing.
    fn at_rest(&mut self) -> Result<(), String> {
        let now = self.model.now;
        if self.engine.next_deadline().is_some_and(|at| at <= now) {
            return Err("something is due still".into());
        }
        self.engine.check().map_err(|error| error.to_string())?;
        let (engine, model, facts) = (&self.engine, &self.model, &self.facts);
        let is_noticed = |key: &&Key| is_noticed(engine, model, facts, key, &self.past);
        let noticed: BTreeSet<&Key> = model.jobs.keys().filter(is_noticed).collect();
        let mut waits = Waits::new();
        let surplus = rest::check(model, facts, |key| noticed.contains(key), &mut waits)?;
        for (why, many) in waits {
            *self.tried.waits.entry(why).or_default() += many;
        }
        let mut fork = engine.fork();
        let is_run = |job: &Job| {
            let spec = &job.present().spec;
            let is_outside = model.outside.has_batch && spec.job_type == "batch";
            !is_launched_later(spec) && !is_outside
        };
        for (key, _) in model.jobs.iter().filter(|(_, job)| is_run(job)) {
            let asked = wanted(&fork, key);
            look_at(&mut fork, key, now)?;
            let once = wanted(&fork, key);
            let may_change =
                surplus.contains(key) || leads_on(engine, model, facts, key, &self.past);
            if noticed.contains(key) && !may_change && asked != once {
                if self.tried.is_shown {
                    println!("looked at:");
                    Facts::of(&fork).print();
                }
                return Err(format!("{key:?} is looked at: {asked:?} becomes {once:?}"));
            }
            settle(&mut fork, model, facts, key, surplus.contains(key))?;
        }
        fork.check().map_err(|error| format!("looked at anew: {error}"))
    }

    /// The same commands at the same instants, and nobody calls in between.
    fn time_jumps(&mut self) -> Result<(), String> {
        let mut again = Engine::new(options(self.model.outside.has_batch));
        for (at, command) in self.told.drain(..) {
            // This one is applied before time moves.
            if matches!(command, Command::Resume(_)) {
                again.advance(at).map_err(|error| error.to_string())?;
            }
            let _ = again.apply(at, command);
        }
        again.advance(self.model.now).map_err(|error| error.to_string())?;
        self.advance(self.model.now)?;
        match again.dump() == self.engine.dump() {
            true => Ok(()),
            false => Err("an engine whose time jumps comes to something else".into()),
        }
    }
}
