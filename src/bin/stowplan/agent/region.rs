//! The engine of one region: as it was kept if it was, with its clock, and with clients if they are played.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use stowplan::engine::{Command, Engine, EngineOptions, RegisterNode, Resume};
use stowplan::http::{Clock, EngineHandle, Journal};
use stowplan::model::NodeSpec;
use stowplan::sim::{Behaviour, World};
use stowplan::{Span, Timestamp};

use super::options::Options;
use super::simulated::Simulated;
use super::stopwatch;
use super::store::{LOG_FILE, Restored, Store};
use crate::files::reason;

/// How many events are kept for those who come back for them.
const HISTORY: usize = 4_096;
/// How far ahead of the machine's a clock is without a word about it.
const AHEAD: Span = Span::from_nanos(60_000_000_000);

/// Starts the engine of a region with nodes. Gives how many commands were applied to bring it back, too.
pub(super) fn start(
    options: &Options,
    region: &str,
    nodes: &[NodeSpec],
) -> Result<(EngineHandle, u64), String> {
    let speed = options.speed();
    let (started, replayed) = match &options.data_dir {
        Some(folder) => {
            let restored = Store::open(&folder.join(region), engine_options(options))?;
            let (clock, replayed) = (clock_of(&restored.engine, speed, region), restored.replayed);
            let (engine, store) = resumed(restored, clock.now())?;
            let started = match speed {
                Some(speed) => {
                    let world = World::around(engine, behaviour());
                    EngineHandle::start_kept(Simulated::kept(world, speed), clock, store)
                }
                None => EngineHandle::start_kept(engine, clock, store),
            };
            (started, replayed)
        }
        None => {
            let engine = Engine::new(engine_options(options));
            let clock = Clock::at_speed(speed.unwrap_or(1.0));
            let started = match speed {
                Some(speed) => {
                    let world = World::around(engine, behaviour());
                    EngineHandle::start(Simulated::new(world, speed), clock)
                }
                None => EngineHandle::start(engine, clock),
            };
            (started, 0)
        }
    };
    let handle = started.map_err(|error| reason(&error))?;
    // Those that are known say themselves what they have become.
    let known = handle.snapshot();
    for (at, node) in nodes.iter().enumerate() {
        if known.node(&node.id).is_some() {
            continue;
        }
        let command = Command::from(RegisterNode::from(node.clone()));
        let joined = handle.apply_blocking(command).ok_or("the engine has ended")?;
        joined.map_err(|error| refused(options, at, node, &error.to_string()))?;
    }
    Ok((handle, replayed))
}

/// Says which node is not taken, and all that is wrong with it.
fn refused(options: &Options, at: usize, node: &NodeSpec, errors: &str) -> String {
    let file = options.nodes.as_ref().map_or_else(String::new, |it| format!("{}: ", it.display()));
    let name = [&node.id, &node.name].into_iter().find(|it| !it.is_empty());
    let name = name.map_or_else(String::new, |it| format!(" ({it})"));
    format!("{file}node {}{name}: {}", at + 1, errors.replace('\n', "; "))
}

/// Says what is wrong with a folder that is to have the regions' own: one that others keep something in is not
/// written to by mistake.
pub(super) fn check_folder(folder: &Path, regions: &[&str]) -> Result<(), String> {
    let name = folder.display();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(format!("{name}: it is a file, not a folder"));
        }
        entries => entries.map_err(|error| format!("{name}: {}", reason(&error)))?,
    };
    for entry in entries.flatten() {
        let (path, entry) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let is_region = regions.contains(&entry.as_str()) || path.join(LOG_FILE).exists();
        // File systems have the latter in their first folder.
        if !is_region && !entry.starts_with('.') && entry != "lost+found" {
            return Err(format!(
                "{name}: there is something in it that no agent put there, {entry}: give a folder of the agent's own"
            ));
        }
    }
    Ok(())
}

fn engine_options(options: &Options) -> EngineOptions {
    let mut of_engine =
        EngineOptions { seed: options.seed(), history: HISTORY, ..EngineOptions::default() };
    of_engine.place = of_engine
        .place
        .stopwatch(stopwatch::nanos)
        .record_failed_placements(options.failure_records());
    of_engine
}

fn behaviour() -> Behaviour {
    Behaviour { details: true, ..Behaviour::prompt() }
}

/// The clock for an engine. Time never goes back, nor does it stand: where it was ahead, since it went faster
/// or the machine's was set back, it goes on from there. Where clients are played nothing happened while they
/// were not, so that it goes on from there in any case.
fn clock_of(engine: &Engine, speed: Option<f64>, region: &str) -> Clock {
    let machine = Clock::system().now();
    if engine.commands() == 0 {
        return Clock::starting_at(machine, speed.unwrap_or(1.0));
    }
    if let Some(speed) = speed {
        return Clock::starting_at(engine.now(), speed);
    }
    if engine.now().since(machine) > AHEAD {
        let now = engine.now();
        tracing::warn!(region, %now, "time is ahead of the machine's, and goes on from there");
    }
    Clock::starting_at(machine.max(engine.now()), 1.0)
}

/// An engine that was kept, in which nodes have time now to be heard of.
pub(super) fn resumed(restored: Restored, now: Timestamp) -> Result<(Engine, Store), String> {
    let Restored { mut store, mut engine, .. } = restored;
    if engine.modify_index() > 0 {
        let (now, resume) = (now.max(engine.now()), Command::from(Resume {}));
        store.keep(&[(now, &resume)], None)?;
        engine.apply(now, resume).map_err(|error| error.to_string())?;
    }
    Ok((engine, store))
}
