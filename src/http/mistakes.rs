//! Everything that is wrong with a job, in the shape in which the API says it: by task group and task, each
//! by its name.

use super::refusal::Refusal;
use super::text::excerpt;
use crate::engine::{CommandError, JobCommandError};
use crate::model::{JobErrors, JobSpec, Problem};

/// The names of a job's task groups and of their tasks, by which mistakes in them are said.
pub(super) struct Names {
    groups: Vec<(String, Vec<String>)>,
}

/// Mistakes of a document in one place, and in the parts of it.
#[derive(Default)]
struct Listed {
    texts: Vec<String>,
    parts: Vec<(String, Listed)>,
}

impl Names {
    pub(super) fn of(job: &JobSpec) -> Names {
        let short = |name: &str| excerpt(name).to_owned();
        let groups = job.task_groups.iter().map(|group| {
            (short(&group.name), group.tasks.iter().map(|task| short(&task.name)).collect())
        });
        Names { groups: groups.collect() }
    }

    /// The refusal of a job of these names.
    pub(super) fn refusal(&self, error: CommandError) -> Refusal {
        match &error {
            CommandError::Job(JobCommandError::Invalid(errors)) => {
                Refusal::failed(self.text(errors))
            }
            _ => error.into(),
        }
    }

    /// All mistakes in one text.
    pub(super) fn text(&self, errors: &JobErrors) -> String {
        match errors.problems().iter().find_map(change_of_type) {
            Some(text) => text,
            None => self.listed(errors).text(),
        }
    }

    /// The mistakes one by one, those in a group as one.
    pub(super) fn texts(&self, errors: &JobErrors) -> Vec<String> {
        self.listed(errors).entries()
    }

    fn listed(&self, errors: &JobErrors) -> Listed {
        let mut listed = Listed::default();
        for problem in errors.problems() {
            let in_group = part(problem.path(), "TaskGroups").and_then(|(at, rest)| {
                let (name, tasks) = self.groups.get(at)?;
                Some((format!("Task group {name} validation failed"), tasks, rest))
            });
            let Some((group, tasks, rest)) = in_group else {
                listed.texts.push(text(problem.path(), problem.message(), ""));
                continue;
            };
            let group = listed.part(group);
            let in_task = part(rest, "Tasks").and_then(|(at, rest)| {
                Some((format!("Task {} validation failed", tasks.get(at)?), rest))
            });
            match in_task {
                Some((task, rest)) => {
                    group.part(task).texts.push(text(rest, problem.message(), "task"));
                }
                None => group.texts.push(text(rest, problem.message(), "group")),
            }
        }
        listed
    }
}

impl Listed {
    fn part(&mut self, name: String) -> &mut Listed {
        let at = self.parts.iter().position(|(it, _)| *it == name).unwrap_or_else(|| {
            self.parts.push((name, Listed::default()));
            self.parts.len() - 1
        });
        &mut self.parts[at].1
    }

    fn entries(&self) -> Vec<String> {
        let parts = self.parts.iter().map(|(name, part)| format!("{name}: {}", part.text()));
        self.texts.iter().cloned().chain(parts).collect()
    }

    fn text(&self) -> String {
        let entries = self.entries();
        let noun = if entries.len() == 1 { "error" } else { "errors" };
        let all: String = entries.iter().map(|entry| format!("\t* {entry}\n")).collect();
        format!("{} {noun} occurred:\n{all}\n", entries.len())
    }
}

/// The place in a list that a path begins with, and what follows in it.
fn part<'a>(path: &'a str, list: &str) -> Option<(usize, &'a str)> {
    let (at, rest) = path.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
    Some((at.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

/// One mistake, in the original's words where clients may look for them.
fn text(path: &str, message: &str, of: &str) -> String {
    match (of, path) {
        ("task", "Driver") if message.contains("needs") => "Missing task driver".to_owned(),
        ("group", "Count") if message.contains("found `-") => {
            "Task group count can't be negative".to_owned()
        }
        (_, "") => message.to_owned(),
        _ => format!("{path}: {message}"),
    }
}

/// A job's type is not changed, which the API says without a list.
fn change_of_type(problem: &Problem) -> Option<String> {
    let types = problem.message().strip_prefix("a job of type `")?.strip_suffix('`')?;
    let (old, new) = types.split_once("` cannot become one of type `")?;
    (problem.path() == "Type")
        .then(|| format!("cannot update job from type \"{old}\" to \"{new}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Job, read};

    fn said(text: &str) -> (String, Vec<String>) {
        let spec = read::job(text).unwrap();
        let names = Names::of(&spec);
        let errors = Job::registered(spec, None).unwrap_err();
        (names.text(&errors), names.texts(&errors))
    }

    #[test]
    fn mistakes_are_said_by_group_and_task() {
        let (text, texts) = said(
            r#"{"ID": "bad", "Datacenters": ["dc1"], "TaskGroups": [{"Name": "g", "Count": 1, "Tasks": [
                {"Name": "t", "Driver": "", "Resources": {"CPU": 500, "MemoryMB": 256}}]}]}"#,
        );
        let group = "Task group g validation failed: 1 error occurred:\n\t* Task t validation failed: \
                     1 error occurred:\n\t* Missing task driver\n\n\n\n";
        assert_eq!(texts, [group]);
        assert_eq!(text, format!("1 error occurred:\n\t* {group}\n\n"));
    }

    #[test]
    fn several_mistakes_are_counted_where_they_are() {
        let (text, texts) = said(
            r#"{"ID": "a b", "Priority": -3, "Datacenters": ["dc1"], "TaskGroups": [
                {"Name": "g", "Count": -2, "Tasks": [{"Name": "t", "Driver": "", "Config": {}}, {"Name": "u"}]}]}"#,
        );
        assert!(text.starts_with("3 errors occurred:\n\t* "), "{text}");
        let group = texts.last().unwrap();
        let count = "\t* Task group count can't be negative\n";
        assert!(
            group.starts_with("Task group g validation failed: 3 errors occurred:\n"),
            "{group}"
        );
        assert!(group.contains(count) && group.contains("\t* Task u validation failed: 1 error"));
    }
}
