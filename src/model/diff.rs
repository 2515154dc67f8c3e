//! Differences between two versions of a job, as documents (docs/lifecycle.md, section 2, *Diff*).

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::document::{document, null_when_empty, null_without_elements};
use super::status::texts;

document! {
    /// How two versions of a job differ.
    ///
    /// ```
    /// use stowplan::job_diff;
    /// use stowplan::model::{DiffType, Job};
    ///
    /// let job = Job::builder("web").group("front", 3, |g| g.task("nginx", "docker", |t| t)).build()?;
    /// let diff = job_diff(None, Some(job.spec()));
    /// assert_eq!((diff.diff_type, diff.id.as_str()), (DiffType::Added, "web"));
    /// assert_eq!(diff.task_groups[0].name, "front");
    /// # Ok::<(), stowplan::model::JobErrors>(())
    /// ```
    pub struct JobDiff {
        /// Whether the job is new, gone or changed.
        "Type" => pub diff_type: DiffType,
        /// The job.
        "ID" => pub id: String,
        /// Values of the job that differ, sorted by name.
        #[serde(serialize_with = "null_without_elements")]
        "Fields" => pub fields: Vec<FieldDiff>,
        /// Blocks of the job that differ.
        #[serde(serialize_with = "null_without_elements")]
        "Objects" => pub objects: Vec<ObjectDiff>,
        /// All groups of both versions, sorted by name.
        #[serde(serialize_with = "null_without_elements")]
        "TaskGroups" => pub task_groups: Vec<TaskGroupDiff>,
    }
}

document! {
    /// How two versions of a group differ.
    pub struct TaskGroupDiff {
        /// Whether the group is new, gone, changed or as it was.
        "Type" => pub diff_type: DiffType,
        /// The group.
        "Name" => pub name: String,
        /// Values of the group that differ, sorted by name.
        #[serde(serialize_with = "null_without_elements")]
        "Fields" => pub fields: Vec<FieldDiff>,
        /// Blocks of the group that differ.
        #[serde(serialize_with = "null_without_elements")]
        "Objects" => pub objects: Vec<ObjectDiff>,
        /// All tasks of both versions, sorted by name.
        #[serde(serialize_with = "null_without_elements")]
        "Tasks" => pub tasks: Vec<TaskDiff>,
        /// What becomes of how many allocations: `ignore`, `create`, `destroy`, `migrate`, `canary`,
        /// `in-place update`, `create/destroy update`.
        #[serde(serialize_with = "null_when_empty")]
        "Updates" => pub updates: IndexMap<String, u64>,
    }
}

document! {
    /// How two versions of a task differ.
    pub struct TaskDiff {
        /// Whether the task is new, gone, changed or as it was.
        "Type" => pub diff_type: DiffType,
        /// The task.
        "Name" => pub name: String,
        /// Values of the task that differ, sorted by name.
        #[serde(serialize_with = "null_without_elements")]
        "Fields" => pub fields: Vec<FieldDiff>,
        /// Blocks of the task that differ.
        #[serde(serialize_with = "null_without_elements")]
        "Objects" => pub objects: Vec<ObjectDiff>,
        /// What comes of it for allocations: `forces create`, `forces create/destroy update`, ...
        #[serde(serialize_with = "null_without_elements")]
        "Annotations" => pub annotations: Vec<String>,
    }
}

document! {
    /// How two versions of a block differ.
    pub struct ObjectDiff {
        /// Whether the block is new, gone or changed.
        "Type" => pub diff_type: DiffType,
        /// What kind of block.
        "Name" => pub name: String,
        /// Its values, those that are as they were included.
        #[serde(serialize_with = "null_without_elements")]
        "Fields" => pub fields: Vec<FieldDiff>,
        /// The blocks in it that differ.
        #[serde(serialize_with = "null_without_elements")]
        "Objects" => pub objects: Vec<ObjectDiff>,
    }
}

document! {
    /// How two versions of a value differ.
    pub struct FieldDiff {
        /// Whether the value is new, gone, changed or as it was.
        "Type" => pub diff_type: DiffType,
        /// Which value.
        "Name" => pub name: String,
        /// The value before, as a text.
        "Old" => pub old: String,
        /// The value after, as a text.
        "New" => pub new: String,
        /// What comes of it for allocations: `forces create` or `forces destroy`.
        #[serde(serialize_with = "null_without_elements")]
        "Annotations" => pub annotations: Vec<String>,
    }
}

texts! {
    /// How something differs.
    #[derive(Default)]
    pub enum DiffType {
        /// It does not.
        #[default]
        None = "None",
        /// It is new.
        Added = "Added",
        /// It is gone.
        Deleted = "Deleted",
        /// It is another.
        Edited = "Edited",
    }
}

impl Serialize for DiffType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DiffType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        DiffType::from_text(&text).ok_or_else(|| {
            let expected = "`None`, `Added`, `Deleted` or `Edited`";
            serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), &expected)
        })
    }
}
