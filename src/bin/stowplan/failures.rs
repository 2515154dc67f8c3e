//! What could not be placed: failures of one kind together, with their reasons and the nearest fixes.

use std::io::{self, Write};

use indexmap::IndexMap;
use serde::Serialize;
use stowplan::model::Allocation;
use stowplan::{Cluster, FailedGroup, Inventory, Placement};

use crate::asks::ask;
use crate::output::Output;
use crate::tables::{Look, Sheet, Tone};
use crate::words::{count, dimension, number, separated};

/// The most kinds of failures that the table shows.
const KINDS_MAX: usize = 20;
/// The most kinds for which fixes can be looked for; of these the cluster is kept as it was.
const FORKS_MAX: usize = 500;
/// The most fixes that a row of the table shows.
const FIXES_MAX: usize = 3;

/// All failures, by kind in the order in which they were first met.
#[derive(Default)]
pub(crate) struct Failures {
    kinds: IndexMap<String, Kind>,
    groups: usize,
    missing: u64,
}

/// Groups alike that could not be placed.
#[derive(Serialize)]
pub(crate) struct FailedRow {
    pub(crate) group: String,
    /// The group, how many are like it, and what they ask for.
    pub(crate) who: Vec<String>,
    pub(crate) missing: u64,
    pub(crate) wanted: u64,
    pub(crate) why: String,
    pub(crate) fixes: Vec<String>,
}

/// Failures of groups that ask for the same, for the same reasons.
struct Kind {
    /// The first of them.
    first: FailedGroup,
    /// The cluster after it, for the search for fixes.
    fork: Option<Cluster>,
    groups: usize,
    missing: u64,
    wanted: u64,
}

impl Failures {
    /// Adds what could not be placed of a job.
    pub(crate) fn add(&mut self, placement: &Placement, inventory: &Inventory, cluster: &Cluster) {
        for failed in placement.failed() {
            let (missing, wanted) = missing_of(failed, placement, inventory);
            self.add_group(failed, missing, wanted, cluster);
        }
    }

    /// Adds a group of which so many of those wanted are missing.
    pub(crate) fn add_group(
        &mut self,
        failed: &FailedGroup,
        missing: u64,
        wanted: u64,
        cluster: &Cluster,
    ) {
        self.groups += 1;
        self.missing += missing;
        let may_fork = self.kinds.len() < FORKS_MAX;
        let kind = self.kinds.entry(kind_key(failed)).or_insert_with(|| Kind {
            first: failed.clone(),
            fork: may_fork.then(|| cluster.fork()),
            groups: 0,
            missing: 0,
            wanted: 0,
        });
        kind.groups += 1;
        kind.missing += missing;
        kind.wanted += wanted;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups == 0
    }

    /// How many allocations are missing.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    /// The failures for a page: kinds with the most missing allocations first.
    pub(crate) fn rows(&self) -> Vec<FailedRow> {
        let row = |kind: &&Kind| FailedRow {
            group: format!("{}.{}", kind.first.job().id, kind.first.name()),
            who: kind.who(),
            missing: kind.missing,
            wanted: kind.wanted,
            why: kind.why().join(" "),
            fixes: kind.fix_texts(),
        };
        self.sorted().iter().map(row).collect()
    }

    /// Kinds with the most missing allocations first.
    fn sorted(&self) -> Vec<&Kind> {
        let mut kinds: Vec<&Kind> = self.kinds.values().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.missing));
        kinds
    }

    /// Writes the table: kinds with the most missing allocations first.
    pub(crate) fn write(&self, is_full: bool, look: Look, to: &mut Output) -> io::Result<()> {
        let title = format!(
            "Could not be placed: {} of {}",
            count(self.missing as usize, "allocation"),
            count(self.groups, "group")
        );
        look.heading(&title, Tone::Bad, to)?;
        let kinds = self.sorted();
        let shown = if is_full { kinds.len() } else { kinds.len().min(KINDS_MAX) };
        let (shown, others) = kinds.split_at(shown);
        let columns = ["Group", "Missing ", "Why", "Nearest fixes"];
        let mut sheet = Sheet::new(look, &columns).with_long_rows();
        for kind in shown {
            let fixes_max = if is_full { usize::MAX } else { FIXES_MAX };
            sheet.row_of_lines([
                kind.who(),
                vec![format!("{} of {}", number(kind.missing), number(kind.wanted))],
                kind.why(),
                kind.fixes(fixes_max),
            ]);
        }
        sheet.write(to)?;
        if others.is_empty() {
            return Ok(());
        }
        let missing: u64 = others.iter().map(|kind| kind.missing).sum();
        writeln!(
            to,
            "{} more of {} that ask for something else or fail for other reasons; `--full` shows all",
            number(missing),
            count(others.iter().map(|kind| kind.groups).sum(), "group")
        )
    }
}

impl Kind {
    /// The first of the groups, how many are like it, and what they ask for.
    fn who(&self) -> Vec<String> {
        let mut lines = vec![format!("{}.{}", self.first.job().id, self.first.name())];
        if self.groups > 1 {
            lines.push(format!("and {} more alike", number(self.groups as u64 - 1)));
        }
        let is_disk_exhausted = self.first.metrics().dimension_exhausted.contains_key("disk");
        let ask = ask(self.first.task_group(), is_disk_exhausted);
        if !ask.is_empty() {
            lines.push(format!("asks {ask}"));
        }
        if self.first.job().all_at_once {
            lines.push("placed whole or not at all".to_owned());
        }
        lines
    }

