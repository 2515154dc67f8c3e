//! `stowplan replay`: what commands come to that were written down.
//!
//! In: a file with a command a line; a saved state to go on from. Out: events as JSON lines, or what ran
//! when for people; a saved state. May import what the program may.

mod lines;
mod report;
mod timeline;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use stowplan::Timestamp;
use stowplan::engine::{Command, Engine, EngineOptions, Recorded};

use self::lines::{Line, Lines};
use self::timeline::Timeline;
use crate::exit::{BAD_INPUT, NOT_ALL_PLACED, SUCCESS};
use crate::files::{self, Problems, written};
use crate::flags::whole_number;
use crate::output::{Output, complain, complain_unwritten};
use crate::words::{count, printable};

/// Replay commands that were written down: what happened, and what ran when?
///
/// The same commands come to the same, to the last byte: events, identities, where everything is placed.
#[derive(Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Replay {
    /// A command a line, each a JSON object with its instant; `-` is standard input
    ///
    /// `{"now": <nanoseconds or RFC 3339>, "command": {"RegisterJob": {"Job": {...}}}}`. Commands have the
    /// keys of the API's own bodies, and the identity of the path as `JobID`, `NodeID`, `AllocID`, ...
    /// Empty lines say nothing.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The seed of everything that is random: identities, ports, the order of equal nodes [default: 0]
    #[arg(
        long, value_name = "N", conflicts_with = "from", allow_negative_numbers = true,
        value_parser = whole_number::<u64>(0, u64::MAX)
    )]
    seed: Option<u64>,

    /// Go on to this instant (RFC 3339, or nanoseconds since 1970), and tell no later commands
    #[arg(long, value_name = "T", value_parser = instant, allow_negative_numbers = true)]
    until: Option<Timestamp>,

    /// Write what happened as JSON lines, as the API's event stream has it
    #[arg(long)]
    events: bool,

    /// Write what it came to as a saved state
    #[arg(long, value_name = "OUT")]
    save: Option<PathBuf>,

    /// Begin with a saved state, and skip the commands that it has seen
    #[arg(long, value_name = "SAVED")]
    from: Option<PathBuf>,

    /// Stop at the first line that is refused, is no command or has a key that nobody reads
    #[arg(long)]
    strict: bool,
}

const AFTER_HELP: &str = r#"Exit status:
  0  every command was accepted
  2  some commands were refused; what they are is said with the numbers of their lines
  1  the input or the command line is wrong; a line that is no command is said with its number

Example of a file:
  {"now": "2026-01-01T00:00:00Z", "command": {"RegisterNode": {"Node": {"ID": "n1", "Status": "ready",
      "Datacenter": "dc1", "Attributes": {"driver.exec": "1"}, "NodeResources": {"Cpu":
      {"CpuShares": 4000}, "Memory": {"MemoryMB": 8192}, "Disk": {"DiskMB": 100000}}}}}}
  {"now": "2026-01-01T00:00:05Z", "command": {"RegisterJob": {"Job": {"ID": "web", "TaskGroups":
      [{"Name": "front", "Count": 2, "Tasks": [{"Name": "nginx", "Driver": "exec"}]}]}}}}
(each on one line; `examples/commands.jsonl` has more)"#;

/// Of how many lines that are no commands it is said why.
const UNREAD_SAID: usize = 50;

/// How a replay went.
#[derive(Default)]
struct Outcome {
    accepted: usize,
    /// Commands that the saved state had seen.
    skipped: usize,
    refused: usize,
    /// Lines that are no commands.
    unread: usize,
    /// Whether commands came after the last instant.
    is_cut: bool,
}

/// What a replay writes while it goes on.
struct Writing<'a> {
    output: &'a mut Output,
    /// Whether events are written.
    events: bool,
    /// The index of the latest event that was seen.
    seen: u64,
    timeline: Timeline,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    match text.parse::<i64>() {
        Ok(nanos) => Ok(Timestamp::from_nanos(nanos)),
        Err(_) => text.parse::<Timestamp>().map_err(|_| {
            "expected an instant like `2026-01-01T00:00:00Z`, or nanoseconds since 1970".to_owned()
        }),
    }
}

