//! Differences between two versions of a job (docs/lifecycle.md, section 2, *Diff*): a pure function
//! of two documents. The documents are compared as the JSON that they are written as, so that keys
//! which scheduling does not know are compared like the others.

use serde_json::{Map, Value};

use super::diff_rules::{Level, default_text, element_name, is_flat, is_hidden, rank};
use crate::model::{
    DiffType, Era, FieldDiff, JobDiff, JobSpec, ObjectDiff, Task, TaskDiff, TaskGroup,
    TaskGroupDiff,
};

/// An object of JSON.
type Object = Map<String, Value>;

/// How the version `new` of a job differs from the version `old`; `None` stands for no job. Documents
/// are compared as they are, so both should be complete, as those of a [`Job`](crate::model::Job)
/// are.
///
/// ```
/// use stowplan::job_diff;
/// use stowplan::model::{DiffType, Job};
///
/// let job = |count| Job::builder("web")
///     .group("front", count, |g| g.task("nginx", "docker", |t| t.cpu_shares(500)))
///     .build();
/// let (old, new) = (job(3)?, job(5)?);
/// let diff = job_diff(Some(old.spec()), Some(new.spec()));
/// let group = &diff.task_groups[0];
/// assert_eq!((diff.diff_type, group.diff_type), (DiffType::Edited, DiffType::Edited));
/// assert_eq!((group.fields[0].old.as_str(), group.fields[0].new.as_str()), ("3", "5"));
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
pub fn job_diff(old: Option<&JobSpec>, new: Option<&JobSpec>) -> JobDiff {
    let (old_value, new_value) = (written_job(old), written_job(new));
    let blocks = Blocks { old: old_value.as_object(), new: new_value.as_object() };
    let (fields, objects) = blocks.differences(Level::Job);
    let task_groups = pairs(groups_of(old), groups_of(new), |group| &group.name);
    let task_groups: Vec<TaskGroupDiff> =
        task_groups.into_iter().map(|(old, new)| group_diff(old, new)).collect();
    let is_edited = !fields.is_empty()
        || !objects.is_empty()
        || task_groups.iter().any(|group| group.diff_type != DiffType::None);
    JobDiff {
        diff_type: blocks.diff_type(is_edited),
        id: new.or(old).map(|job| job.id.clone()).unwrap_or_default(),
        fields,
        objects,
        task_groups,
        ..JobDiff::default()
    }
}

fn group_diff(old: Option<&TaskGroup>, new: Option<&TaskGroup>) -> TaskGroupDiff {
    let (old_value, new_value) = (written(old), written(new));
    let blocks = Blocks { old: old_value.as_object(), new: new_value.as_object() };
    let (fields, objects) = blocks.differences(Level::Group);
    let tasks = pairs(tasks_of(old), tasks_of(new), |task| &task.name);
    let tasks: Vec<TaskDiff> = tasks.into_iter().map(|(old, new)| task_diff(old, new)).collect();
    let is_edited = !fields.is_empty()
        || !objects.is_empty()
        || tasks.iter().any(|task| task.diff_type != DiffType::None);
    TaskGroupDiff {
        diff_type: blocks.diff_type(is_edited),
        name: new.or(old).map(|group| group.name.clone()).unwrap_or_default(),
        fields,
        objects,
        tasks,
        ..TaskGroupDiff::default()
    }
}

fn task_diff(old: Option<&Task>, new: Option<&Task>) -> TaskDiff {
    let (old_value, new_value) = (written(old), written(new));
    let blocks = Blocks { old: old_value.as_object(), new: new_value.as_object() };
    let (fields, objects) = blocks.differences(Level::Task);
    let is_edited = !fields.is_empty() || !objects.is_empty();
    TaskDiff {
        diff_type: blocks.diff_type(is_edited),
        name: new.or(old).map(|task| task.name.clone()).unwrap_or_default(),
        fields,
        objects,
        ..TaskDiff::default()
    }
}

/// A job as JSON. The update block of a job of today is left out, since its groups show it.
fn written_job(job: Option<&JobSpec>) -> Value {
    let mut value = written(job);
    if job.is_some_and(|job| job.era() == Era::Today)
        && let Some(job) = value.as_object_mut()
    {
        job.remove("Update");
    }
    value
}

/// A document as JSON.
fn written<T: serde::Serialize>(document: Option<&T>) -> Value {
    document.and_then(|document| serde_json::to_value(document).ok()).unwrap_or_default()
}

fn groups_of(job: Option<&JobSpec>) -> &[TaskGroup] {
    job.map_or(&[], |job| &job.task_groups)
}

