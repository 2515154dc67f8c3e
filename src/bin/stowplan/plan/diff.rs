//! The difference of two versions of a job, line by line: `+` is new, `-` is gone, `+/-` is changed.

use std::io;

use stowplan::model::{DiffType, FieldDiff, JobDiff, ObjectDiff, TaskDiff, TaskGroupDiff};

use crate::output::Output;
use crate::tables::{Look, Tone};
use crate::words::{number, printable};

/// A line with how it is meant.
struct Line {
    diff_type: DiffType,
    depth: usize,
    text: String,
}

/// Writes a difference.
///
/// # Errors
///
/// It cannot be written.
pub(super) fn write(diff: &JobDiff, look: Look, output: &mut Output) -> io::Result<()> {
    let mut lines = Vec::new();
    add(&mut lines, diff.diff_type, 0, format!("Job: \"{}\"", diff.id));
    add_values(&mut lines, 1, &diff.fields, &diff.objects);
    for group in &diff.task_groups {
        add_group(&mut lines, group);
    }
    for line in &lines {
        let tone = match line.diff_type {
            DiffType::None => Tone::Plain,
            DiffType::Added => Tone::Good,
            DiffType::Deleted => Tone::Bad,
            DiffType::Edited => Tone::Poor,
        };
        let indent = "  ".repeat(line.depth);
        let text = format!("{:<3} {indent}{}", mark(line.diff_type), printable(&line.text));
        look.line(text.trim_end(), tone, output)?;
    }
    Ok(())
}

fn mark(diff_type: DiffType) -> &'static str {
    match diff_type {
        DiffType::None => "",
        DiffType::Added => "+",
        DiffType::Deleted => "-",
        DiffType::Edited => "+/-",
    }
}

fn add(lines: &mut Vec<Line>, diff_type: DiffType, depth: usize, text: String) {
    lines.push(Line { diff_type, depth, text });
}

fn add_group(lines: &mut Vec<Line>, group: &TaskGroupDiff) {
    let updates = group.updates.iter().map(|(what, many)| format!("{} {what}", number(*many)));
    let updates: Vec<String> = updates.collect();
    let name = format!("Task Group: \"{}\"", group.name);
    add(lines, group.diff_type, 0, with_notes(name, &updates));
    add_values(lines, 1, &group.fields, &group.objects);
    for task in &group.tasks {
        add_task(lines, task);
    }
}

fn add_task(lines: &mut Vec<Line>, task: &TaskDiff) {
    let name = format!("Task: \"{}\"", task.name);
    add(lines, task.diff_type, 1, with_notes(name, &task.annotations));
    if task.diff_type == DiffType::Edited {
        add_values(lines, 2, &task.fields, &task.objects);
    }
}

fn add_values(lines: &mut Vec<Line>, depth: usize, fields: &[FieldDiff], objects: &[ObjectDiff]) {
    for field in fields {
        let FieldDiff { name, old, new, .. } = field;
        let text = match field.diff_type {
            DiffType::None => format!("{name}: \"{new}\""),
            DiffType::Added => format!("{name}: \"{new}\""),
            DiffType::Deleted => format!("{name}: \"{old}\""),
            DiffType::Edited => format!("{name}: \"{old}\" => \"{new}\""),
        };
        add(lines, field.diff_type, depth, with_notes(text, &field.annotations));
    }
    for object in objects {
        add(lines, object.diff_type, depth, format!("{} {{", object.name));
        add_values(lines, depth + 1, &object.fields, &object.objects);
        add(lines, DiffType::None, depth, "}".to_owned());
    }
}

fn with_notes(text: String, notes: &[String]) -> String {
    if notes.is_empty() { text } else { format!("{text} ({})", notes.join(", ")) }
}
