//! What every node is to a group, for people: all of them where they are few, else the best ones and
//! the others by their reasons.

use std::io::{self, Write};

use indexmap::IndexMap;
use stowplan::{Cluster, Explanation, NodeVerdict, Verdict};

use crate::output::Output;
use crate::tables::{Look, Sheet, Tone};
use crate::words::printable;
use crate::words::{count, dimension, names, number, score, separated};

/// The most nodes that are listed one by one.
const NODES_MAX: usize = 40;
/// Where there are more, how many of the best are.
const BEST_MAX: usize = 10;

/// Writes what every node is to a group, and the nearest fixes.
pub(crate) fn write(
    job: &str,
    explanation: &Explanation,
    cluster: &Cluster,
    is_full: bool,
    look: Look,
    to: &mut Output,
) -> io::Result<()> {
    let group = explanation.task_group();
    let title = format!("Nodes for {job}.{group}: {}", counts(explanation.nodes()));
    look.heading(&title, Tone::Plain, to)?;
    write_nodes(explanation.nodes(), cluster, is_full, look, to)?;
    if let Some(nodes) = explanation.with_preemption() {
        let title = format!("Nodes for {job}.{group} with eviction: {}", counts(nodes));
        look.heading(&title, Tone::Plain, to)?;
        write_nodes(nodes, cluster, is_full, look, to)?;
    }
    if !explanation.fixes().is_empty() {
        look.heading(&format!("What would help {job}.{group}"), Tone::Plain, to)?;
        for fix in explanation.fixes() {
            writeln!(to, "- {}", printable(&separated(&fix.to_string())))?;
        }
    }
    Ok(())
}

/// The kinds of verdicts, best first, as words and with their tones.
pub(crate) fn kind(verdict: &Verdict) -> (usize, &'static str, Tone) {
    match verdict {
        Verdict::Ranked { .. } => (0, "ranked", Tone::Good),
        Verdict::Exhausted(_) => (1, "exhausted", Tone::Poor),
        Verdict::Filtered(_) => (2, "filtered", Tone::Bad),
        Verdict::NotCandidate(_) => (3, "not a candidate", Tone::Plain),
    }
}

/// How many nodes have each kind of verdict: `3 ranked, 1 filtered`.
fn counts(nodes: &[NodeVerdict]) -> String {
    let mut kinds = [(0, ""); 4];
    for node in nodes {
        let (at, name, _) = kind(node.verdict());
        kinds[at] = (kinds[at].0 + 1_u64, name);
    }
    let kinds = kinds.iter().filter(|(nodes, _)| *nodes > 0);
    let texts: Vec<String> =
        kinds.map(|(nodes, name)| format!("{} {name}", number(*nodes))).collect();
    if texts.is_empty() { "there are none".to_owned() } else { texts.join(", ") }
}

fn write_nodes(
    nodes: &[NodeVerdict],
    cluster: &Cluster,
    is_full: bool,
    look: Look,
    to: &mut Output,
) -> io::Result<()> {
    if nodes.is_empty() {
        return Ok(());
    }
    let mut sorted: Vec<&NodeVerdict> = nodes.iter().collect();
    // Sorting keeps the order of identities among equals.
    sorted.sort_by(|a, b| {
        let by_kind = kind(a.verdict()).0.cmp(&kind(b.verdict()).0);
        by_kind.then_with(|| norm_score_of(b).total_cmp(&norm_score_of(a)))
    });
    let mut sheet = Sheet::new(look, &["Node", "Verdict", "Score ", "Why"]);
    let is_short = is_full || sorted.len() <= NODES_MAX;
    let ranked = sorted.iter().take_while(|node| kind(node.verdict()).0 == 0).count();
    let listed = if is_short { sorted.len() } else { ranked.min(BEST_MAX) };
    for node in &sorted[..listed] {
        add(&mut sheet, name(node).to_owned(), node, why(node.verdict(), cluster, true));
    }
    let mut alike: IndexMap<(usize, String), Vec<&NodeVerdict>> = IndexMap::new();
    for node in &sorted[listed..] {
        let reasons = match node.verdict() {
            Verdict::Ranked { .. } => "the others".to_owned(),
            other => why(other, cluster, false),
        };
        alike.entry((kind(node.verdict()).0, reasons)).or_default().push(node);
    }
    for ((_, reasons), nodes) in &alike {
        let Some(first) = nodes.first() else { continue };
        let which = names(nodes.iter().map(|node| name(node)), nodes.len());
        add(&mut sheet, format!("{}: {which}", count(nodes.len(), "node")), first, reasons.clone());
    }
    sheet.write(to)?;
    if is_short { Ok(()) } else { writeln!(to, "`--full` lists every node") }
}

fn add(sheet: &mut Sheet, node: String, verdict: &NodeVerdict, why: String) {
    let (_, name, tone) = kind(verdict.verdict());
    let score = norm_score(verdict.verdict());
    sheet.toned_row(tone, 1, [node, name.to_owned(), score, why]);
}

/// A node's name, or its identity if it has none.
fn name(node: &NodeVerdict) -> &str {
    let node = node.node();
    if node.name.is_empty() { &node.id } else { &node.name }
}

fn norm_score_of(node: &NodeVerdict) -> f64 {
    match node.verdict() {
        Verdict::Ranked { norm_score, .. } => *norm_score,
        _ => 0.0,
    }
}

/// The score of a node that would do.
pub(crate) fn norm_score(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Ranked { norm_score, .. } => score(*norm_score),
        _ => String::new(),
    }
}

/// The reasons of a verdict, with this node's amounts or without.
pub(crate) fn why(verdict: &Verdict, cluster: &Cluster, with_amounts: bool) -> String {
    match verdict {
        Verdict::NotCandidate(reasons) => {
            reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        Verdict::Filtered(rules) => {
            // A rule without a right side ends in a blank.
            let texts = rules.iter().map(ToString::to_string);
            texts.map(|text| text.trim_end().to_owned()).collect::<Vec<_>>().join("; ")
        }
        Verdict::Exhausted(shortages) => {
            let texts = shortages.iter().map(|shortage| match with_amounts {
                true if shortage.asked.is_some() => separated(&shortage.to_string()),
                _ => dimension(&shortage.dimension.to_string()),
            });
            texts.collect::<Vec<_>>().join("; ")
        }
        Verdict::Ranked { scores, preempts, .. } => {
            let parts = parts(scores.iter().copied());
            if preempts.is_empty() {
                return parts;
            }
            format!("{parts}, evicts {}", allocation_names(preempts, cluster))
        }
    }
}

/// The names of allocations that are or were on the cluster, or the identities of what has no name.
pub(crate) fn allocation_names(ids: &[String], cluster: &Cluster) -> String {
    let texts: Vec<String> = ids
        .iter()
        .map(|id| match cluster.allocation(id) {
            Some(allocation) if !allocation.name.is_empty() => allocation.name,
            _ => id.clone(),
        })
        .collect();
    names(texts.iter().map(String::as_str), texts.len())
}

/// The parts of a score; those that are 0 say nothing.
pub(crate) fn parts<'a>(scores: impl Iterator<Item = (&'a str, f64)>) -> String {
    let texts = scores.filter(|(_, part)| *part != 0.0);
    let texts = texts.map(|(name, part)| format!("{name} {}", score(part)));
    texts.collect::<Vec<_>>().join(", ")
}
