//! One sequence of steps, told to an engine and to the model.

use std::collections::{BTreeMap, BTreeSet};

use stowplan::engine::{
    Command, CommandError, Engine, EngineOptions, EvaluateJob, JobCommandError, NodeCommandError,
};
use stowplan::model::JobType;
use stowplan::testing::Step;
use stowplan::{Span, Timestamp};

use crate::compare::compare;
use crate::facts::Facts;
use crate::launches::is_launched_later;
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
    let mut run = Run { engine, model, facts, told: Vec::new(), tried };
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
        self.engine.check().map_err(|error| error.to_string())?;
        let now = self.engine.modify_index();
        if now == before {
            return Ok(());
        }
        let told: BTreeSet<u64> = self.engine.events(before).iter().map(|it| it.index).collect();
        if let Some(index) = (before + 1..=now).find(|index| !told.contains(index)) {
            return Err(format!("nothing is told of index {index}"));
        }
        let facts = Facts::of(&self.engine);
        self.model.follow(&self.engine, &self.facts, &facts)?;
        self.facts = facts;
        compare(&self.engine, &mut self.model, &self.facts)
    }

    /// Nothing is due: everybody has what it asks for, and being asked again changes nothing.
    fn at_rest(&mut self) -> Result<(), String> {
        let now = self.model.now;
        if self.engine.next_deadline().is_some_and(|at| at <= now) {
            return Err("something is due still".into());
        }
        let (engine, model, facts) = (&self.engine, &self.model, &self.facts);
        let noticed: BTreeSet<&Key> =
            model.jobs.keys().filter(|key| is_noticed(engine, facts, key)).collect();
        let mut waits = Waits::new();
        let surplus = rest::check(model, facts, |key| noticed.contains(key), &mut waits)?;
        for (why, many) in waits {
            *self.tried.waits.entry(why).or_default() += many;
        }
        let mut fork = engine.fork();
        let is_run = |job: &Job| {
            let spec = &job.newest().spec;
            let is_outside = model.outside.has_batch && spec.job_type == "batch";
            !is_launched_later(spec) && !is_outside
        };
        for (key, _) in model.jobs.iter().filter(|(_, job)| is_run(job)) {
            let asked = wanted(&fork, key);
            look_at(&mut fork, key, now)?;
            let once = wanted(&fork, key);
            let may_change = is_due_soon(facts, key, now)
                || surplus.contains(key)
                || has_earlier_replacements(model, facts, key);
            if noticed.contains(key) && !may_change && asked != once {
                return Err(format!("{key:?} is looked at: {asked:?} becomes {once:?}"));
            }
            look_at(&mut fork, key, now)?;
            let twice = wanted(&fork, key);
            if once != twice {
                return Err(format!("{key:?} is looked at twice: {once:?} becomes {twice:?}"));
            }
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

/// Whether nothing of a job has ended, and no node has changed, since it was looked at last.
fn is_noticed(engine: &Engine, facts: &Facts, key: &Key) -> bool {
    let complete = facts.evaluations_of(key).filter(|it| it.status == "complete");
    let Some(looked) = complete.map(|it| it.modify_index).max() else { return false };
    let is_news = |fact: &crate::facts::Fact| {
        // A pass that stops an allocation of a system job by hand does not replace it.
        let is_system = matches!(fact.job_type.as_str(), "system" | "sysbatch");
        if is_system && fact.it.desired_transition.migrate == Some(true) {
            return fact.it.modify_index >= looked;
        }
        // Batch work that is stopped by hand, to be started again later, is started by any look at its job.
        if fact.job_type == "batch" && fact.it.desired_transition.reschedule == Some(true) {
            return true;
        }
        let has_ended = fact.it.client().is_terminal() && fact.it.modify_index > looked;
        !fact.it.desired().is_terminal() && (has_ended || !fact.has_node)
    };
    !facts.allocations_of(key).any(is_news) && !engine.nodes().any(|it| it.modify_index > looked)
}

/// Whether a job is looked at within the second that counts as now.
fn is_due_soon(facts: &Facts, key: &Key, now: Timestamp) -> bool {
    let soon = now + Span::from_secs(1);
    let mut all = facts.evaluations_of(key).filter(|it| it.status == "pending");
    all.any(|it| it.wait_until.is_some_and(|at| at <= soon))
}

/// Whether canaries wait while something runs an earlier version: what replaces it meanwhile is of such a
/// version too (section 2), and may be brought to the newest one in place by the next look.
fn has_earlier_replacements(model: &Model, facts: &Facts, key: &Key) -> bool {
    let newest = model.jobs[key].newest().number;
    let deployment = facts.deployment_of(key).filter(|it| it.job_version == newest);
    let groups = deployment.into_iter().flat_map(|it| it.task_groups.values());
    let is_waiting = groups.into_iter().any(|it| it.desired_canaries > 0 && !it.promoted);
    is_waiting
        && facts.allocations_of(key).any(|it| it.is_live() && it.it.job_version < Some(newest))
}

fn look_at(engine: &mut Engine, key: &Key, now: Timestamp) -> Result<(), String> {
    let (namespace, job_id) = key.clone();
    let evaluate = EvaluateJob { namespace, job_id, ..EvaluateJob::default() };
    engine.apply(now, evaluate.into()).map_err(|error| error.to_string())?;
    engine.advance(now).map_err(|error| error.to_string())
}

/// What is wanted of a job, and which version of it.
fn wanted(engine: &Engine, key: &Key) -> BTreeSet<(String, u64, String)> {
    let all = engine.allocations_of(&key.0, &key.1);
    let wanted = all.filter(|it| !it.desired().is_terminal());
    wanted
        .map(|it| (it.id(), it.document().job_version(), format!("{}{:?}", it.name(), it.client())))
        .collect()
}
