//! The answer for people: what stops, what is placed and updated, what waits, and what found no place.

use std::io::{self, Write};

use stowplan::model::Allocation;
use stowplan::schedule::{Decision, Situation};

use crate::output::Output;
use crate::tables::{Look, Sheet, Tone};
use crate::words::{count, figures, number, wait};

/// Writes the answer.
///
/// # Errors
///
/// It cannot be written.
pub(super) fn write(
    situation: &Situation,
    decision: &Decision,
    output: &mut Output,
) -> io::Result<()> {
    let look = Look::of_stdout();
    heading(situation, decision, look, output)?;
    write_figures(decision, look, output)?;
    write_stops(situation, decision, look, output)?;
    write_placements(situation, decision, look, output)?;
    write_updates(situation, decision, look, output)?;
    write_deployments(decision, output)?;
    write_evaluations(situation, decision, look, output)?;
    write_failures(decision, look, output)
}

/// What was processed, and what became of it.
fn heading(
    situation: &Situation,
    decision: &Decision,
    look: Look,
    output: &mut Output,
) -> io::Result<()> {
    let evaluation = &decision.evaluation;
    let failed = !evaluation.failed_tg_allocs.is_empty() || evaluation.status == "failed";
    let what = if decision.is_reblocked { "waits for room again" } else { &evaluation.status };
    let title = format!(
        "Evaluation {} of job {} ({}): {what}",
        evaluation.id, evaluation.job_id, situation.evaluation.triggered_by
    );
    look.heading(&title, if failed { Tone::Bad } else { Tone::Good }, output)?;
    if !evaluation.status_description.is_empty() {
        writeln!(output, "{}", crate::words::printable(&evaluation.status_description))?;
    }
    Ok(())
}

fn write_figures(decision: &Decision, look: Look, output: &mut Output) -> io::Result<()> {
    if decision.figures.is_empty() {
        return Ok(());
    }
    let mut sheet = Sheet::new(look, &["Group", "What changes"]);
    for (group, of_group) in &decision.figures {
        sheet.row([group.clone(), figures(of_group)]);
    }
    sheet.write(output)
}

fn name_of<'a>(situation: &'a Situation, id: &'a str) -> &'a str {
    let found = situation.known.allocations.iter().find(|it| it.id == id);
    found.map_or(id, |allocation| &allocation.name)
}

fn node_name(situation: &Situation, id: &str) -> String {
    let node = situation.cluster.node(id);
    node.map(|it| &it.name).filter(|name| !name.is_empty()).map_or(id.to_owned(), String::clone)
}

fn write_stops(
    situation: &Situation,
    decision: &Decision,
    look: Look,
    output: &mut Output,
) -> io::Result<()> {
    if decision.stops.is_empty() {
        return Ok(());
    }
    let stops = decision.stops.len();
    look.heading(&format!("Stops: {}", count(stops, "allocation")), Tone::Plain, output)?;
    let mut sheet = Sheet::new(look, &["Allocation", "ID", "Node", "Why"]);
    for stop in &decision.stops {
        let lost = if stop.client_status == "lost" { " (lost)" } else { "" };
        sheet.row([
            name_of(situation, &stop.id).to_owned(),
            stop.id.clone(),
            node_name(situation, &stop.node_id),
            format!("{}{lost}", stop.desired_description),
        ]);
    }
    sheet.write(output)
}

fn write_placements(
    situation: &Situation,
    decision: &Decision,
    look: Look,
    output: &mut Output,
) -> io::Result<()> {
    if decision.placements.is_empty() {
        return Ok(());
    }
    let placed = count(decision.placements.len(), "allocation");
    look.heading(&format!("Placed: {placed}"), Tone::Good, output)?;
    let mut sheet = Sheet::new(look, &["Allocation", "Node", "Version ", "Replaces", "As"]);
    for placement in &decision.placements {
        sheet.row([
            placement.name.clone(),
            node_name(situation, &placement.node_id),
            number(placement.job_version()),
            placement.previous_allocation.clone(),
            role(placement).to_owned(),
        ]);
    }
    sheet.write(output)
}

/// What a new allocation is beside one of many.
fn role(placement: &Allocation) -> &'static str {
    match (placement.is_canary(), &placement.reschedule_tracker) {
        (true, _) => "canary",
        (false, Some(_)) => "rescheduled",
        (false, None) => "",
    }
}

