//! Placements and explanations as a scenario shows them.
//!
//! What is accidental is not shown unless a scenario asks for it: of dynamic ports the numbers, of
//! new allocations the identities.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;
use stowplan::model::{
    AllocatedResources, Allocation, AllocationMetrics, NetworkResource, Problem,
};
use stowplan::{Cluster, Explanation, NodeVerdict, PlacedAllocation, Placement, Verdict};

use crate::words::Line;

/// What of a placement is shown.
pub(crate) struct Shown {
    /// How many allocations each node has, in place of which allocation is where.
    by_node: bool,
    /// The same without saying which node: where equal nodes are filled in an accidental order.
    summary: bool,
    metrics: bool,
    scores: bool,
    /// The numbers of dynamic ports.
    numbers: bool,
    resources: bool,
    /// The failed allocations as documents.
    documents: bool,
}

impl Shown {
    pub(crate) const WORDS: [&str; 7] =
        ["by-node", "summary", "metrics", "scores", "numbers", "resources", "documents"];

    pub(crate) fn of(line: &Line) -> Shown {
        let [by_node, summary, metrics, scores, numbers, resources, documents] =
            Shown::WORDS.map(|word| line.has(word));
        Shown { by_node, summary, metrics, scores, numbers, resources, documents }
    }
}

pub(crate) fn placement(placement: &Placement, cluster: &Cluster, shown: &Shown) -> String {
    let mut text = String::new();
    if shown.by_node || shown.summary {
        text.push_str(&counts(placement, shown.summary));
        for placed in placement.allocations().filter(|_| shown.metrics) {
            writeln!(text, "{}", placed.name()).unwrap();
            text.push_str(&metrics(&placed.metrics()));
        }
    } else {
        for placed in placement.allocations() {
            text.push_str(&allocation(&placed, cluster, shown));
        }
    }
    for failed in placement.failed() {
        writeln!(text, "{}: {} not placed", failed.name(), failed.unplaced()).unwrap();
        text.push_str(&metrics(failed.metrics()));
        if shown.documents {
            let mut document = failed.to_allocation().unwrap();
            (document.job, document.metrics) = (None, None);
            text.push_str(&without_defaults(&document));
        }
    }
    if text.is_empty() { "nothing to place".into() } else { text }
}

/// Everything that a placement placed, and what it could not place.
pub(crate) fn allocations_of(placement: &Placement) -> Vec<Allocation> {
    let placed = placement.allocations().map(|placed| placed.to_allocation());
    placed.chain(placement.failed().iter().filter_map(|failed| failed.to_allocation())).collect()
}

/// `front: 2 on n1, 1 on n2`, or without names `front: 1 node with 2, 1 node with 1`. Several groups
/// are then counted together as well.
fn counts(placement: &Placement, summary: bool) -> String {
    let mut groups: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    let mut together: BTreeMap<&str, u32> = BTreeMap::new();
    for placed in placement.allocations() {
        *groups.entry(placed.task_group()).or_default().entry(placed.node_name()).or_insert(0) += 1;
        *together.entry(placed.node_name()).or_insert(0) += 1;
    }
    let mut lines: Vec<(&str, BTreeMap<&str, u32>)> = groups.into_iter().collect();
    if summary && lines.len() > 1 {
        lines.push(("together", together));
    }
    let mut text = String::new();
    for (group, nodes) in lines {
        let parts: Vec<String> = if summary {
            let mut by_count: BTreeMap<u32, u32> = BTreeMap::new();
            nodes.values().for_each(|count| *by_count.entry(*count).or_insert(0) += 1);
            let nodes = |nodes: u32| if nodes == 1 { "node" } else { "nodes" };
            let part = |(count, n): (&u32, &u32)| format!("{n} {} with {count}", nodes(*n));
            by_count.iter().rev().map(part).collect()
        } else {
            nodes.iter().map(|(node, count)| format!("{count} on {node}")).collect()
        };
        writeln!(text, "{group}: {}", parts.join(", ")).unwrap();
    }
    text
}

fn allocation(placed: &PlacedAllocation<'_>, cluster: &Cluster, shown: &Shown) -> String {
    let mut text = String::new();
    let (name, node) = (placed.name(), placed.node_name());
    writeln!(text, "{name} on {node}, score {}", number(placed.score())).unwrap();
    text.push_str(&held(&placed.resources(), shown));
    if !placed.preempted().is_empty() {
        let victims = placed.preempted().iter().map(|id| name_of(cluster, id));
        writeln!(text, "  evicts {}", victims.collect::<Vec<_>>().join(" ")).unwrap();
    }
    if shown.scores {
        for meta in &placed.metrics().score_meta_data {
            let scores = meta.scores.iter().map(|(name, score)| (name.as_str(), *score));
            let (node, mean) = (&meta.node_id, number(meta.norm_score));
            writeln!(text, "  {node} {mean} = mean of {}", parts(scores)).unwrap();
        }
    }
    if shown.metrics {
        text.push_str(&metrics(&placed.metrics()));
    }
    text
}

