//! What could not be placed: failures of one kind together, with their reasons and the nearest fixes.

use std::io::{self, Write};

use indexmap::IndexMap;
use stowplan::model::{Allocation, AllocationMetrics, Job, Task, TaskGroup};
use stowplan::{Cluster, FailedGroup, Fix, Inventory, PlaceOptions, Placement};

use crate::output::Output;
use crate::run::Run;
use crate::tables::{Look, Sheet, Tone};
use crate::words::{count, number};

/// The most kinds of failures that the table shows.
const KINDS_MAX: usize = 20;
/// The most kinds for which fixes can be looked for; of these the cluster is kept as it was.
const FORKS_MAX: usize = 500;
/// The most fixes that a row of the table shows.
const FIXES_MAX: usize = 3;
/// The most reasons that a row of the table shows.
const REASONS_MAX: usize = 5;

/// All failures, by kind in the order in which they were first met.
#[derive(Default)]
pub(crate) struct Failures {
    kinds: IndexMap<String, Kind>,
    groups: usize,
    missing: u64,
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
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups == 0
    }

    /// How many allocations are missing.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    /// Writes the table: kinds with the most missing allocations first.
    pub(crate) fn write(
        &self,
        run: &Run<'_>,
        is_full: bool,
        look: Look,
        to: &mut Output,
    ) -> io::Result<()> {
        let nodes = run.inventory.nodes().len();
        let title = format!(
            "Could not be placed: {} of {}",
            count(self.missing as usize, "allocation"),
            count(self.groups, "group")
        );
        look.heading(&title, Tone::Bad, to)?;
        let mut kinds: Vec<&Kind> = self.kinds.values().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.missing));
        let shown = if is_full { kinds.len() } else { kinds.len().min(KINDS_MAX) };
        let (shown, others) = kinds.split_at(shown);
        let columns = ["Group", "Missing ", "Why", "Nearest fixes"];
        let mut sheet = Sheet::new(look, &columns).with_separated_rows();
        for kind in shown {
            let fixes_max = if is_full { usize::MAX } else { FIXES_MAX };
            sheet.row([
                kind.who(),
                format!("{} of {}", number(kind.missing), number(kind.wanted)),
                why(&kind.first, nodes, is_full),
                kind.fixes(&run.options, fixes_max),
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
    fn who(&self) -> String {
        let first = format!("{}.{}", self.first.job().id, self.first.name());
        let others = match self.groups {
            1 => String::new(),
            groups => format!("\nand {} more alike", number(groups as u64 - 1)),
        };
        format!("{first}{others}\nasks {}", ask(self.first.task_group()))
    }

    /// The nearest fixes for the first of the failures, found by placing it once more.
    fn fixes(&self, options: &PlaceOptions, fixes_max: usize) -> String {
        let Some(mut cluster) = self.fork.as_ref().map(Cluster::fork) else {
            return "not looked for".to_owned();
        };
        let placement = cluster.place(self.first.job(), &options.clone().explain(true));
        let mut explanations = placement.explanations().iter();
        let of_group = explanations.find(|it| it.task_group() == self.first.name());
        let fixes = texts(of_group.map_or(&[], |explanation| explanation.fixes()));
        if fixes.is_empty() { "none found".to_owned() } else { lines(fixes, fixes_max) }
    }
}

/// Fixes as sentences.
pub(crate) fn texts(_fixes: &[Fix]) -> Vec<String> {
    Vec::new()
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

/// What an allocation of a group asks for, of what comes in numbers.
fn ask(group: &TaskGroup) -> String {
    let sum = |amount: fn(&Task) -> i64| group.tasks.iter().map(amount).map(i128::from).sum();
    let mut parts = Vec::new();
    let mut add = |amount: i128, unit: &str| {
        if amount > 0 {
            parts.push(format!("{} {unit}", number(amount)));
        }
    };
    add(sum(Task::cpu_mhz), "MHz");
    add(sum(|task| i64::from(task.cores())), "cores");
    add(sum(|task| task.memory_mb().saturating_add(task.secrets_mb())), "MB");
    for device in group.tasks.iter().flat_map(Task::devices) {
        add(device.count().into(), &device.name);
    }
    parts.join(", ")
}

/// Lines, of which only so many are shown.
fn lines(mut all: Vec<String>, lines_max: usize) -> String {
    let more = all.len().saturating_sub(lines_max);
    all.truncate(lines_max);
    if more > 0 {
        all.push(format!("and {} more", number(more as u64)));
    }
    all.join("\n")
}

/// The metrics of a failure in words, a reason a line.
fn why(failed: &FailedGroup, nodes: usize, is_full: bool) -> String {
    let metrics = failed.metrics();
    let mut text = match metrics.nodes_evaluated {
        0 => no_candidates(failed.job(), nodes),
        _ => verdicts(metrics),
    };
    if failed.job().all_at_once {
        text.push_str("\nthe job is placed all at once, so nothing of it was");
    }
    let mut reasons: Vec<(String, u64)> = Vec::new();
    for (rule, nodes) in &metrics.constraint_filtered {
        reasons.push((format!("filtered: {rule}"), *nodes));
    }
    for (dimension, nodes) in &metrics.dimension_exhausted {
        reasons.push((format!("exhausted: {dimension}"), *nodes));
    }
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let reasons = reasons.into_iter().map(|(reason, nodes)| format!("{} {reason}", number(nodes)));
    let reasons = lines(reasons.collect(), if is_full { usize::MAX } else { REASONS_MAX });
    if reasons.is_empty() { text } else { format!("{text}\n{reasons}") }
}

/// Why a job looks at no node at all.
fn no_candidates(job: &Job, nodes: usize) -> String {
    if nodes == 0 {
        return "there are no nodes".to_owned();
    }
    let pool = match job.node_pool.as_str() {
        "all" => String::new(),
        pool => format!(" and in node pool `{pool}`"),
    };
    let datacenters = match job.datacenters.iter().any(|pattern| pattern == "*") {
        true => String::new(),
        false => format!(", in datacenter `{}`", job.datacenters.join("` or `")),
    };
    format!("of {} none is ready{datacenters}{pool}", count(nodes, "node"))
}

/// How many nodes were looked at, and what they came to.
fn verdicts(metrics: &AllocationMetrics) -> String {
    let AllocationMetrics { nodes_evaluated, nodes_filtered, nodes_exhausted, .. } = metrics;
    let mut parts = Vec::new();
    if *nodes_filtered > 0 {
        parts.push(format!("{} may not run it", number(*nodes_filtered)));
    }
    if *nodes_exhausted > 0 {
        parts.push(format!("{} lack room", number(*nodes_exhausted)));
    }
    format!("of {} {}", count(*nodes_evaluated as usize, "node"), parts.join(", "))
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