    /// The reasons of the first of the failures; the others have the same, on other numbers of nodes.
    fn why(&self) -> Vec<String> {
        let mut lines = vec![why(&self.first)];
        if self.groups > 1 {
            lines.push("(these are the counts of the first)".to_owned());
        }
        lines
    }

    /// The nearest fixes for the first of the failures, as lines of a table.
    fn fixes(&self, fixes_max: usize) -> Vec<String> {
        if self.fork.is_none() {
            return vec!["not looked for".to_owned()];
        }
        let mut texts: Vec<String> =
            self.fix_texts().iter().map(|text| format!("- {text}")).collect();
        if texts.is_empty() {
            return vec!["none found".to_owned()];
        }
        let more = texts.len().saturating_sub(fixes_max);
        texts.truncate(fixes_max);
        if more > 0 {
            texts.push(format!("and {} more; `--full` shows all", number(more as u64)));
        }
        texts
    }

    /// The nearest fixes for the first of the failures, if they can be looked for.
    fn fix_texts(&self) -> Vec<String> {
        let explanation = self.fork.as_ref().map(|fork| self.first.explain(fork));
        let fixes = explanation.iter().flat_map(|explanation| explanation.fixes());
        fixes.map(|fix| separated(&fix.to_string())).collect()
    }
}

/// Everything that a group asks for and the reasons of its failure, as a text that is the same for
/// groups alike.
fn kind_key(failed: &FailedGroup) -> String {
    let (job, group, metrics) = (failed.job(), failed.task_group(), failed.metrics());
    let tasks: Vec<_> = group
        .tasks
        .iter()
        .map(|task| {
            (&task.driver, &task.resources, &task.constraints, &task.lifecycle, &task.secrets)
        })
        .collect();
    let of_job = (
        (job.job_type().as_str(), job.priority(), job.all_at_once),
        (&job.namespace, &job.node_pool, &job.datacenters, &job.constraints),
    );
    let of_group = (&group.constraints, &group.networks, &group.volumes, group.disk_mb(), tasks);
    let mut reasons: Vec<&String> =
        metrics.constraint_filtered.keys().chain(metrics.dimension_exhausted.keys()).collect();
    reasons.sort_unstable();
    // What was read from JSON can be written as JSON.
    serde_json::to_string(&(of_job, of_group, reasons)).unwrap_or_default()
}

/// The metrics of a failure in words, without its name, which has a column of its own.
fn why(failed: &FailedGroup) -> String {
    let text = failed.to_string();
    let name = format!("{}.{}: ", failed.job().id, failed.name());
    let figures = text.strip_prefix(&name).and_then(|text| text.split_once("not placed; "));
    let figures = figures.map_or(text.as_str(), |(_, figures)| figures);
    let metrics = failed.metrics();
    let exhausted = format!("; {} exhausted: ", metrics.nodes_exhausted);
    let mut words = match figures.rsplit_once(&exhausted) {
        None => separated(figures),
        Some((before, after)) => {
            let rest = after.find("; no nodes are available in ").and_then(|at| after.get(at..));
            format!(
                "{}; {} exhausted: {}{}",
                separated(before),
                number(metrics.nodes_exhausted),
                dimensions(&metrics.dimension_exhausted),
                rest.unwrap_or_default(),
            )
        }
    };
    if metrics.coalesced_failures > 0 {
        // The counts are of one attempt, after which the others are not made.
        let more = usize::try_from(metrics.coalesced_failures).unwrap_or(usize::MAX);
        words += &format!("; and {} alike", count(more, "more allocation"));
    }
    words
}

/// What ran out on how many nodes, most nodes first.
fn dimensions(exhausted: &IndexMap<String, u64>) -> String {
    let mut counts: Vec<(&String, &u64)> = exhausted.iter().collect();
    counts.sort_by(|(a, a_nodes), (b, b_nodes)| b_nodes.cmp(a_nodes).then_with(|| a.cmp(b)));
    let parts = counts.iter().map(|(key, nodes)| format!("{} {}", number(**nodes), dimension(key)));
    parts.collect::<Vec<_>>().join(", ")
}

/// How many allocations of a group are missing, and how many it wants.
fn missing_of(failed: &FailedGroup, placement: &Placement, inventory: &Inventory) -> (u64, u64) {
    let (job, group) = (failed.job(), failed.task_group());
    let unplaced = u64::from(failed.unplaced());
    if job.job_type().is_system() {
        // How many it wants is known only by placing it.
        let of_group = placement.allocations().filter(|it| it.task_group() == group.name);
        return (unplaced, unplaced + of_group.count() as u64);
    }
    if !job.all_at_once {
        return (unplaced, u64::from(group.count()));
    }
    // Nothing of any group was placed.
    let wanted: u64 = job.task_groups.iter().map(|group| u64::from(group.count())).sum();
    let is_own = |it: &&Allocation| {
        let namespace = if it.namespace.is_empty() { "default" } else { &it.namespace };
        it.job_id == job.id && namespace == job.namespace && !it.is_terminal()
    };
    let own = inventory.allocations().iter().filter(is_own).count() as u64;
    (wanted.saturating_sub(own), wanted)
}