/// What an allocation holds of what only one can have; with `resources`, amounts as well.
fn held(resources: &AllocatedResources, shown: &Shown) -> String {
    let mut text = String::new();
    let network = resources.shared.networks.first();
    let mut numbers: Vec<i64> = Vec::new();
    let is_dynamic = |label: &str| {
        network.is_some_and(|network| network.dynamic_ports.iter().any(|it| it.label == label))
    };
    let ports = resources.shared.ports.iter().map(|port| {
        if is_dynamic(&port.label) {
            numbers.push(port.value);
            format!("{}={}:dynamic", port.label, port.host_ip)
        } else {
            format!("{}={}:{}", port.label, port.host_ip, port.value)
        }
    });
    let ports: Vec<String> = ports.collect();
    if !ports.is_empty() {
        writeln!(text, "  ports {}", ports.join(" ")).unwrap();
    }
    for (name, task) in &resources.tasks {
        for network in &task.networks {
            writeln!(text, "  {name} network {}", task_network(network, &mut numbers)).unwrap();
        }
        for device in &task.devices {
            let (vendor, kind, model) = (&device.vendor, &device.device_type, &device.name);
            let ids = device.device_ids.join(" ");
            writeln!(text, "  {name} device {vendor}/{kind}/{model} {ids}").unwrap();
        }
        if !task.cpu.reserved_cores.is_empty() {
            let (cores, mhz) = (&task.cpu.reserved_cores, task.cpu.cpu_shares);
            writeln!(text, "  {name} cores {cores:?}, cpu {mhz}").unwrap();
        }
        if shown.resources {
            let (cpu, memory) = (task.cpu.cpu_shares, &task.memory);
            let (mb, max) = (memory.memory_mb, memory.memory_max_mb);
            writeln!(text, "  {name} cpu {cpu}, memory {mb}, memory max {max}").unwrap();
        }
    }
    if shown.resources {
        writeln!(text, "  disk {}", resources.shared.disk_mb).unwrap();
    }
    if shown.numbers {
        numbers.sort_unstable();
        writeln!(text, "  numbers {numbers:?}").unwrap();
    }
    text
}

fn task_network(network: &NetworkResource, numbers: &mut Vec<i64>) -> String {
    let mut text = format!("{} {}, {} MBit/s", network.device, network.ip, network.mbits());
    for port in network.reserved_ports.iter() {
        write!(text, ", {}={}", port.label, port.value).unwrap();
    }
    for port in network.dynamic_ports.iter() {
        numbers.push(port.value);
        write!(text, ", {}=dynamic", port.label).unwrap();
    }
    text
}

/// Metrics under the names of the API, maps line by line.
fn metrics(metrics: &AllocationMetrics) -> String {
    let mut text = format!(
        "  NodesEvaluated {}, NodesFiltered {}, NodesExhausted {}, NodesInPool {}\n",
        metrics.nodes_evaluated,
        metrics.nodes_filtered,
        metrics.nodes_exhausted,
        metrics.nodes_in_pool
    );
    let maps = [
        ("NodesAvailable", &metrics.nodes_available),
        ("ConstraintFiltered", &metrics.constraint_filtered),
        ("ClassFiltered", &metrics.class_filtered),
        ("DimensionExhausted", &metrics.dimension_exhausted),
        ("ClassExhausted", &metrics.class_exhausted),
    ];
    for (name, map) in maps {
        for (key, count) in map {
            writeln!(text, "  {name} {count} {}", rule(key)).unwrap();
        }
    }
    for (task, resources) in &metrics.resources_exhausted {
        let cpu = resources.cpu.map(|cpu| format!(" CPU {cpu}")).unwrap_or_default();
        let memory = resources.memory_mb.map(|mb| format!(" MemoryMB {mb}")).unwrap_or_default();
        writeln!(text, "  ResourcesExhausted {task}{cpu}{memory}").unwrap();
    }
    if metrics.coalesced_failures > 0 {
        writeln!(text, "  CoalescedFailures {}", metrics.coalesced_failures).unwrap();
    }
    text
}

/// The text of a rule, in quotes if it ends in a space, which an editor may take away.
fn rule(text: &str) -> String {
    if text.ends_with(' ') { format!("\"{text}\"") } else { text.to_owned() }
}

