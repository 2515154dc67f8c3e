//! Reading the log of commands. A damaged one is an error, whatever the store makes of it.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::Path;

use redb::{Database, DatabaseError, ReadableTable};
use stowplan::Timestamp;
use stowplan::engine::{Command, Engine};

use super::{Failure, LOG, VERSION};

/// How many commands are read at once.
const CHUNK: usize = 1_000;

/// What is to be done about a damaged log.
const DAMAGED: &str = "it is damaged: bring it back from a copy, or, to begin at the latest saved state without the \
                       commands after that, move that to a folder of its own";

/// Opens a log; a new one if there is none.
pub(super) fn open(path: &Path) -> Result<Database, String> {
    let name = path.display();
    guarded(|| match Database::create(path) {
        Ok(log) => Ok(Ok(log)),
        Err(DatabaseError::DatabaseAlreadyOpen) => Ok(Err(format!("{name}: another agent has it"))),
        Err(error) => Err(error.into()),
    })
    .map_err(|error| format!("{name}: {error}: {DAMAGED}"))?
}

/// Applies the commands after a number. Gives that of the last one.
pub(super) fn replay(
    log: &Database,
    path: &Path,
    engine: &mut Engine,
    after: u64,
) -> Result<u64, String> {
    let name = path.display();
    let failed = |error: Failure| format!("{name}: {error}: {DAMAGED}");
    let Some(kept) = guarded(|| kept(log)).map_err(failed)? else { return Ok(after) };
    if let Some(first) = kept.first.filter(|first| *first > after + 1) {
        return Err(format!(
            "{name}: it begins with command {first}, and there is no saved state of command {} or later: bring back \
             the state that is missing",
            first - 1
        ));
    }
    let mut latest = after;
    loop {
        let entries = guarded(|| entries(log, latest)).map_err(failed)?;
        if entries.is_empty() {
            return Ok(latest);
        }
        if kept.version != Some(u64::from(Engine::REPLAY_VERSION)) {
            return Err(format!(
                "{name}: its commands are for replay version {}, this program has {}: let the program that wrote it \
                 start and end once, so that it saves a state, which this one reads",
                kept.version.unwrap_or(0),
                Engine::REPLAY_VERSION
            ));
        }
        for (number, entry) in entries {
            if number != latest + 1 {
                return Err(format!("{name}: command {} is missing: {DAMAGED}", latest + 1));
            }
            let entry = read_entry(&entry);
            let (now, command) = entry
                .ok_or_else(|| format!("{name}: command {number} cannot be read: {DAMAGED}"))?;
            // What was refused then is refused now.
            let _ = match command {
                Some(command) => engine.apply(now, command).map(drop).ok(),
                None => engine.advance(now).ok(),
            };
            latest = number;
        }
    }
}

/// What there is in a log.
struct Kept {
    /// The replay version that the commands are for.
    version: Option<u64>,
    first: Option<u64>,
}

fn kept(log: &Database) -> Result<Option<Kept>, Failure> {
    let read = log.begin_read()?;
    let version = match read.open_table(VERSION) {
        Ok(table) => table.get(0)?.map(|version| version.value()),
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let first = read.open_table(LOG)?.first()?.map(|(number, _)| number.value());
    Ok(Some(Kept { version, first }))
}

/// The next commands after a number, as they are written.
fn entries(log: &Database, after: u64) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
    let table = log.begin_read()?.open_table(LOG)?;
    let mut entries = Vec::new();
    for found in table.range(after + 1..)?.take(CHUNK) {
        let (number, entry) = found?;
        entries.push((number.value(), entry.value().to_vec()));
    }
    Ok(entries)
}

/// Reads from the store, which panics on some damages: that is an error here. Nothing of what is read lives on
/// in that case.
fn guarded<T>(read: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let hook = take_hook();
    // The message is for programmers of the store.
    set_hook(Box::new(|_| ()));
    let outcome = catch_unwind(AssertUnwindSafe(read));
    set_hook(hook);
    outcome.unwrap_or_else(|_| Err("it makes no sense as a store".into()))
}

/// A command as it is written: a checksum, its instant, and itself; without one that time came to the instant.
pub(super) fn entry(now: Timestamp, command: Option<&Command>) -> Result<Vec<u8>, String> {
    let mut entry = vec![0; 4];
    entry.extend(now.as_nanos().to_be_bytes());
    if let Some(command) = command {
        serde_json::to_writer(&mut entry, command).map_err(|error| error.to_string())?;
    }
    let sum = checksum(entry.get(4..).unwrap_or_default());
    if let Some(place) = entry.get_mut(..4) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    Ok(entry)
}

fn read_entry(entry: &[u8]) -> Option<(Timestamp, Option<Command>)> {
    let (sum, rest) = entry.split_first_chunk::<4>()?;
    if checksum(rest) != u32::from_be_bytes(*sum) {
        return None;
    }
    let (now, command) = rest.split_first_chunk::<8>()?;
    let now = Timestamp::from_nanos(i64::from_be_bytes(*now));
    let command = (!command.is_empty()).then(|| serde_json::from_slice(command)).transpose();
    Some((now, command.ok()?))
}

pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}
