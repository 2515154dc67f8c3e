//! What a replay came to, for people.

use std::io::{self, Write};

use stowplan::Timestamp;
use stowplan::engine::Engine;

use super::Outcome;
use super::timeline::Look as At;
use crate::output::Output;
use crate::tables::{Look, Sheet, Tone};
use crate::words::{count, number};

/// Writes the summary.
pub(super) fn write(
    engine: &Engine,
    outcome: &Outcome,
    timeline: &[(Timestamp, At)],
    output: &mut Output,
) -> io::Result<()> {
    let look = Look::of_stdout();
    let told = count(outcome.accepted, "command");
    let title = match outcome.refused + outcome.unread {
        0 => format!("{told} accepted"),
        others => format!("{told} accepted, {} not", number(others as u64)),
    };
    let tone = if outcome.refused + outcome.unread == 0 { Tone::Good } else { Tone::Bad };
    look.heading(&title, tone, output)?;
    if outcome.skipped > 0 {
        let seen = count(outcome.skipped, "line");
        writeln!(output, "{seen} skipped, which the saved state has seen")?;
    }
    if outcome.is_cut {
        writeln!(output, "later commands were not told")?;
    }
    let digest = engine.snapshot().saved_digest();
    writeln!(
        output,
        "it is {}, index {}, digest {digest:016x}",
        engine.now(),
        engine.modify_index()
    )?;
    if let Some(next) = engine.next_deadline() {
        writeln!(output, "next something happens at {next}")?;
    }
    look.heading("What ran", Tone::Plain, output)?;
    let titles = [
        "When", "Nodes", "Jobs", "Starting", "Running", "Stopping", "Complete", "Failed", "Lost",
        "Blocked",
    ];
    let mut sheet = Sheet::new(look, &titles);
    let of = |part: usize, all: usize| match part == all {
        true => number(all as u64),
        false => format!("{} of {}", number(part as u64), number(all as u64)),
    };
    for (at, it) in timeline {
        sheet.row([
            at.to_string(),
            of(it.ready, it.nodes),
            of(it.jobs - it.dead_jobs, it.jobs),
            number(it.starting),
            number(it.running),
            number(it.stopping),
            number(it.complete),
            number(it.failed),
            number(it.lost),
            number(it.blocked as u64),
        ]);
    }
    sheet.write(output)
}
