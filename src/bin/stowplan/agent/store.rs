//! What an agent keeps on disk: every command before it is applied, and saved states, so that it need not
//! apply them all when it starts again.
//!
//! The commands are in a store, `log.redb`, each under its number with its instant and a checksum; as many
//! as came at once are written at once. The file `latest` says how many there are, so that none is lost in
//! silence. A state `state-NUMBER.saved` is the engine after the command of
//! that number. The two latest states are there, and the commands after the earlier one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use redb::{Database, TableDefinition};
use stowplan::Timestamp;
use stowplan::engine::{Command, Engine, EngineOptions, Snapshot};
use stowplan::http::Journal;

use self::mark::Mark;
use super::stopwatch;
use crate::files::reason;

mod log;
mod mark;

/// Commands by their numbers, from 1 on.
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
/// The replay version that the commands are for, under the key 0.
const VERSION: TableDefinition<'_, u64, u64> = TableDefinition::new("replay version");
/// Why the store does not do what it is to do.
type Failure = Box<dyn std::error::Error>;

/// The file in which they are.
pub(super) const LOG_FILE: &str = "log.redb";

/// After how many commands a state is saved.
const STATE_EVERY: u64 = 50_000;

/// The store of one engine.
pub(super) struct Store {
    folder: PathBuf,
    log: Database,
    mark: Mark,
    /// The number of the latest command.
    latest: u64,
    /// The numbers of the states that are there, the latest first.
    states: Vec<u64>,
    /// A state that is being written.
    writing: Option<Receiver<Result<u64, String>>>,
    /// The number at which the latest state was begun.
    begun: u64,
}

/// An engine as it was, and what was found of it.
pub(super) struct Restored {
    pub(super) store: Store,
    pub(super) engine: Engine,
    /// How many commands were applied after the state.
    pub(super) replayed: u64,
}

impl Store {
    /// Opens the store in a folder, which is made if there is none, and brings its engine back; a new one if
    /// there was none.
    pub(super) fn open(folder: &Path, options: EngineOptions) -> Result<Restored, String> {
        fs::create_dir_all(folder).map_err(|error| named(folder, &error))?;
        let path = folder.join(LOG_FILE);
        drop_parts(folder)?;
        let states = states(folder)?;
        if !states.is_empty() && !path.exists() {
            return Err(format!(
                "{}: it is missing, and there are saved states beside it: bring it back from a copy, or move the \
                 latest state to a folder of its own to begin with that, without the commands after it",
                path.display()
            ));
        }
        let log = log::open(&path)?;
        let restored = (|| {
            let begun = states.first().copied().unwrap_or(0);
            let mut engine = match states.first() {
                Some(number) => load(folder, *number)?,
                None => Engine::new(options),
            };
            engine.set_stopwatch(Some(stopwatch::nanos));
            let latest = log::replay(&log, &path, &mut engine, begun)?;
            let mark = Mark::open(folder, latest)?;
            Ok((engine, begun, latest, mark))
        })();
        let (engine, begun, latest, mark) = match restored {
            Ok(restored) => restored,
            Err(message) => {
                // What may be damaged is left as it is: closing it would write to it.
                std::mem::forget(log);
                return Err(message);
            }
        };
        let folder = folder.to_owned();
        let mut store = Store { folder, log, mark, latest, states, writing: None, begun };
        store.drop_old_states();
        store.note_version().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Restored { store, engine, replayed: latest - begun })
    }

    fn note_version(&self) -> Result<(), Failure> {
        let write = self.log.begin_write()?;
        write.open_table(VERSION)?.insert(0, u64::from(Engine::REPLAY_VERSION))?;
        write.open_table(LOG)?;
        write.commit()?;
        Ok(())
    }

    fn write(
        &mut self,
        commands: &[(Timestamp, &Command)],
        reached: Option<Timestamp>,
    ) -> Result<(), String> {
        let mut entries = Vec::with_capacity(commands.len() + 1);
        for (now, command) in commands {
            entries.push(log::entry(*now, Some(command))?);
        }
        if let Some(now) = reached {
            entries.push(log::entry(now, None)?);
        }
        let forgotten = self.finished_state();
        let latest = self.latest;
        let write = || -> Result<u64, Failure> {
            let transaction = self.log.begin_write()?;
            let mut number = latest;
            {
                let mut log = transaction.open_table(LOG)?;
                for entry in &entries {
                    number += 1;
                    log.insert(number, entry.as_slice())?;
                }
                if let Some(forgotten) = forgotten {
                    log.retain_in(..=forgotten, |_, _| false)?;
                }
            }
            transaction.commit()?;
            Ok(number)
        };
        self.latest = write().map_err(|error| format!("{LOG_FILE}: {error}"))?;
        self.mark.set(self.latest);
        Ok(())
    }

    /// Looks whether a state that was being written is there by now. Gives the number up to which commands
    /// are needed no more then: that of the state before.
    fn finished_state(&mut self) -> Option<u64> {
        let outcome = match self.writing.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err("a state was not saved".to_owned()),
            Ok(outcome) => outcome,
        };
        self.writing = None;
        match outcome {
            Ok(number) => self.states.insert(0, number),
            // The commands are all there, and the next one may be saved.
            Err(message) => tracing::warn!("{message}"),
        }
        self.drop_old_states();
        self.states.get(1).copied()
    }

    fn drop_old_states(&mut self) {
        for number in self.states.split_off(self.states.len().min(2)) {
            // One too many does no harm.
            let _ = fs::remove_file(state_path(&self.folder, number));
        }
    }
}

