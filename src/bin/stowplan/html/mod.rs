//! The answer as a page: one file that fetches nothing, with its data in it.
//!
//! In: the cluster before and after, what was placed and what was not. Out: HTML. The drawing code
//! (`draw.js`) stands alone and is fed by JSON; the page of the agent draws with it too. May import what the program may.

use std::io::{self, Write};
use std::path::Path;

use indexmap::IndexMap;
use serde::Serialize;
use stowplan::model::{Node, NodeStatus};
use stowplan::{Cluster, Placement, Usage};

use crate::failures::{FailedRow, Failures};
use crate::files::written;
use crate::words::separated;

const PAGE: &str = include_str!("page.html");
/// The look of the pages of the program.
pub(crate) const STYLE: &str = include_str!("style.css");
/// What draws a cluster from JSON.
pub(crate) const DRAW: &str = include_str!("draw.js");

/// The most allocations that the page lists: beyond them a browser has much to read.
const ALLOCATIONS_MAX: usize = 20_000;

/// What the page draws.
#[derive(Serialize)]
pub(crate) struct Page {
    summary: String,
    nodes: Vec<NodeTile>,
    allocations: Vec<AllocationRow>,
    /// How many allocations are not listed.
    more: usize,
    failed: Vec<FailedRow>,
}

#[derive(Serialize)]
struct NodeTile {
    id: String,
    name: String,
    datacenter: String,
    class: String,
    status: String,
    /// How many allocations were placed there.
    placed: usize,
    /// What is in use before and after, and what there is: MHz of CPU, MB of memory, MB of disk.
    r#use: [[i64; 3]; 3],
}

#[derive(Serialize)]
struct AllocationRow {
    name: String,
    node: String,
    datacenter: String,
    class: String,
    score: f64,
}

impl Page {
    /// A page of the cluster before anything is placed.
    pub(crate) fn new(before: &Cluster) -> Page {
        let nodes = before.usage().map(|usage| {
            let node = usage.node();
            let name = if node.name.is_empty() { &node.id } else { &node.name };
            let used = |it: Usage| [it.used, it.used, it.capacity];
            NodeTile {
                id: node.id.clone(),
                name: name.clone(),
                datacenter: node.datacenter.clone(),
                class: node.node_class.clone(),
                status: status(node),
                placed: 0,
                r#use: [used(usage.cpu_mhz()), used(usage.memory_mb()), used(usage.disk_mb())],
            }
        });
        let mut nodes: Vec<NodeTile> = nodes.collect();
        nodes.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Page { summary: String::new(), nodes, allocations: Vec::new(), more: 0, failed: Vec::new() }
    }

    /// Adds what was placed of a job.
    pub(crate) fn add(&mut self, placement: &Placement) {
        for allocation in placement.allocations() {
            if self.allocations.len() == ALLOCATIONS_MAX {
                self.more += 1;
                continue;
            }
            let node = allocation.node();
            let name = if node.name.is_empty() { &node.id } else { &node.name };
            self.allocations.push(AllocationRow {
                name: allocation.name(),
                node: name.clone(),
                datacenter: node.datacenter.clone(),
                class: node.node_class.clone(),
                score: allocation.score(),
            });
        }
    }

    /// Writes the page, with the cluster as it is after placing.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn write(
        mut self,
        after: &Cluster,
        placed: &IndexMap<String, usize>,
        failures: &Failures,
        summary: &str,
        path: &Path,
    ) -> io::Result<()> {
        let mut uses: IndexMap<&str, [Usage; 3]> = IndexMap::new();
        for usage in after.usage() {
            let amounts = [usage.cpu_mhz(), usage.memory_mb(), usage.disk_mb()];
            uses.insert(usage.node().id.as_str(), amounts);
        }
        for node in &mut self.nodes {
            node.placed = placed.get(&node.id).copied().unwrap_or(0);
            if let Some(amounts) = uses.get(node.id.as_str()) {
                for (entry, amount) in node.r#use.iter_mut().zip(amounts) {
                    entry[1] = amount.used;
                }
            }
        }
        self.summary = separated(summary);
        self.failed = failures.rows();
        // Nothing in the data ends the element that it stands in.
        let data = serde_json::to_string(&self)?.replace('<', "\\u003c");
        let page = PAGE.replace("/*STYLE*/", STYLE).replace("/*DRAW*/", DRAW);
        let page = page.replace("/*DATA*/", &data);
        written::replace(path, |file| file.write_all(page.as_bytes()))
    }
}

/// One word for whether a node takes anything new, and if not, why.
fn status(node: &Node) -> String {
    let text = match (node.status(), node.is_ready()) {
        (NodeStatus::Ready, false) if node.spec().drain => "draining",
        (NodeStatus::Ready, false) => "ineligible",
        (status, _) => status.as_str(),
    };
    text.to_owned()
}
