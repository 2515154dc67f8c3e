//! Differences between two versions of a job (docs/lifecycle.md, section 2, *Diff*): a pure function
//! of two documents. The documents are compared as the JSON that they are written as, so that keys
//! which scheduling does not know are compared like the others.

use serde_json::{Map, Value};

use super::diff_rules::{Level, default_text, element_name, is_flat, is_hidden, rank};
use crate::model::{
    DiffType, FieldDiff, JobDiff, JobSpec, ObjectDiff, Task, TaskDiff, TaskGroup, TaskGroupDiff,
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
/// let diff = job_diff(Some(&job(3)?), Some(&job(5)?));
/// let group = &diff.task_groups[0];
/// assert_eq!((diff.diff_type, group.diff_type), (DiffType::Edited, DiffType::Edited));
/// assert_eq!((group.fields[0].old.as_str(), group.fields[0].new.as_str()), ("3", "5"));
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
pub fn job_diff(old: Option<&JobSpec>, new: Option<&JobSpec>) -> JobDiff {
    let (old_value, new_value) = (written(old), written(new));
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
            let text = |block: Option<&Object>, value: &Value| match (block, scalar(value)) {
                (Some(_), None) => default_text(level, key).to_owned(),
                (_, text) => text.unwrap_or_default(),
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
        blocks.contents(Level::of(name))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DesiredUpdates, Job, PlanAnnotations};
    use crate::plan::annotate_diff;

    /// A job of one group with one task, made of the keys of each.
    fn job(job: &str, group: &str, task: &str) -> Job {
        Job::from_json(format!(
            r#"{{"ID": "web", {job} "TaskGroups": [{{"Name": "g", {group} "Tasks": [
                {{"Name": "t", {task} "Driver": "exec"}}]}}]}}"#
        ))
        .unwrap()
    }

    /// The differences in short: `+` for new, `-` for gone, `~` for changed, indented by level.
    fn short(diff: &JobDiff) -> String {
        let mut text = String::new();
        part(&mut text, 0, diff.diff_type, &diff.id, &[], &diff.fields, &diff.objects);
        for group in &diff.task_groups {
            part(&mut text, 1, group.diff_type, &group.name, &[], &group.fields, &group.objects);
            for task in &group.tasks {
                let annotations = &task.annotations;
                part(
                    &mut text,
                    2,
                    task.diff_type,
                    &task.name,
                    annotations,
                    &task.fields,
                    &task.objects,
                );
            }
        }
        text
    }

    fn part(
        text: &mut String,
        depth: usize,
        diff_type: DiffType,
        name: &str,
        annotations: &[String],
        fields: &[FieldDiff],
        objects: &[ObjectDiff],
    ) {
        let sign = |diff_type| match diff_type {
            DiffType::None => ' ',
            DiffType::Added => '+',
            DiffType::Deleted => '-',
            DiffType::Edited => '~',
        };
        let indent = "  ".repeat(depth);
        *text += &format!("{indent}{} {name} {annotations:?}\n", sign(diff_type));
        for field in fields.iter().filter(|field| field.diff_type != DiffType::None) {
            let FieldDiff { name, old, new, annotations, .. } = field;
            let sign = sign(field.diff_type);
            *text += &format!("{indent}  {sign} {name}: {old:?} {new:?} {annotations:?}\n");
        }
        for object in objects {
            let ObjectDiff { diff_type, name, fields, objects, .. } = object;
            part(text, depth + 1, *diff_type, name, &[], fields, objects);
        }
    }

    #[test]
    fn equal_jobs_do_not_differ() {
        let job = job(r#""Meta": {"a": "1"},"#, r#""Count": 2,"#, r#""Env": {"A": "1"},"#);
        let diff = job_diff(Some(&job), Some(&job));
        assert_eq!(short(&diff), "  web []\n    g []\n      t []\n");
    }

    #[test]
    fn what_the_server_keeps_is_no_difference() {
        let old = job("", "", "");
        let new = job(
            r#""Version": 3, "Stable": true, "SubmitTime": 5, "Status": "running",
               "CreateIndex": 1, "ModifyIndex": 2, "JobModifyIndex": 2,"#,
            "",
            "",
        );
        assert_eq!(job_diff(Some(&old), Some(&new)).diff_type, DiffType::None);
    }

    #[test]
    fn values_texts_and_blocks_differ() {
        let old = job(
            r#""Priority": 50, "Datacenters": ["a", "b"], "Meta": {"gone": "1", "kept": "1"},
               "Constraints": [{"LTarget": "${meta.a}", "RTarget": "1", "Operand": "="}],"#,
            r#""Networks": [{"DynamicPorts": [{"Label": "http"}]}],"#,
            r#""Env": {"A": "1"}, "Config": {"args": ["x", "y"], "image": "i", "ports": [{"db": 1}]},
               "Services": [{"Name": "s", "Port": "1"}, {"Name": "gone"}],"#,
        );
        let new = job(
            r#""Priority": 60, "Datacenters": ["b", "c"], "Meta": {"kept": "1"},
               "Constraints": [{"LTarget": "${meta.a}", "RTarget": "2", "Operand": "="}],"#,
            r#""Networks": [{"DynamicPorts": [{"Label": "http", "To": 80}]}],"#,
            r#""Env": {"A": "2"}, "Config": {"args": ["x"], "image": "j", "ports": [{"db": 2}]},
               "Services": [{"Name": "s", "Port": "2"}],"#,
        );
        let expected = r#"~ web []
  - Meta[gone]: "1" "" []
  ~ Priority: "50" "60" []
  ~ Datacenters []
    - Datacenters: "a" "" []
    + Datacenters: "" "c" []
  - Constraint []
    - LTarget: "${meta.a}" "" []
    - Operand: "=" "" []
    - RTarget: "1" "" []
  + Constraint []
    + LTarget: "" "${meta.a}" []
    + Operand: "" "=" []
    + RTarget: "" "2" []
  ~ g []
    - Network []
      - Dynamic Port []
        - HostNetwork: "default" "" []
        - Label: "http" "" []
        - To: "0" "" []
    + Network []
      + Dynamic Port []
        + HostNetwork: "" "default" []
        + Label: "" "http" []
        + To: "" "80" []
    ~ t []
      ~ Env[A]: "1" "2" []
      ~ Config []
        - args[1]: "y" "" []
        ~ image: "i" "j" []
        ~ ports[0][db]: "1" "2" []
      ~ Service []
        ~ Port: "1" "2" []
      - Service []
        - Name: "gone" "" []
"#;
        assert_eq!(short(&job_diff(Some(&old), Some(&new))), expected);
    }

    #[test]
    fn unchanged_values_of_a_changed_block_are_shown() {
        let disk = |size: u32| {
            job("", &format!(r#""EphemeralDisk": {{"SizeMB": {size}, "Sticky": true}},"#), "")
        };
        let diff = job_diff(Some(&disk(300)), Some(&disk(400)));
        let fields = &diff.task_groups[0].objects[0].fields;
        let found: Vec<_> =
            fields.iter().map(|f| (f.name.as_str(), f.diff_type, f.new.as_str())).collect();
        let expected = [
            ("Migrate", DiffType::None, "false"),
            ("SizeMB", DiffType::Edited, "400"),
            ("Sticky", DiffType::None, "true"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_new_job_a_gone_one_and_none() {
        let job = job("", "", "");
        for (old, new, expected) in [
            (None, Some(&*job), DiffType::Added),
            (Some(&*job), None, DiffType::Deleted),
            (None, None, DiffType::None),
        ] {
            let diff = job_diff(old, new);
            assert_eq!(diff.diff_type, expected);
            let groups = diff.task_groups.iter();
            assert!(groups.clone().all(|group| group.diff_type == expected));
            assert!(groups.flat_map(|group| &group.tasks).all(|task| task.diff_type == expected));
        }
    }

    #[test]
    fn differences_say_what_they_force() {
        let text = |old: &Job, new: &Job| {
            let mut diff = job_diff(Some(old), Some(new));
            annotate_diff(&mut diff, &PlanAnnotations::default());
            let counts = diff.task_groups.iter().flat_map(|group| &group.fields);
            let tasks = diff.task_groups.iter().flat_map(|group| &group.tasks);
            let counts = counts.flat_map(|field| &field.annotations);
            let all = counts.chain(tasks.flat_map(|task| &task.annotations));
            all.map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        let count = |count: u32| job("", &format!(r#""Count": {count},"#), "");
        assert_eq!(text(&count(2), &count(3)), "forces create");
        assert_eq!(text(&count(3), &count(2)), "forces destroy");
        let task = |keys: &str| job("", "", keys);
        for (keys, expected) in [
            (r#""KillTimeout": 9,"#, "forces in-place update"),
            (r#""Services": [{"Name": "s"}],"#, "forces in-place update"),
            (r#""LogConfig": {"MaxFiles": 3},"#, "forces in-place update"),
            (r#""KillTimeout": 9, "User": "u","#, "forces create/destroy update"),
            (r#""Env": {"A": "1"},"#, "forces create/destroy update"),
            (r#""Resources": {"CPU": 7},"#, "forces create/destroy update"),
        ] {
            assert_eq!(text(&task(""), &task(keys)), expected, "{keys}");
        }
        let group = |name: &str| {
            Job::builder("web").group(name, 1, |g| g.task("t", "exec", |t| t)).build().unwrap()
        };
        assert_eq!(
            text(&group("old"), &group("new")),
            "forces create, forces destroy, forces create, forces destroy"
        );
    }

    #[test]
    fn figures_are_written_where_they_are_not_zero() {
        let job = job("", "", "");
        let mut diff = job_diff(None, Some(&job));
        let figures = DesiredUpdates {
            ignore: 1,
            place: 2,
            destructive_update: 3,
            reschedule_now: 4,
            ..DesiredUpdates::default()
        };
        let desired_tg_updates = [("g".to_owned(), figures)].into();
        annotate_diff(
            &mut diff,
            &PlanAnnotations { desired_tg_updates, ..PlanAnnotations::default() },
        );
        let updates: Vec<_> =
            diff.task_groups[0].updates.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(updates, [("ignore", 1), ("create", 2), ("create/destroy update", 3)]);
    }
}
