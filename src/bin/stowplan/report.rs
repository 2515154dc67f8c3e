//! The answer for people: what went where, what did not and why, and how full the nodes are.

mod rows;

use std::io::{self, Write};

use indexmap::IndexSet;
use stowplan::{Cluster, Placement};

use self::rows::Rows;
use crate::bars::ClassUsages;
use crate::failures::Failures;
use crate::output::Output;
use crate::run::Run;
use crate::tables::{Look, Tone};
use crate::verdicts;
use crate::words::{count, number};

/// The most rows of a table.
const ROWS_MAX: usize = 50;

/// What to show beside the answer itself.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// Every node's verdict on every group.
    pub(crate) explain: bool,
    /// Every row of every table.
    pub(crate) full: bool,
    /// The scores of the best nodes for every allocation.
    pub(crate) scores: bool,
}

/// The answer in numbers.
#[derive(Default)]
struct Totals {
    placed: u64,
    evicted: u64,
    nodes: IndexSet<String>,
}

/// Places all jobs and writes the answer; says whether everything was placed.
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn write(run: &Run<'_>, settings: Settings, output: &mut Output) -> io::Result<bool> {
    let look = Look::of_stdout();
    let mut cluster = run.cluster();
    let before = ClassUsages::of(&cluster);
    let mut totals = Totals::default();
    let mut rows = Rows::new(settings);
    let mut failures = Failures::default();
    for job in run.jobs("placing jobs") {
        let placement = cluster.place(job, &run.options);
        totals.add(&placement);
        rows.add(&placement, &cluster);
        failures.add(&placement, run.inventory, &cluster);
    }
    rows.write(look, output)?;
    if !failures.is_empty() {
        failures.write(settings.full, look, output)?;
    }
    if !run.inventory.nodes().is_empty() {
        look.heading("How full the nodes are, by class", Tone::Plain, output)?;
        let rows_max = if settings.full { usize::MAX } else { ROWS_MAX };
        ClassUsages::of(&cluster).write(&before, rows_max, look, output)?;
    }
    if settings.explain {
        explain(run, settings.full, look, output)?;
    }
    totals.write(run, &failures, output)?;
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
            if !self.nodes.contains(allocation.node_id()) {
                self.nodes.insert(allocation.node_id().to_owned());
            }
        }
    }

    /// Writes the line of totals.
    fn write(&self, run: &Run<'_>, failures: &Failures, to: &mut Output) -> io::Result<()> {
        let jobs = count(run.jobs.len(), "job");
        let missing = failures.missing();
        write!(to, "\n{jobs}: {} placed", count(self.placed as usize, "allocation"))?;
        if self.placed > 0 {
            let nodes = run.inventory.nodes().len();
            write!(to, " on {} of {}", number(self.nodes.len() as u64), count(nodes, "node"))?;
        }
        if self.evicted > 0 {
            write!(to, ", {} evicted", number(self.evicted))?;
        }
        if missing > 0 {
            write!(to, ", {} could not be placed", number(missing))?;
        } else if self.placed == 0 {
            write!(to, ", none is missing")?;
        }
        writeln!(to)
    }
}
