//! Fixes in words.

use std::fmt;

use super::Fix;
use super::action::FixAction;
use crate::placement::prose::{Count, Joined, in_backticks};

/// For instance ``12 nodes if `${attr.kernel.name} = linux` were dropped``.
impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Count(self.nodes, "node"))?;
        let changes_nodes = self.actions.iter().any(|action| !action.nodes().is_empty());
        if changes_nodes && !self.labels.is_empty() {
            let labels = self.labels.iter().map(|label| format!("`{label}`"));
            write!(f, " ({})", labels.collect::<Vec<_>>().join(", "))?;
        }
        let more: Option<Vec<String>> = self.actions.iter().map(|it| self.more(it)).collect();
        match more {
            Some(more) => write!(f, " with {}", Joined(&more)),
            None => {
                let clauses = self.actions.iter().map(|action| self.clause(action));
                write!(f, " if {}", Joined(&clauses.collect::<Vec<_>>()))
            }
        }
    }
}

impl Fix {
    /// An action that is nothing but more of something on all the nodes, as a noun.
    fn more(&self, action: &FixAction) -> Option<String> {
        if action.nodes().len() != self.nodes {
            return None;
        }
        match action {
            FixAction::AddResources { cpu_mhz, memory_mb, disk_mb, .. } => {
                Some(amounts(*cpu_mhz, *memory_mb, *disk_mb))
            }
            FixAction::AddCores { cores, .. } => Some(more_cores(*cores)),
            FixAction::RaiseMaxAllocations { allocations, .. } => {
                Some(format!("room for {}", more_allocations(*allocations)))
            }
            _ => None,
        }
    }

    /// An action as what would have to be so.
    fn clause(&self, action: &FixAction) -> String {
        let they = self.subject(action);
        match action {
            FixAction::DropConstraint { text, .. } => format!("`{text}` were dropped"),
            FixAction::RaiseDistinctProperty { property, allowed, .. } => {
                format!("{allowed} allocations might share a value of `{property}`")
            }
            FixAction::AllowDatacenter { datacenter } => {
                format!("datacenter `{datacenter}` were allowed")
            }
            FixAction::UsePool { pool } => format!("node pool `{pool}` were used"),
            FixAction::MakeReady { .. } => format!("{they} were ready"),
            FixAction::AddDriver { driver, .. } => format!("{they} had the driver `{driver}`"),
            FixAction::AddSecretsProvider { provider, .. } => {
                format!("{they} had the secrets provider `{provider}`")
            }
            FixAction::AddVolume { volume, .. } => {
                format!("{they} had a writable host volume `{volume}`")
            }
            FixAction::RepairDevices { devices, .. } => {
                format!("all devices `{devices}` of {} were healthy", self.object(action))
            }
            FixAction::AddResources { cpu_mhz, memory_mb, disk_mb, .. } => {
                format!("{they} had {}", amounts(*cpu_mhz, *memory_mb, *disk_mb))
            }
            FixAction::AddCores { cores, .. } => format!("{they} had {}", more_cores(*cores)),
            FixAction::RaiseMaxAllocations { allocations, .. } => {
                format!("{they} took {}", more_allocations(*allocations))
            }
            FixAction::Evict { node, allocations, names } => self.evicted(node, allocations, names),
            FixAction::DropNetwork { task: None, mode } => {
                format!("the group's network of mode `{mode}` were dropped")
            }
            FixAction::DropNetwork { task: Some(task), .. } => {
                format!("the network of task `{task}` were dropped")
            }
            FixAction::DropPort { label, port, .. } => format!("port {} were dropped", {
                match (label.as_str(), *port) {
                    ("", port) => port.to_string(),
                    (label, 0) => format!("`{label}`"),
                    (label, port) => format!("`{label}` ({port})"),
                }
            }),
            FixAction::DropDevices { task, devices, .. } => {
                format!("task `{task}` asked for no `{devices}`")
            }
            FixAction::DropVolume { alias } => format!("volume `{alias}` were dropped"),
        }
    }

    /// What an action calls the nodes that it changes.
    fn subject(&self, action: &FixAction) -> String {
        match action.nodes().len() {
            all if all == self.nodes => if all == 1 { "it" } else { "they" }.into(),
            some => format!("{some} of them"),
        }
    }

    fn object(&self, action: &FixAction) -> String {
        match action.nodes().len() {
            all if all == self.nodes => if all == 1 { "it" } else { "them" }.into(),
            some => format!("{some} of them"),
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

fn more_cores(cores: u32) -> String {
    format!("{cores} more {} free", if cores == 1 { "core" } else { "cores" })
}

fn more_allocations(allocations: u32) -> String {
    format!("{allocations} more {}", if allocations == 1 { "allocation" } else { "allocations" })
}
