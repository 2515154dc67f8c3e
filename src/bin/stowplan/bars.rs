//! How full each class of nodes is, before and after.

use std::collections::BTreeMap;
use std::io::{self, Write};

use stowplan::{Cluster, Usage};

use crate::output::Output;
use crate::tables::{Content, Look, Sheet};
use crate::words::number;

/// What the nodes of a class have and hold, in sum.
#[derive(Clone, Debug, Default)]
struct ClassUsage {
    nodes: u64,
    cpu_mhz: Sum,
    memory_mb: Sum,
}

/// A sum of usages; wide, because each one may be nearly as large as an integer can be.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    used: i128,
    capacity: i128,
}

/// How full each class is, by its name.
#[derive(Clone, Debug)]
pub(crate) struct ClassUsages {
    classes: BTreeMap<String, ClassUsage>,
}

impl ClassUsages {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let mut classes: BTreeMap<String, ClassUsage> = BTreeMap::new();
        for usage in cluster.usage() {
            let class = classes.entry(usage.node().node_class.clone()).or_default();
            class.nodes += 1;
            class.cpu_mhz.add(usage.cpu_mhz());
            class.memory_mb.add(usage.memory_mb());
        }
        ClassUsages { classes }
    }

    /// Writes a bar for each class, at most as many as given.
    pub(crate) fn write(
        &self,
        before: &ClassUsages,
        rows_max: usize,
        look: Look,
        to: &mut Output,
    ) -> io::Result<()> {
        let mut sheet = Sheet::new(look, &["Class", "Nodes ", "CPU", "Memory"]);
        let none = ClassUsage::default();
        for (name, after) in self.classes.iter().take(rows_max) {
            let before = before.classes.get(name).unwrap_or(&none);
            sheet.contents([
                Content::Text(if name.is_empty() { "(none)".to_owned() } else { name.clone() }),
                Content::Text(number(after.nodes)),
                bar(before.cpu_mhz, after.cpu_mhz, look),
                bar(before.memory_mb, after.memory_mb, look),
            ]);
        }
        sheet.write(to)?;
        // Where the nodes were empty there is one kind of cells that are full.
        if before.classes.values().any(ClassUsage::is_in_use) {
            let [used, added, free] = cells(look);
            writeln!(to, "{used} in use before, {added} placed now, {free} free")?;
        }
        match self.classes.len().saturating_sub(rows_max) {
            0 => Ok(()),
            more => writeln!(to, "{} more classes; `--full` shows all", number(more as u64)),
        }
    }
}

impl ClassUsage {
    fn is_in_use(&self) -> bool {
        self.cpu_mhz.used > 0 || self.memory_mb.used > 0
    }
}

impl Sum {
    fn add(&mut self, usage: Usage) {
        self.used += i128::from(usage.used);
        self.capacity += i128::from(usage.capacity);
    }

    /// The share that is in use, of a whole of so many parts, rounded down; all of it where there is
    /// nothing.
    fn share(self, of: i128) -> i128 {
        match self.capacity {
            ..=0 => of,
            capacity => (self.used.max(0) * of / capacity).min(of),
        }
    }
}

/// The characters for what was in use, what came to it, what is free.
fn cells(look: Look) -> [char; 3] {
    if look.has_lines { ['█', '▒', '░'] } else { ['#', '+', '.'] }
}

/// A bar (what was in use, what came to it, what is free) with the shares before and after.
fn bar(before: Sum, after: Sum, look: Look) -> Content {
    if after.capacity <= 0 {
        return Content::Text("none".to_owned());
    }
    let [used, added, free] = cells(look);
    let draw = move |width: usize| {
        let length = |sum: Sum| usize::try_from(sum.share(width as i128)).unwrap_or(width);
        // What was evicted may have been more than what was placed.
        let (kept, filled) = (length(before).min(length(after)), length(after));
        let part = |character: char, length: usize| character.to_string().repeat(length);
        format!("{}{}{}", part(used, kept), part(added, filled - kept), part(free, width - filled))
    };
    let label = format!("{:>3}% -> {:>3}%", before.share(100), after.share(100));
    Content::Bar { draw: Box::new(draw), label }
}