fn tasks_of(group: Option<&TaskGroup>) -> &[Task] {
    group.map_or(&[], |group| &group.tasks)
}

/// What has the same name in two lists, sorted by name.
fn pairs<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> &str,
) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut names: Vec<&str> = old.iter().chain(new).map(&name).collect();
    names.sort_unstable();
    names.dedup();
    let find = |list: &'a [T], wanted: &str| list.iter().find(|one| name(one) == wanted);
    names.into_iter().map(|wanted| (find(old, wanted), find(new, wanted))).collect()
}

/// The two versions of a block.
#[derive(Clone, Copy)]
struct Blocks<'a> {
    old: Option<&'a Object>,
    new: Option<&'a Object>,
}

impl<'a> Blocks<'a> {
    /// How the blocks differ as a whole.
    fn diff_type(self, is_edited: bool) -> DiffType {
        match (self.old, self.new) {
            (None, Some(_)) => DiffType::Added,
            (Some(_), None) => DiffType::Deleted,
            (Some(_), Some(_)) if is_edited => DiffType::Edited,
            _ => DiffType::None,
        }
    }

    /// All keys of both, sorted.
    fn keys(self) -> Vec<&'a str> {
        let keys = self.old.into_iter().chain(self.new).flat_map(Object::keys);
        let mut keys: Vec<&str> = keys.map(String::as_str).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The values of a key.
    fn values(self, key: &str) -> (&'a Value, &'a Value) {
        let value = |block: Option<&'a Object>| block.and_then(|block| block.get(key));
        (value(self.old).unwrap_or(&Value::Null), value(self.new).unwrap_or(&Value::Null))
    }

    /// The values and the blocks in the two that differ.
    fn differences(self, level: Level) -> (Vec<FieldDiff>, Vec<ObjectDiff>) {
        let (mut fields, objects) = self.contents(level);
        fields.retain(|field| field.diff_type != DiffType::None);
        (fields, objects)
    }

