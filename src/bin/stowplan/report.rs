//! The answer for people: what went where, what did not and why, and how full the nodes are.

mod rows;

use std::io::{self, Write};
use std::path::Path;

use indexmap::IndexMap;
use stowplan::{Cluster, Placement};

use self::rows::Rows;
use crate::bars::{ClassUsages, Wanted};
use crate::failures::Failures;
use crate::html::Page;
use crate::output::Output;
use crate::run::Run;
use crate::tables::{Look, Tone};
use crate::verdicts;
use crate::words::{count, number};

/// The most rows of a table.
const ROWS_MAX: usize = 50;

/// What to show beside the answer itself.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// Every node's verdict on every group.
    pub(crate) explain: bool,
    /// Every row of every table.
    pub(crate) full: bool,
    /// The scores of the best nodes for every allocation.
    pub(crate) scores: bool,
    /// The file to write the answer to as a page.
    pub(crate) html: Option<&'a Path>,
}

/// The answer in numbers.
#[derive(Default)]
struct Totals {
    placed: u64,
    evicted: u64,
    /// By node, how many were placed there.
    nodes: IndexMap<String, usize>,
}

/// Places all jobs and writes the answer; says whether everything was placed.
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn write(
    run: &Run<'_>,
    settings: Settings<'_>,
    output: &mut Output,
) -> io::Result<bool> {
    let look = Look::of_stdout();
    let mut cluster = run.cluster();
    let before = ClassUsages::of(&cluster);
    let mut totals = Totals::default();
    let mut rows = Rows::new(settings);
    let mut failures = Failures::default();
    let mut page = settings.html.map(|_| Page::new(&cluster));
    for job in run.jobs("placing jobs") {
        let placement = cluster.place(job, &run.options);
        totals.add(&placement);
        rows.add(&placement, &cluster);
        failures.add(&placement, run.inventory, &cluster);
        if let Some(page) = &mut page {
            page.add(&placement);
        }
    }
    rows.write(look, output)?;
    if !failures.is_empty() {
        failures.write(settings.full, look, output)?;
    }
    if !run.inventory.nodes().is_empty() {
        look.heading("How full the nodes are, by class", Tone::Plain, output)?;
        let rows_max = if settings.full { usize::MAX } else { ROWS_MAX };
        let wanted = Wanted::of(run.jobs);
        ClassUsages::of(&cluster).write(&before, &wanted, rows_max, look, output)?;
    }
    if settings.explain {
        explain(run, settings.full, look, output)?;
    }
    let summary = totals.summary(run, &failures);
    writeln!(output, "\n{summary}")?;
    if let (Some(page), Some(path)) = (page, settings.html) {
        page.write(&cluster, &totals.nodes, &failures, &summary, path)?;
    }
    Ok(failures.is_empty())
}

/// Places everything once more, with an eye on every node.
fn explain(run: &Run<'_>, is_full: bool, look: Look, output: &mut Output) -> io::Result<()> {
    let options = run.options.clone().explain(true);
    let mut cluster: Cluster = run.cluster();
    for job in run.jobs("explaining") {
        if output.is_closed() {
            break;
        }
        let placement = cluster.place(job, &options);
        for explanation in placement.explanations() {
            verdicts::write(&job.id, explanation, &cluster, is_full, look, output)?;
        }
    }
    Ok(())
}

impl Totals {
    fn add(&mut self, placement: &Placement) {
        for allocation in placement.allocations() {
            self.placed += 1;
            self.evicted += allocation.preempted().len() as u64;
            match self.nodes.get_mut(allocation.node_id()) {
                Some(placed) => *placed += 1,
                None => _ = self.nodes.insert(allocation.node_id().to_owned(), 1),
            }
        }
    }

    /// The line of totals.
    fn summary(&self, run: &Run<'_>, failures: &Failures) -> String {
        let jobs = count(run.jobs.len(), "job");
        let missing = failures.missing();
        let mut summary = format!("{jobs}: {} placed", count(self.placed as usize, "allocation"));
        if self.placed > 0 {
            let nodes = run.inventory.nodes().len();
            let used = number(self.nodes.len() as u64);
            summary += &format!(" on {used} of {}", count(nodes, "node"));
        }
        if self.evicted > 0 {
            summary += &format!(", {} evicted", number(self.evicted));
        }
        if missing > 0 {
            summary += &format!(", {} could not be placed", number(missing));
        } else if self.placed == 0 {
            summary += ", none is missing";
        }
        summary
    }
}
