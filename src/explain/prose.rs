//! Explanations in words, for people.

use std::cmp::Ordering;
use std::fmt;

use super::checks::{Measure, NodeCheck, NodeExplanation};
use super::format::{Count, Score, TextCounts, in_backticks, reason_in_words};
use super::verdicts::{Explanation, NodeVerdict, Shortage, Verdict};
use crate::model::Node;

/// The node and its verdict, then a line a check.
impl fmt::Display for NodeExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (job, group, node) = (self.job_id(), self.task_group(), name_of(self.node()));
        write!(f, "{job}.{group}: `{node}` {}", self.verdict())?;
        if let Some(verdict) = self.with_preemption() {
            write!(f, "\nwith eviction {verdict}")?;
        }
        for check in self.checks() {
            write!(f, "\n- {check}")?;
        }
        Ok(())
    }
}

/// For instance `memory: 512 MB asked, 100 MB free, 900 MB used: too little`, or
/// `driver: `docker` asked, not there: does not pass`.
impl fmt::Display for NodeCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.subject)?;
        match &self.measure {
            Measure::Fact { asked, found } => write!(f, "{asked} asked, {found}")?,
            Measure::Amount { asked, used, free, unit } => {
                let space = if unit.is_empty() { "" } else { " " };
                write!(f, "{asked}{space}{unit} asked, {free}{space}{unit} free")?;
                write!(f, ", {used}{space}{unit} used")?;
            }
        }
        match (self.passes, &self.measure) {
            (true, _) => f.write_str(": passes"),
            (false, Measure::Amount { .. }) => f.write_str(": too little"),
            (false, Measure::Fact { .. }) => f.write_str(": does not pass"),
        }
    }
}

/// How many of the best nodes, and of those nearest to doing, an explanation shows.
const SHOWN_MAX: usize = 3;

/// What people call a node.
fn name_of(node: &Node) -> &str {
    if node.name.is_empty() { &node.id } else { &node.name }
}

/// A readable summary: what the nodes are to the group, how much is missing where it is nearest, the
/// best of those that would do, and what could be changed.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}: ", self.job_id(), self.task_group())?;
        if self.nodes().is_empty() {
            return write!(f, "there are no nodes");
        }
        let ranked = best(self.nodes());
        write!(f, "{} of {} would do", ranked.len(), Count(self.nodes().len(), "node"))?;
        self.write_refusals(f)?;
        write_best(f, "best", &ranked)?;
        if let Some(nodes) = self.with_preemption() {
            let ranked = best(nodes);
            write!(f, "\nwith eviction {} would do", ranked.len())?;
            write_best(f, "best with eviction", &ranked)?;
        }
        if !self.fixes().is_empty() {
            write!(f, "\nwhat would help:")?;
            for fix in self.fixes() {
                write!(f, "\n- {fix}")?;
            }
        }
        Ok(())
    }
}

impl Explanation {
    fn write_refusals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [mut out, mut filtered, mut exhausted] = [(); 3].map(|()| TextCounts::default());
        for node in self.nodes() {
            match node.verdict() {
                Verdict::NotCandidate(reasons) => {
                    let first = reasons.first().map(ToString::to_string);
                    out.add(first.unwrap_or_default());
                }
                Verdict::Filtered(rules) => {
                    filtered.add(rules.first().map_or_else(String::new, reason_in_words));
                }
                Verdict::Exhausted(shortages) => {
                    let first = shortages.first();
                    exhausted.add(first.map_or_else(String::new, |it| it.dimension.to_string()));
                }
                Verdict::Ranked { .. } => {}
            }
        }
        if out.total() > 0 {
            write!(f, "\n{}: {}", Count(out.total(), "not candidate"), out.with(""))?;
        }
        if filtered.total() > 0 {
            write!(f, "\n{} filtered: {}", filtered.total(), filtered.with("by "))?;
        }
        if exhausted.total() > 0 {
            write!(f, "\n{} exhausted: {}", exhausted.total(), exhausted.with(""))?;
            for node in nearest(self.nodes()).into_iter().take(SHOWN_MAX) {
                write!(f, "\n  {node}")?;
            }
        }
        Ok(())
    }
}