fn write_updates(
    situation: &Situation,
    decision: &Decision,
    look: Look,
    output: &mut Output,
) -> io::Result<()> {
    if decision.updates.is_empty() {
        return Ok(());
    }
    let updates = count(decision.updates.len(), "allocation");
    look.heading(&format!("Updated: {updates}"), Tone::Plain, output)?;
    let mut sheet = Sheet::new(look, &["Allocation", "ID", "What"]);
    for update in &decision.updates {
        let before = situation.known.allocations.iter().find(|it| it.id == update.id);
        let is_in_place = decision.in_place.contains(&update.id);
        let what = match before {
            _ if is_in_place => format!("in place to version {}", update.job_version()),
            Some(before) if before.client_status != update.client_status => {
                format!("client status `{}`", update.client_status)
            }
            Some(before) if before.alloc_states.len() < update.alloc_states.len() => {
                "answers again".to_owned()
            }
            Some(before) if before.followup_eval_id != update.followup_eval_id => {
                "waits for a later evaluation".to_owned()
            }
            _ => "no node was found to replace it".to_owned(),
        };
        sheet.row([name_of(situation, &update.id).to_owned(), update.id.clone(), what]);
    }
    sheet.write(output)
}

fn write_deployments(decision: &Decision, output: &mut Output) -> io::Result<()> {
    if let Some(update) = &decision.deployment_update {
        writeln!(output, "\nDeployment {}: {}", update.id, update.status_description)?;
    }
    if let Some(new) = &decision.deployment {
        writeln!(
            output,
            "\nNew deployment of version {}: {}",
            new.job_version, new.status_description
        )?;
        for (group, state) in &new.task_groups {
            let total = count(amount(state.desired_total), "allocation");
            let canaries = match amount(state.desired_canaries) {
                0 => String::new(),
                canaries => format!(", {} first", count_of_canaries(canaries)),
            };
            writeln!(output, "  {}: {total}{canaries}", crate::words::printable(group))?;
        }
    }
    Ok(())
}

fn amount(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn count_of_canaries(canaries: usize) -> String {
    if canaries == 1 {
        "1 canary".to_owned()
    } else {
        format!("{} canaries", number(canaries as u64))
    }
}

fn write_evaluations(
    situation: &Situation,
    decision: &Decision,
    look: Look,
    output: &mut Output,
) -> io::Result<()> {
    if decision.created.is_empty() {
        return Ok(());
    }
    look.heading("Evaluations that come of it", Tone::Plain, output)?;
    let mut sheet = Sheet::new(look, &["Triggered by", "Status", "When", "Why"]);
    for created in &decision.created {
        let when = match created.wait_until {
            Some(at) => format!("in {}", wait(situation.now, at)),
            None if created.status == "blocked" => "when there is room".to_owned(),
            None => "now".to_owned(),
        };
        sheet.row([
            created.triggered_by.clone(),
            created.status.clone(),
            when,
            created.status_description.clone(),
        ]);
    }
    sheet.write(output)
}

fn write_failures(decision: &Decision, look: Look, output: &mut Output) -> io::Result<()> {
    let failed = &decision.evaluation.failed_tg_allocs;
    if failed.is_empty() {
        return Ok(());
    }
    look.heading("Could not be placed", Tone::Bad, output)?;
    let mut sheet = Sheet::new(look, &["Group", "Missing ", "Why"]).with_long_rows();
    for (group, metrics) in failed {
        let mut why = vec![format!(
            "{} evaluated, {} filtered, {} exhausted",
            count(amount_of(metrics.nodes_evaluated), "node"),
            number(metrics.nodes_filtered),
            number(metrics.nodes_exhausted),
        )];
        let filtered = metrics.constraint_filtered.iter().map(|(rule, nodes)| (rule, "by", nodes));
        let exhausted = metrics
            .dimension_exhausted
            .iter()
            .map(|(dimension, nodes)| (dimension, "for lack of", nodes));
        for (reason, verb, nodes) in filtered.chain(exhausted) {
            why.push(format!("{} {verb} {reason}", count(amount_of(*nodes), "node")));
        }
        sheet.row_of_lines([
            vec![group.clone()],
            vec![number(metrics.coalesced_failures + 1)],
            why,
        ]);
    }
    sheet.write(output)
}

fn amount_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