impl Journal for Store {
    fn keep(
        &mut self,
        commands: &[(Timestamp, &Command)],
        reached: Option<Timestamp>,
    ) -> Result<(), String> {
        let outcome = self.write(commands, reached);
        if let Err(message) = &outcome {
            let folder = self.folder.display();
            tracing::error!(
                "{folder}: {message}: what is asked for is refused until it can be kept"
            );
        }
        outcome
    }

    fn wants_state(&self) -> bool {
        self.writing.is_none() && self.latest - self.begun >= STATE_EVERY
    }

    fn save(&mut self, snapshot: Snapshot) {
        let (folder, number) = (self.folder.clone(), self.latest);
        let (told, writing) = channel();
        let work =
            move || drop(told.send(write_state(&folder, number, &snapshot).map(|()| number)));
        self.begun = number;
        // If there is no thread to be had the next state will be saved in time.
        if std::thread::Builder::new().name("saving".into()).spawn(work).is_ok() {
            self.writing = Some(writing);
        }
    }

    fn end(&mut self, snapshot: Snapshot) -> Result<(), String> {
        if let Some(writing) = self.writing.take() {
            // One that failed is made up for by the one that is written now.
            if let Ok(Ok(number)) = writing.recv() {
                self.states.insert(0, number);
            }
        }
        if self.states.first() != Some(&self.latest) {
            write_state(&self.folder, self.latest, &snapshot)?;
            self.states.insert(0, self.latest);
        }
        self.drop_old_states();
        let Some(&forgotten) = self.states.get(1) else { return Ok(()) };
        let forget = || -> Result<(), Failure> {
            let transaction = self.log.begin_write()?;
            transaction.open_table(LOG)?.retain_in(..=forgotten, |_, _| false)?;
            transaction.commit()?;
            Ok(())
        };
        forget().map_err(|error| format!("{LOG_FILE}: {error}"))
    }
}

/// Takes away the states that were never whole, since the agent was killed while it wrote them.
fn drop_parts(folder: &Path) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|error| named(folder, &error))? {
        let path = entry.map_err(|error| named(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "part") {
            fs::remove_file(&path).map_err(|error| named(&path, &error))?;
        }
    }
    Ok(())
}

fn state_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("state-{number:020}.saved"))
}

/// The numbers of the states in a folder, the latest first.
fn states(folder: &Path) -> Result<Vec<u64>, String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| named(folder, &error))? {
        let name = entry.map_err(|error| named(folder, &error))?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix("state-")?.strip_suffix(".saved"));
        found.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

fn load(folder: &Path, number: u64) -> Result<Engine, String> {
    let path = state_path(folder, number);
    let bytes = fs::read(&path).map_err(|error| named(&path, &error))?;
    Engine::load(&bytes).map_err(|error| {
        format!(
            "{}: {error}: bring it back from a copy, or move it away to begin at the state before it, from \
             which the log goes on",
            path.display()
        )
    })
}

/// Writes a state so that it is there whole or not at all, and lasts.
fn write_state(folder: &Path, number: u64, snapshot: &Snapshot) -> Result<(), String> {
    let path = state_path(folder, number);
    let part = path.with_extension("part");
    let write = || -> io::Result<()> {
        let mut file = io::BufWriter::new(File::create(&part)?);
        for chunk in snapshot.save() {
            file.write_all(&chunk)?;
        }
        file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| named(&path, &error))
}

fn named(path: &Path, error: &io::Error) -> String {
    format!("{}: {}", path.display(), reason(error))
}