/// The nodes that would do, best first.
fn best(nodes: &[NodeVerdict]) -> Vec<(&NodeVerdict, f64)> {
    let ranked = nodes.iter().filter_map(|node| match node.verdict() {
        Verdict::Ranked { norm_score, .. } => Some((node, *norm_score)),
        _ => None,
    });
    let mut ranked: Vec<(&NodeVerdict, f64)> = ranked.collect();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked
}

fn write_best(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    ranked: &[(&NodeVerdict, f64)],
) -> fmt::Result {
    let shown = ranked.iter().take(SHOWN_MAX).map(|(node, score)| {
        let without = match node.verdict() {
            Verdict::Ranked { preempts, .. } => evicting(preempts),
            _ => String::new(),
        };
        format!("`{}` ({}){without}", name_of(node.node()), Score(*score))
    });
    let shown = shown.collect::<Vec<_>>();
    if shown.is_empty() { Ok(()) } else { write!(f, "\n{what}: {}", shown.join(", ")) }
}

fn evicting(victims: &[String]) -> String {
    if victims.is_empty() {
        return String::new();
    }
    let victims = victims.iter().map(|id| in_backticks(id)).collect::<Vec<_>>();
    format!(" after evicting {}", victims.join(", "))
}

/// The exhausted nodes, those first that are short of least in parts of what is asked for.
fn nearest(nodes: &[NodeVerdict]) -> Vec<&NodeVerdict> {
    let missing = |node: &NodeVerdict| match node.verdict() {
        Verdict::Exhausted(shortages) => shortages.iter().map(Shortage::part).sum(),
        _ => f64::INFINITY,
    };
    let is_exhausted = |node: &&NodeVerdict| matches!(node.verdict(), Verdict::Exhausted(_));
    let mut nodes: Vec<&NodeVerdict> = nodes.iter().filter(is_exhausted).collect();
    nodes.sort_by(|a, b| missing(a).partial_cmp(&missing(b)).unwrap_or(Ordering::Equal));
    nodes
}

impl Shortage {
    /// How much is missing as a part of what is asked for; what does not come in amounts counts as one.
    fn part(&self) -> f64 {
        match (self.asked, self.free) {
            (Some(asked), Some(free)) => {
                asked.saturating_sub(free).max(0) as f64 / asked.max(1) as f64
            }
            _ => 1.0,
        }
    }
}

/// For instance `memory: 512 MB asked, 100 MB free, 900 MB used`, or
/// `devices: no devices match request: 2 asked, 1 free, 3 used`.
impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.dimension)?;
        let unit = self.dimension.unit();
        let space = if unit.is_empty() { "" } else { " " };
        let figures = [(self.asked, "asked"), (self.free, "free"), (self.used, "used")];
        let known = figures.into_iter().filter_map(|(amount, what)| Some((amount?, what)));
        for (at, (amount, what)) in known.enumerate() {
            write!(f, "{} {amount}{space}{unit} {what}", if at == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

/// In one line, without the node.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, what: &str, parts: Vec<String>, between: &str| {
            write!(f, "{what}: {}", parts.join(between))
        };
        match self {
            Verdict::NotCandidate(reasons) => {
                let reasons = reasons.iter().map(ToString::to_string).collect();
                list(f, "not a candidate", reasons, ", ")
            }
            Verdict::Filtered(rules) => {
                let rules = rules.iter().map(reason_in_words).collect();
                list(f, "filtered", rules, ", ")
            }
            Verdict::Exhausted(shortages) => {
                let shortages = shortages.iter().map(ToString::to_string).collect();
                list(f, "exhausted", shortages, "; ")
            }
            Verdict::Ranked { scores, norm_score, preempts } => {
                let scores = scores.iter().filter(|(_, score)| *score != 0.0);
                let scores = scores.map(|(name, score)| format!("{name} {}", Score(*score)));
                let scores = scores.collect::<Vec<_>>().join(", ");
                write!(f, "would do with score {}", Score(*norm_score))?;
                if !scores.is_empty() {
                    write!(f, " ({scores})")?;
                }
                f.write_str(&evicting(preempts))
            }
        }
    }
}

/// The node's name, or its ID if it has none, and the verdict.
impl fmt::Display for NodeVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", name_of(self.node()), self.verdict())
    }
}