impl Replay {
    /// Runs the subcommand and gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        let begun = self.begin();
        let (mut engine, (file, text)) = match begun {
            Ok(begun) => begun,
            Err(problems) => {
                complain(&problems);
                return BAD_INPUT;
            }
        };
        let mut output = Output::stdout();
        let told = self.tell(&mut engine, &file, &text, &mut output);
        let outcome = match told {
            Ok(outcome) => outcome,
            Err(error) => {
                complain_unwritten(&error);
                return BAD_INPUT;
            }
        };
        if let Some(path) = &self.save
            && let Err(error) = save(&engine, path)
        {
            complain_unwritten(&error);
            return BAD_INPUT;
        }
        match outcome {
            Outcome { unread: 1.., .. } => BAD_INPUT,
            Outcome { refused: 1.., .. } => NOT_ALL_PLACED,
            _ => SUCCESS,
        }
    }

    /// The engine that is told, and the commands.
    fn begin(&self) -> Result<(Engine, (String, Vec<u8>)), Problems> {
        let given = [("FILE", std::slice::from_ref(&self.file)), ("--from", self.from.as_slice())];
        if let Some(message) = files::stdin_given_twice(&given) {
            return Err(Problems::one(&message));
        }
        if let Some(path) = &self.save {
            // What was gone on from may be replaced by what it came to.
            written::check("--save", path, [&self.file])?;
        }
        let engine = match &self.from {
            Some(path) => load(path)?,
            None => {
                let seed = self.seed.unwrap_or_default();
                Engine::new(EngineOptions { seed, ..EngineOptions::default() })
            }
        };
        if self.until.is_some_and(|until| until < engine.now()) {
            let now = engine.now();
            let message =
                format!("`--until` is before the instant of the saved state, which is {now}");
            return Err(Problems::one(&message));
        }
        let (name, text) = files::text(&self.file)?;
        lines::check(&name, &text, engine.commands())?;
        Ok((engine, (name, text)))
    }

    /// Tells the commands, and what happened.
    fn tell(
        &self,
        engine: &mut Engine,
        file: &str,
        text: &[u8],
        output: &mut Output,
    ) -> io::Result<Outcome> {
        let mut outcome = Outcome::default();
        let seen = engine.modify_index();
        let timeline = Timeline::new(engine);
        let mut writing = Writing { output, events: self.events, seen, timeline };
        let mut lines = Lines::of(text, engine.commands());
        for (number, line) in &mut lines {
            let (recorded, text) = match line {
                Line::Skipped => {
                    outcome.skipped += 1;
                    continue;
                }
                Line::Command(recorded, text) => (recorded, text),
                Line::Unread(error) => {
                    outcome.unread += 1;
                    if outcome.unread <= UNREAD_SAID {
                        complain_of_line(file, number, "", &error);
                    }
                    if self.strict {
                        break;
                    }
                    continue;
                }
            };
            if self.until.is_some_and(|until| recorded.now > until) {
                outcome.is_cut = true;
                break;
            }
            if !self.are_keys_known(file, number, text) {
                outcome.unread += 1;
                break;
            }
            // That one is applied before time comes to its instant.
            if !matches!(recorded.command, Command::Resume(_)) {
                writing.advance(engine, recorded.now)?;
            }
            match engine.apply(recorded.now, recorded.command) {
                Ok(_) => outcome.accepted += 1,
                Err(error) => {
                    outcome.refused += 1;
                    complain_of_line(file, number, "refused: ", &error);
                    if self.strict {
                        break;
                    }
                }
            }
            writing.note_events(engine)?;
            if writing.output.is_closed() {
                return Ok(outcome);
            }
        }
        if let Some(more) = outcome.unread.checked_sub(UNREAD_SAID).filter(|more| *more > 0) {
            complain(&format_args!("{file}: {} more are no commands\n", count(more, "line")));
        }
        let end = self.until.unwrap_or_else(|| engine.now());
        writing.advance(engine, end.max(engine.now()))?;
        if !self.events {
            let timeline = writing.timeline.finish(engine);
            report::write(engine, &outcome, &timeline, writing.output)?;
        }
        writing.output.finish()?;
        Ok(outcome)
    }

    /// Says which keys of a line nobody reads; false if the line is refused for them.
    fn are_keys_known(&self, file: &str, number: usize, text: &[u8]) -> bool {
        let unknown = Recorded::unknown_keys(text);
        for key in &unknown {
            match self.strict {
                true => {
                    let key = key.to_string().replace(", ignored", "");
                    complain(&format_args!("{file}: line {number}: {key}\n"));
                }
                false => complain(&format_args!("warning: {file}: line {number}: {key}\n")),
            }
        }
        unknown.is_empty() || !self.strict
    }
}

/// Says what is wrong with a line, each mistake with the line's number.
fn complain_of_line(file: &str, number: usize, what: &str, error: &dyn Display) {
    for mistake in error.to_string().lines() {
        complain(&format_args!("{file}: line {number}: {what}{}\n", printable(mistake)));
    }
}

impl Writing<'_> {
    /// Lets time come to an instant, one change after the other, so that what an event is about is as it was
    /// then.
    fn advance(&mut self, engine: &mut Engine, now: Timestamp) -> io::Result<()> {
        // An instant that is over is the command's to be refused for.
        loop {
            // What is due at the present instant is part of what there was then.
            let present = engine.now();
            if now > present && engine.next_deadline().is_none_or(|next| next > present) {
                self.timeline.note(engine);
            }
            if !engine.step(now).unwrap_or(false) {
                return Ok(());
            }
            self.note_events(engine)?;
        }
    }

    /// Writes the events of a change.
    fn note_events(&mut self, engine: &Engine) -> io::Result<()> {
        if self.events {
            for mut event in engine.events(self.seen) {
                event.payload = engine.payload(&event);
                serde_json::to_writer(&mut *self.output, &event)?;
                writeln!(self.output)?;
            }
        }
        self.seen = engine.modify_index();
        Ok(())
    }
}

/// Reads a saved state.
///
/// # Errors
///
/// It cannot be read, or is none.
pub(crate) fn load(path: &Path) -> Result<Engine, Problems> {
    let (name, bytes) = files::text(path)?;
    Engine::load(&bytes).map_err(|error| {
        let mut problems = Problems::default();
        problems.add(&name, "", &error.to_string());
        problems
    })
}

fn save(engine: &Engine, path: &Path) -> io::Result<()> {
    written::replace(path, |file| {
        engine.snapshot().save().try_for_each(|chunk| file.write_all(&chunk))
    })
}
