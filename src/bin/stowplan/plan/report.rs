//! The answer for people: the difference, the figures, and what would find no place.

use std::io::{self, Write};

use stowplan::Timestamp;
use stowplan::model::{DiffType, PlanAnnotations};
use stowplan::schedule::DryRun;

use super::diff;
use super::question::Question;
use crate::failures::Failures;
use crate::output::Output;
use crate::tables::{Look, Sheet, Tone};
use crate::words::{count, figures, number, printable, wait};

/// How many placements are shown.
const PLACEMENTS_MAX: usize = 20;

/// Writes the answer.
///
/// # Errors
///
/// It cannot be written.
pub(super) fn write(
    question: &Question,
    found: &DryRun,
    with_diff: bool,
    now: Timestamp,
    output: &mut Output,
) -> io::Result<()> {
    let look = Look::of_stdout();
    if with_diff {
        diff::write(&found.diff, look, output)?;
    }
    let title = format!("Registering job {}: {}", found.job.id, what_is_registered(found));
    look.heading(&title, if found.is_complete() { Tone::Good } else { Tone::Bad }, output)?;
    if found.job.is_launched_later() {
        return writeln!(output, "It is launched later; nothing is placed when it is registered.");
    }
    write_figures(&found.annotations, look, output)?;
    write_placements(question, found, look, output)?;
    write_evictions(question, found, look, output)?;
    write_later(found, now, output)?;
    write_failures(found, look, output)?;
    if found.is_complete() {
        writeln!(output, "\nEverything would find its place.")?;
    }
    writeln!(output, "Job modify index: {}", number(found.job_modify_index))
}

fn what_is_registered(found: &DryRun) -> String {
    match found.diff.diff_type {
        DiffType::None => format!("version {} as it is", number(found.job.version)),
        DiffType::Added => "a new job".to_owned(),
        _ => format!("version {}", number(found.job.version)),
    }
}

fn write_figures(annotations: &PlanAnnotations, look: Look, output: &mut Output) -> io::Result<()> {
    let mut sheet = Sheet::new(look, &["Group", "What changes"]);
    for (group, of_group) in &annotations.desired_tg_updates {
        sheet.row([group.clone(), figures(of_group)]);
    }
    sheet.write(output)
}

/// Where what is placed would go.
fn write_placements(
    question: &Question,
    found: &DryRun,
    look: Look,
    output: &mut Output,
) -> io::Result<()> {
    let placements = &found.decision.placements;
    if placements.is_empty() {
        return Ok(());
    }
    writeln!(output)?;
    let shown = &placements[..placements.len().min(PLACEMENTS_MAX)];
    let replaces_any = shown.iter().any(|it| !it.previous_allocation.is_empty());
    let columns = ["Would be placed", "Node", "In place of"];
    let mut sheet = Sheet::new(look, if replaces_any { &columns } else { &columns[..2] });
    for placement in shown {
        let mut row =
            vec![placement.name.clone(), node_name(question, &placement.node_id).to_owned()];
        if replaces_any {
            let known = &question.known.allocations;
            let replaced = known.iter().find(|it| it.id == placement.previous_allocation);
            let on = replaced.map(|it| format!("one on {}", node_name(question, &it.node_id)));
            row.push(on.unwrap_or_default());
        }
        sheet.row(row);
    }
    sheet.write(output)?;
    match placements.len().checked_sub(PLACEMENTS_MAX) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(output, "and {} more", number(more as u64)),
    }
}

/// The name of a node, or its ID where it has none.
fn node_name<'a>(question: &'a Question, id: &'a str) -> &'a str {
    let node = question.cluster.node(id);
    node.map(|node| node.name.as_str()).filter(|name| !name.is_empty()).unwrap_or(id)
}

fn write_evictions(
    question: &Question,
    found: &DryRun,
    look: Look,
    output: &mut Output,
) -> io::Result<()> {
    let evicted = &found.annotations.preempted_allocs;
    if evicted.is_empty() {
        return Ok(());
    }
    let title = format!("Would be evicted: {}", count(evicted.len(), "allocation"));
    look.heading(&title, Tone::Poor, output)?;
    let mut sheet = Sheet::new(look, &["Allocation", "Job", "Node"]);
    for allocation in evicted {
        sheet.row([
            allocation.name.clone(),
            allocation.job_id.clone(),
            node_name(question, &allocation.node_id).to_owned(),
        ]);
    }
    sheet.write(output)
}

/// What is done step by step, or later.
fn write_later(found: &DryRun, now: Timestamp, output: &mut Output) -> io::Result<()> {
    if let Some(deployment) = &found.decision.deployment {
        let groups: Vec<String> = deployment.task_groups.keys().map(|it| printable(it)).collect();
        writeln!(output, "\nA deployment would see to it, group by group: {}", groups.join(", "))?;
    }
    for created in found.decision.created.iter().filter(|it| it.status != "blocked") {
        let when = created.wait_until.map_or(String::new(), |at| format!(" in {}", wait(now, at)));
        writeln!(output, "It would be looked at again{when}: {}", created.triggered_by)?;
    }
    Ok(())
}

fn write_failures(found: &DryRun, look: Look, output: &mut Output) -> io::Result<()> {
    let Some(cluster) = found.cluster().filter(|_| !found.is_complete()) else { return Ok(()) };
    let mut failures = Failures::default();
    for failed in found.failed() {
        let metrics = found.decision.evaluation.failed_tg_allocs.get(failed.name());
        let missing = metrics.map_or(1, |metrics| metrics.coalesced_failures + 1);
        let wanted = missing.max(u64::from(failed.task_group().count()));
        failures.add_group(&failed, missing, wanted, cluster);
    }
    failures.write(true, look, output)
}
