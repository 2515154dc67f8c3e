//! How full each class of nodes is, before and after, and where jobs ask for devices, each model.

use std::collections::BTreeMap;
use std::io::{self, Write};

use stowplan::model::{Job, NetworkResource, Task, TaskGroup};
use stowplan::{Cluster, NodeUsage, Usage};

use crate::output::Output;
use crate::tables::{Content, Look, Sheet, Tone};
use crate::words::number;

/// What jobs ask for beside CPU and memory: only that is worth showing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    cores: bool,
    ports: bool,
    /// The names of the requests: `type`, `vendor/type` or `vendor/type/model`.
    devices: Vec<String>,
}

/// What some nodes have and hold, in sum.
#[derive(Clone, Debug, Default)]
struct Sums {
    nodes: u64,
    cpu_mhz: Sum,
    memory_mb: Sum,
    cores: Sum,
    ports: Sum,
}

/// The devices of a model, in sum.
#[derive(Clone, Debug, Default)]
struct DeviceSums {
    nodes: u64,
    devices: Sum,
}

/// A sum of usages; wide, because each one may be nearly as large as an integer can be.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    used: i128,
    capacity: i128,
}

/// How full each class is, by its name, and how many devices of each model are in use.
#[derive(Clone, Debug)]
pub(crate) struct ClassUsages {
    classes: BTreeMap<String, Sums>,
    models: BTreeMap<String, DeviceSums>,
}

impl Wanted {
    pub(crate) fn of(jobs: &[Job]) -> Self {
        let mut wanted = Wanted::default();
        for group in jobs.iter().flat_map(|job| &job.task_groups) {
            wanted.cores |= group.tasks.iter().any(|task| task.cores() > 0);
            wanted.ports |= networks(group).any(|network| !network.dynamic_ports.is_empty());
            for request in group.tasks.iter().flat_map(Task::devices) {
                if !wanted.devices.contains(&request.name) {
                    wanted.devices.push(request.name.clone());
                }
            }
        }
        wanted
    }

    /// Whether a request may be for a model, `vendor/type/model`.
    fn has_model(&self, model: &str) -> bool {
        let parts: Vec<&str> = model.splitn(3, '/').collect();
        self.devices.iter().any(|request| match request.splitn(3, '/').count() {
            1 => parts.get(1).or(parts.first()).is_some_and(|it| it == request),
            2 => model
                .strip_prefix(request.as_str())
                .is_some_and(|it| it.is_empty() || it.starts_with('/')),
            _ => model == request,
        })
    }
}

fn networks(group: &TaskGroup) -> impl Iterator<Item = &NetworkResource> {
    group.network().into_iter().chain(group.tasks.iter().filter_map(Task::network))
}

impl ClassUsages {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let mut usages = ClassUsages { classes: BTreeMap::new(), models: BTreeMap::new() };
        for usage in cluster.usage() {
            let class = usage.node().node_class.clone();
            usages.classes.entry(class).or_default().add(&usage);
            for (model, devices) in usage.devices() {
                let sums = usages.models.entry(model).or_default();
                sums.nodes += 1;
                sums.devices.add(devices);
            }
        }
        usages
    }

    /// Writes a bar for each class and each model that is wanted, at most as many as given.
    pub(crate) fn write(
        &self,
        before: &ClassUsages,
        wanted: &Wanted,
        rows_max: usize,
        look: Look,
        to: &mut Output,
    ) -> io::Result<()> {
        let mut columns = vec!["Class", "Nodes ", "CPU", "Memory"];
        columns.extend(wanted.cores.then_some("Cores"));
        columns.extend(wanted.ports.then_some("Dynamic ports"));
        let mut sheet = Sheet::new(look, &columns);
        let none = Sums::default();
        for (name, after) in self.classes.iter().take(rows_max) {
            let before = before.classes.get(name).unwrap_or(&none);
            let mut cells = vec![
                Content::Text(if name.is_empty() { "(none)".to_owned() } else { name.clone() }),
                Content::Text(number(after.nodes)),
                bar(before.cpu_mhz, after.cpu_mhz, look),
                bar(before.memory_mb, after.memory_mb, look),
            ];
            cells.extend(wanted.cores.then(|| bar(before.cores, after.cores, look)));
            cells.extend(wanted.ports.then(|| bar(before.ports, after.ports, look)));
            sheet.contents(cells);
        }
        sheet.write(to)?;
        let [used, added, free] = cells(look);
        match before.classes.values().any(Sums::is_in_use) {
            true => writeln!(to, "{used} in use before, {added} placed now, {free} free")?,
            false => writeln!(to, "{added} placed now, {free} free")?,
        }
        match self.classes.len().saturating_sub(rows_max) {
            0 => {}
            more => writeln!(to, "{} more classes; `--full` shows all", number(more as u64))?,
        }
        self.write_models(before, wanted, rows_max, look, to)
    }

    fn write_models(
        &self,
        before: &ClassUsages,
        wanted: &Wanted,
        rows_max: usize,
        look: Look,
        to: &mut Output,
    ) -> io::Result<()> {
        if wanted.devices.is_empty() {
            return Ok(());
        }
        look.heading("How many of the devices are in use, by model", Tone::Plain, to)?;
        let models = || self.models.iter().filter(|(model, _)| wanted.has_model(model));
        if models().next().is_none() {
            return writeln!(to, "no node has any of the devices that are asked for");
        }
        let mut sheet =
            Sheet::new(look, &["Model", "Nodes ", "In use", "Before ", "Now ", "Healthy "]);
        let none = DeviceSums::default();
        for (model, after) in models().take(rows_max) {
            let before = before.models.get(model).unwrap_or(&none);
            sheet.contents([
                Content::Text(model.clone()),
                Content::Text(number(after.nodes)),
                bar(before.devices, after.devices, look),
                Content::Text(number(before.devices.used)),
                Content::Text(number(after.devices.used)),
                Content::Text(number(after.devices.capacity)),
            ]);
        }
        sheet.write(to)?;
        match models().count().saturating_sub(rows_max) {
            0 => Ok(()),
            more => writeln!(to, "{} more models; `--full` shows all", number(more as u64)),
        }
    }
}

impl Sums {
    fn add(&mut self, usage: &NodeUsage<'_>) {
        self.nodes += 1;
        self.cpu_mhz.add(usage.cpu_mhz());
        self.memory_mb.add(usage.memory_mb());
        self.cores.add(usage.cores());
        self.ports.add(usage.dynamic_ports());
    }

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
