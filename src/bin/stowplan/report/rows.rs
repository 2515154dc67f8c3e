//! The table of allocations, and on request that of their scores.

use std::io::{self, Write};

use stowplan::model::{AllocatedResources, NodeScoreMeta};
use stowplan::{Cluster, PlacedAllocation, Placement};

use super::{ROWS_MAX, Settings};
use crate::output::Output;
use crate::tables::{Look, Sheet, Tone};
use crate::verdicts::{allocation_names, parts};
use crate::words::{count, number, score};

/// The rows of the table of allocations, as many as are shown.
pub(super) struct Rows {
    rows_max: usize,
    with_scores: bool,
    rows: Vec<Row>,
    all: usize,
}

/// An allocation.
struct Row {
    name: String,
    node: String,
    datacenter: String,
    class: String,
    score: String,
    /// What only some allocations have, in the order of [`EXTRAS`]; empty where it has none.
    extras: [String; EXTRAS.len()],
    /// The best nodes with their names.
    scores: Vec<(String, NodeScoreMeta)>,
}

/// The columns that are there only where some allocation has something in them.
const EXTRAS: [&str; 4] = ["Ports", "Cores", "Devices", "Evicts"];

impl Rows {
    pub(super) fn new(settings: Settings<'_>) -> Self {
        Rows {
            rows_max: if settings.full { usize::MAX } else { ROWS_MAX },
            with_scores: settings.scores,
            rows: Vec::new(),
            all: 0,
        }
    }

    /// Adds the allocations of a job.
    pub(super) fn add(&mut self, placement: &Placement, cluster: &Cluster) {
        let room = self.rows_max.saturating_sub(self.rows.len());
        for allocation in placement.allocations().take(room) {
            self.rows.push(Row::of(allocation, cluster, self.with_scores));
        }
        self.all += placement.len();
    }

    /// Writes the tables.
    pub(super) fn write(&self, look: Look, to: &mut Output) -> io::Result<()> {
        if self.all == 0 {
            return Ok(());
        }
        look.heading(&format!("Placed: {}", count(self.all, "allocation")), Tone::Good, to)?;
        let extras = (0..EXTRAS.len()).filter(|at| self.rows.iter().any(|row| row.has(*at)));
        let extras: Vec<usize> = extras.collect();
        let mut columns = vec!["Allocation", "Node", "Datacenter", "Class", "Score "];
        columns.extend(extras.iter().map(|at| EXTRAS[*at]));
        let mut sheet = Sheet::new(look, &columns);
        for row in &self.rows {
            let Row { name, node, datacenter, class, score, .. } = row;
            let cells = [name, node, datacenter, class, score].into_iter();
            let cells = cells.chain(extras.iter().map(|at| &row.extras[*at]));
            sheet.row(cells.cloned());
        }
        sheet.write(to)?;
        if self.all > self.rows.len() {
            let more = number((self.all - self.rows.len()) as u64);
            writeln!(to, "{more} more; `--full` shows all")?;
        }
        if self.with_scores { self.write_scores(look, to) } else { Ok(()) }
    }

    fn write_scores(&self, look: Look, to: &mut Output) -> io::Result<()> {
        look.heading("Scores of the best nodes for each allocation", Tone::Plain, to)?;
        let mut sheet = Sheet::new(look, &["Allocation", "Node", "Score ", "Mean of"]);
        for row in &self.rows {
            for (at, (node, meta)) in row.scores.iter().enumerate() {
                let name = if at == 0 { row.name.clone() } else { String::new() };
                let scores = meta.scores.iter().map(|(scorer, part)| (scorer.as_str(), *part));
                sheet.row([name, node.clone(), score(meta.norm_score), parts(scores)]);
            }
        }
        sheet.write(to)
    }
}

impl Row {
    fn of(allocation: PlacedAllocation<'_>, cluster: &Cluster, with_scores: bool) -> Self {
        let node = allocation.node();
        let node_name = |id: &str| {
            let name = cluster.node(id).map(|node| node.name.as_str()).unwrap_or_default();
            if name.is_empty() { id.to_owned() } else { name.to_owned() }
        };
        let resources = allocation.resources();
        let scores = if with_scores { allocation.metrics().score_meta_data } else { Vec::new() };
        Row {
            name: allocation.name(),
            node: node_name(&node.id),
            datacenter: node.datacenter.clone(),
            class: node.node_class.clone(),
            score: score(allocation.score()),
            extras: [
                ports(&resources),
                cores(&resources),
                devices(&resources),
                allocation_names(allocation.preempted(), cluster),
            ],
            scores: scores.into_iter().map(|meta| (node_name(&meta.node_id), meta)).collect(),
        }
    }

    fn has(&self, extra: usize) -> bool {
        !self.extras[extra].is_empty()
    }
}

/// The ports of the group and of its tasks: `http 25123 -> 80`.
fn ports(resources: &AllocatedResources) -> String {
    let shared = &resources.shared;
    let of_group = shared.ports.iter().map(|port| (&port.label, port.value, port.to));
    let of_tasks = resources.tasks.values().flat_map(|task| &task.networks).flat_map(|network| {
        let ports = network.reserved_ports.iter().chain(network.dynamic_ports.iter());
        ports.map(|port| (&port.label, port.value, port.to))
    });
    let texts = of_group.chain(of_tasks).map(|(label, value, to)| match (label.as_str(), to) {
        ("", 0) => value.to_string(),
        (label, to) if to <= 0 || to == value => format!("{label} {value}"),
        (label, to) => format!("{label} {value} -> {to}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// The numbers of the cores of all tasks.
fn cores(resources: &AllocatedResources) -> String {
    let ids = resources.tasks.values().flat_map(|task| &task.cpu.reserved_cores);
    let mut ids: Vec<i64> = ids.copied().collect();
    ids.sort_unstable();
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == id => *last = id,
            _ => runs.push((id, id)),
        }
    }
    let texts = runs.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// The devices of all tasks, by name and number.
fn devices(resources: &AllocatedResources) -> String {
    let devices = resources.tasks.values().flat_map(|task| &task.devices);
    let texts = devices.map(|device| {
        let parts = [&device.vendor, &device.device_type, &device.name];
        let parts: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        format!("{} {}", number(device.device_ids.len() as u64), parts.join("/"))
    });
    texts.collect::<Vec<_>>().join(", ")
}