    /// All values in the two, and the blocks that differ.
    fn contents(self, level: Level) -> (Vec<FieldDiff>, Vec<ObjectDiff>) {
        let (mut fields, mut objects) = (Vec::new(), Vec::new());
        let mut keys = self.keys();
        keys.extend(level.defaults().map(|(key, _)| key));
        keys.sort_unstable();
        keys.dedup();
        for key in keys.into_iter().filter(|key| !is_hidden(level, key)) {
            let (old, new) = self.values(key);
            if is_flat(level, key) {
                let (old, new) = (old.as_object(), new.as_object());
                Blocks { old, new }.flat(|name| format!("{key}[{name}]"), &mut fields);
                continue;
            }
            let text = |block: Option<&Object>, value: &Value| {
                let said = scalar(value).filter(|text| !text.is_empty());
                let default = || block.map(|_| default_text(level, key).to_owned());
                said.or_else(default).unwrap_or_default()
            };
            let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
            if is_scalar(old) && is_scalar(new) {
                fields.extend(field(key, text(self.old, old), text(self.new, new)));
            } else {
                block(level, key, old, new, &mut objects);
            }
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        objects.sort_by_key(|object| rank(&object.name));
        (fields, objects)
    }

    /// All values anywhere in the two, as fields whose names are their paths.
    fn flat(self, name: impl Fn(&str) -> String, fields: &mut Vec<FieldDiff>) {
        for key in self.keys() {
            let (old, new) = self.values(key);
            flat(&name(key), old, new, fields);
        }
    }
}

/// All values anywhere in two values, as fields whose names are their paths.
fn flat(name: &str, old: &Value, new: &Value, fields: &mut Vec<FieldDiff>) {
    if old.is_array() || new.is_array() {
        let empty = Vec::new();
        let (old_list, new_list) =
            (old.as_array().unwrap_or(&empty), new.as_array().unwrap_or(&empty));
        for at in 0..old_list.len().max(new_list.len()) {
            let old = old_list.get(at).unwrap_or(&Value::Null);
            let new = new_list.get(at).unwrap_or(&Value::Null);
            flat(&format!("{name}[{at}]"), old, new, fields);
        }
    }
    if old.is_object() || new.is_object() {
        let blocks = Blocks { old: old.as_object(), new: new.as_object() };
        blocks.flat(|key| format!("{name}[{key}]"), fields);
    }
    fields.extend(field(name, scalar(old).unwrap_or_default(), scalar(new).unwrap_or_default()));
}

/// The text of a value that is no block; none for one that is, and for an absent one.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Bool(on) => Some(on.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// How two texts differ, of which an empty one stands for an absent value; nothing where both are.
fn field(name: &str, old: String, new: String) -> Option<FieldDiff> {
    let diff_type = match (old.as_str(), new.as_str()) {
        ("", "") => return None,
        (old, new) if old == new => DiffType::None,
        ("", _) => DiffType::Added,
        (_, "") => DiffType::Deleted,
        _ => DiffType::Edited,
    };
    Some(FieldDiff { diff_type, name: name.to_owned(), old, new, ..FieldDiff::default() })
}

/// How the blocks of a key differ, each of which may be an object, a list or nothing.
fn block(level: Level, key: &str, old: &Value, new: &Value, objects: &mut Vec<ObjectDiff>) {
    if let (Some(map), true) = (element_name(key), old.is_object() || new.is_object()) {
        // A map whose values are blocks, volumes by alias for instance.
        let blocks = Blocks { old: old.as_object(), new: new.as_object() };
        for key in blocks.keys() {
            let (old, new) = blocks.values(key);
            objects.extend(object(level, map, old.as_object(), new.as_object()));
        }
        return;
    }
    if old.is_object() || new.is_object() {
        objects.extend(object(level, key, old.as_object(), new.as_object()));
    }
    if old.is_array() || new.is_array() {
        let empty = Vec::new();
        let (old, new) = (old.as_array().unwrap_or(&empty), new.as_array().unwrap_or(&empty));
        if old.iter().chain(new).any(Value::is_object) {
            elements(level, element_name(key).unwrap_or(key), old, new, objects);
        } else {
            objects.extend(texts(key, old, new));
        }
    }
}

/// How two objects differ; nothing where they do not.
fn object(
    above: Level,
    name: &str,
    old: Option<&Object>,
    new: Option<&Object>,
) -> Option<ObjectDiff> {
    let blocks = Blocks { old, new };
    let (fields, objects) = if (above, name) == (Level::Task, "Config") {
        let mut fields = Vec::new();
        blocks.flat(str::to_owned, &mut fields);
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        (fields, Vec::new())
    } else {
        blocks.contents(Level::of(above, name))
    };
    let is_edited = !objects.is_empty() || fields.iter().any(|f| f.diff_type != DiffType::None);
    let diff_type = blocks.diff_type(is_edited);
    (diff_type != DiffType::None).then(|| ObjectDiff {
        diff_type,
        name: name.to_owned(),
        fields,
        objects,
        ..ObjectDiff::default()
    })
}

/// How two lists of objects differ, whose order says nothing. Objects that say their name or label
/// are the same ones in both; of the others each is new, gone or as it was.
fn elements(level: Level, name: &str, old: &[Value], new: &[Value], objects: &mut Vec<ObjectDiff>) {
    let mut unmatched: Vec<&Value> = new.iter().collect();
    let mut changed: Vec<&Value> = Vec::new();
    for one in old {
        match unmatched.iter().position(|other| *other == one) {
            Some(at) => drop(unmatched.remove(at)),
            None => changed.push(one),
        }
    }
    for one in changed {
        let same = |other: &&Value| identity(one).is_some() && identity(one) == identity(other);
        let other = unmatched.iter().position(same).map(|at| unmatched.remove(at));
        let new = other.and_then(Value::as_object);
        objects.extend(object(level, name, one.as_object(), new));
    }
    for one in unmatched {
        objects.extend(object(level, name, None, one.as_object()));
    }
}

/// What makes an element of a list the same one in another version.
fn identity(element: &Value) -> Option<&str> {
    let text = |key: &str| element.get(key)?.as_str().filter(|text| !text.is_empty());
    text("Name").or_else(|| text("Label"))
}

/// How two lists of texts differ, whose order says nothing; nothing where they do not.
fn texts(key: &str, old: &[Value], new: &[Value]) -> Option<ObjectDiff> {
    let sorted = |list: &[Value]| {
        let mut texts: Vec<String> = list.iter().filter_map(scalar).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    };
    let (old, new) = (sorted(old), sorted(new));
    let mut all: Vec<&String> = old.iter().chain(&new).collect();
    all.sort_unstable();
    all.dedup();
    let text = |list: &[String], wanted: &String| match list.contains(wanted) {
        true => wanted.clone(),
        false => String::new(),
    };
    let fields: Vec<FieldDiff> =
        all.iter().filter_map(|one| field(key, text(&old, one), text(&new, one))).collect();
    let diff_type = match (old.is_empty(), new.is_empty()) {
        (true, false) => DiffType::Added,
        (false, true) => DiffType::Deleted,
        _ if fields.iter().any(|field| field.diff_type != DiffType::None) => DiffType::Edited,
        _ => return None,
    };
    Some(ObjectDiff { diff_type, name: key.to_owned(), fields, ..ObjectDiff::default() })
}
