//! Fixes in words.

use std::fmt;

use super::fix::Fix;
use crate::explain::format::{Count, Joined, in_backticks};
use crate::feasibility::fix_action::FixAction;

/// For instance ``12 nodes if `${attr.kernel.name} = linux` were dropped``.
impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Count(self.nodes, "node"))?;
        let changes_nodes = self.actions.iter().any(|action| !action.nodes().is_empty());
        if changes_nodes && !self.labels.is_empty() {
            let labels = self.labels.iter().map(|label| in_backticks(label));
            write!(f, " ({})", labels.collect::<Vec<_>>().join(", "))?;
        }
        let clauses = self.clauses();
        match &clauses[..] {
            [Clause { subject: Subject::Nodes(nodes), verb: "had", what }]
                if *nodes == self.nodes && self.is_only_more() =>
            {
                write!(f, " with {}", Joined(what))?;
            }
            _ => {
                let clauses: Vec<String> =
                    clauses.iter().map(|clause| clause.text(self.nodes)).collect();
                write!(f, " if {}", Joined(&clauses))?;
            }
        }
        match &self.next {
            None => Ok(()),
            Some(next) if next.group == self.group => {
                write!(
                    f,
                    " (for one allocation only: {} more of the group would fail)",
                    next.missing
                )
            }
            Some(next) => {
                let group = in_backticks(&next.group);
                write!(f, " (for this group only: group {group} would fail next)")
            }
        }
    }
}

/// What would have to be so: a subject, a verb, and of what.
struct Clause {
    subject: Subject,
    verb: &'static str,
    what: Vec<String>,
}

/// Whom a clause is about.
#[derive(PartialEq, Eq)]
enum Subject {
    /// So many nodes.
    Nodes(usize),
    /// The objects themselves.
    Objects,
}

impl Clause {
    fn text(&self, nodes: usize) -> String {
        let (verb, what) = (self.verb, Joined(&self.what));
        match self.subject {
            Subject::Objects if verb.is_empty() => what.to_string(),
            Subject::Objects => format!("{what} {verb}"),
            Subject::Nodes(all) if all == nodes => {
                format!("{} {verb} {what}", if all == 1 { "it" } else { "they" })
            }
            Subject::Nodes(some) => format!("{some} of them {verb} {what}"),
        }
    }
}

impl Fix {
    /// The actions as clauses, those of one verb about the same nodes together.
    fn clauses(&self) -> Vec<Clause> {
        let mut clauses: Vec<Clause> = Vec::new();
        for action in &self.actions {
            let (verb, what) = self.clause(action);
            let subject = match verb {
                "had" | "were" | "took" => Subject::Nodes(action.nodes().len()),
                _ => Subject::Objects,
            };
            let same = |clause: &&mut Clause| clause.verb == verb && clause.subject == subject;
            match clauses.iter_mut().find(same) {
                Some(clause) => clause.what.push(what),
                None => clauses.push(Clause { subject, verb, what: vec![what] }),
            }
        }
        clauses
    }

    /// Whether it consists in more of what is there.
    fn is_only_more(&self) -> bool {
        let is_more = |action: &FixAction| {
            matches!(action, FixAction::AddResources { .. } | FixAction::AddCores { .. })
        };
        self.actions.iter().all(is_more)
    }

    /// The verb and the object of an action.
    fn clause(&self, action: &FixAction) -> (&'static str, String) {
        const DROPPED: &str = "were dropped";
        match action {
            FixAction::DropConstraint { text, .. } => (DROPPED, in_backticks(text.trim_end())),
            FixAction::RaiseDistinctProperty { property, allowed, .. } => {
                ("", format!("{allowed} allocations might share a value of `{property}`"))
            }
            FixAction::AllowDatacenter { datacenter } => {
                ("were allowed", format!("datacenter `{datacenter}`"))
            }
            FixAction::UsePool { pool } => ("were used", format!("node pool `{pool}`")),
            FixAction::MakeReady { .. } => ("were", "ready".into()),
            FixAction::AddDriver { driver, .. } => {
                let meant = self.meant.iter().find(|(wanted, _)| wanted == driver);
                let hint = meant.map(|(_, known)| format!(" (did you mean `{known}`?)"));
                ("had", format!("the driver `{driver}`{}", hint.unwrap_or_default()))
            }
            FixAction::AddSecretsProvider { provider, .. } => {
                ("had", format!("the secrets provider `{provider}`"))
            }
            FixAction::AddVolume { volume, .. } => {
                ("had", format!("a writable host volume `{volume}`"))
            }
            FixAction::AddNetwork { mode, .. } => ("had", format!("a network of mode `{mode}`")),
            FixAction::RepairDevices { devices, .. } => {
                ("had", format!("all devices `{devices}` healthy"))
            }
            FixAction::AddResources { cpu_mhz, memory_mb, disk_mb, .. } => {
                ("had", amounts(*cpu_mhz, *memory_mb, *disk_mb))
            }
            FixAction::AddCores { cores, .. } => {
                let noun = if *cores == 1 { "core" } else { "cores" };
                ("had", format!("{cores} more {noun} free"))
            }
            FixAction::RaiseMaxAllocations { allocations, .. } => {
                let noun = if *allocations == 1 { "allocation" } else { "allocations" };
                ("took", format!("{allocations} more {noun}"))
            }
            FixAction::Evict { node, allocations, names } => {
                ("", self.evicted(node, allocations, names))
            }
            FixAction::DropNetwork { task: None, mode } => {
                (DROPPED, format!("the group's network of mode `{mode}`"))
            }
            FixAction::DropNetwork { task: Some(task), .. } => {
                (DROPPED, format!("the network of task `{task}`"))
            }
            FixAction::DropPort { label, port, .. } => (DROPPED, port_in_words(label, *port)),
            FixAction::DropCores { task } => (DROPPED, format!("the cores of task `{task}`")),
            FixAction::DropDevices { task, devices, .. } => {
                (DROPPED, format!("the devices `{devices}` of task `{task}`"))
            }
            FixAction::DropVolume { alias } => (DROPPED, format!("volume `{alias}`")),
        }
    }

    fn evicted(&self, node: &str, allocations: &[String], names: &[String]) -> String {
        let called = allocations.iter().zip(names).map(|(id, name)| match name.as_str() {
            "" => in_backticks(id),
            name => in_backticks(name),
        });
        let called = called.collect::<Vec<_>>().join(", ");
        let count = match allocations.len() {
            1 => "allocation".into(),
            several => format!("{several} allocations"),
        };
        match self.nodes {
            1 => format!("its {count} of lower priority were evicted: {called}"),
            _ => format!("the {count} of lower priority on `{node}` were evicted: {called}"),
        }
    }
}

fn amounts(cpu_mhz: i64, memory_mb: i64, disk_mb: i64) -> String {
    let parts = [(cpu_mhz, "MHz", "CPU"), (memory_mb, "MB", "memory"), (disk_mb, "MB", "disk")];
    let parts = parts.into_iter().filter(|(amount, ..)| *amount > 0);
    let parts = parts.map(|(amount, unit, what)| format!("{amount} {unit} more {what}"));
    format!("{} free", Joined(&parts.collect::<Vec<_>>()))
}

fn port_in_words(label: &str, port: i64) -> String {
    match (label, port) {
        ("", port) => format!("port {port}"),
        (label, 0) => format!("port `{label}`"),
        (label, port) => format!("port `{label}` ({port})"),
    }
}