pub(crate) fn explanation(explanation: &Explanation, cluster: &Cluster, shown: &Shown) -> String {
    let mut text = String::new();
    for verdict in explanation.nodes() {
        writeln!(text, "{}", node_verdict(verdict, cluster, shown)).unwrap();
    }
    if let Some(nodes) = explanation.with_preemption() {
        writeln!(text, "with preemption:").unwrap();
        for verdict in nodes {
            writeln!(text, "{}", node_verdict(verdict, cluster, shown)).unwrap();
        }
    }
    text
}

fn node_verdict(verdict: &NodeVerdict, cluster: &Cluster, shown: &Shown) -> String {
    let name = &verdict.node().name;
    match verdict.verdict() {
        Verdict::NotCandidate(reasons) => {
            let reasons = reasons.iter().map(ToString::to_string);
            format!("{name}: not a candidate: {}", reasons.collect::<Vec<_>>().join(", "))
        }
        Verdict::Filtered(rules) => {
            let rules = rules.iter().map(|it| rule(&it.to_string()));
            format!("{name}: filtered: {}", rules.collect::<Vec<_>>().join("; "))
        }
        Verdict::Exhausted(shortages) => {
            let shortages = shortages.iter().map(|it| match (it.asked, it.used, it.free) {
                (Some(asked), Some(used), Some(free)) => {
                    format!("{} (asked {asked}, used {used}, free {free})", it.dimension)
                }
                _ => it.dimension.to_string(),
            });
            format!("{name}: exhausted: {}", shortages.collect::<Vec<_>>().join("; "))
        }
        Verdict::Ranked { scores, norm_score, preempts } => {
            let mut text = format!("{name}: ranked {}", number(*norm_score));
            if shown.scores {
                write!(text, " = mean of {}", parts(scores.iter().copied())).unwrap();
            }
            if !preempts.is_empty() {
                let victims = preempts.iter().map(|id| name_of(cluster, id));
                write!(text, ", evicts {}", victims.collect::<Vec<_>>().join(" ")).unwrap();
            }
            text
        }
    }
}

fn parts<'a>(scores: impl Iterator<Item = (&'a str, f64)>) -> String {
    let parts = scores.map(|(name, score)| format!("{name} {}", number(score)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Six digits behind the point; of very large numbers, three in all.
fn number(value: f64) -> String {
    if value.abs() >= 1e9 {
        return format!("{value:.2e}");
    }
    // Adding zero makes a negative zero a positive one.
    let text = format!("{:.6}", value + 0.0);
    if text == "-0.000000" { "0.000000".into() } else { text }
}

/// Every allocation of a cluster by node and name.
pub(crate) fn allocations(cluster: &Cluster) -> String {
    let line = |it: &Allocation| {
        let name = name_of(cluster, &it.id);
        let mut text =
            format!("{name} on {}: {} {}", it.node_id, it.desired_status, it.client_status);
        if !it.preempted_by_allocation.is_empty() {
            let by = name_of(cluster, &it.preempted_by_allocation);
            write!(text, ", evicted by {by}").unwrap();
        }
        (it.node_id.clone(), text)
    };
    let mut lines: Vec<(String, String)> = cluster.allocations().map(|it| line(&it)).collect();
    lines.sort_unstable();
    if lines.is_empty() {
        return "no allocations".into();
    }
    lines.into_iter().map(|(_, text)| text + "\n").collect()
}

/// How a scenario calls an allocation: by its identity if the scenario gave it one, else by its name.
pub(crate) fn name_of(cluster: &Cluster, id: &str) -> String {
    let is_made = id.len() == 36;
    match cluster.allocation(id).filter(|_| is_made) {
        Some(allocation) => allocation.name,
        None => id.to_owned(),
    }
}

/// The identity of what a scenario calls so: of several of one name, that of a live one.
pub(crate) fn id_of(cluster: &Cluster, name: &str) -> String {
    let mut named: Vec<Allocation> = cluster.allocations().filter(|it| it.name == name).collect();
    named.sort_by_key(|it| (it.is_terminal(), it.id.clone()));
    match cluster.allocation(name) {
        Some(allocation) => allocation.id,
        None => named.first().map_or_else(|| name.to_owned(), |it| it.id.clone()),
    }
}

/// Where a document is wrong. What is said about it is for the tests of the model.
pub(crate) fn refusal(problems: &[Problem]) -> String {
    let paths = problems.iter().map(|problem| format!("refused for {}\n", problem.path()));
    paths.collect()
}

/// A document without what is empty in it, and without its identity.
fn without_defaults(document: &Allocation) -> String {
    let mut value = serde_json::to_value(document).unwrap();
    let fields = value.as_object_mut().unwrap();
    fields.retain(|key, value| {
        let is_empty = [json!(null), json!(""), json!(0), json!([]), json!({})].contains(value);
        key != "ID" && !is_empty
    });
    let mut text = String::new();
    for (key, value) in fields {
        writeln!(text, "  {key} {value}").unwrap();
    }
    text
}
