//! How jobs are launched, at times or with a payload, and their tasks started and logged
//! (docs/lifecycle.md, section 9).

use super::document::{document, is_default};

document! {
    /// When a job is launched by itself. Each launch is a job of its own.
    pub struct PeriodicConfig {
        /// Whether it is launched; absent, it is.
        "Enabled" => pub enabled: Option<bool>,
        /// One cron expression.
        "Spec" => pub spec: String,
        /// Several, of which the earliest time counts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        "Specs" => pub specs: Vec<String>,
        /// `cron` (also when empty).
        "SpecType" => pub spec_type: String,
        /// Whether a launch is skipped while an earlier one is not done.
        "ProhibitOverlap" => pub prohibit_overlap: bool,
        /// The timezone of the expressions; empty is `UTC`.
        "TimeZone" => pub time_zone: String,
    }
}

document! {
    /// What a job needs to be launched by a caller. Each launch is a job of its own.
    pub struct ParameterizedJobConfig {
        /// `optional` (also when empty), `required` or `forbidden`.
        "Payload" => pub payload: String,
        /// Facts that a launch must bring.
        "MetaRequired" => pub meta_required: Vec<String>,
        /// Facts that a launch may bring.
        "MetaOptional" => pub meta_optional: Vec<String>,
    }
}

document! {
    /// How much of what a task writes is kept.
    pub struct LogConfig {
        /// Files; absent is 10.
        "MaxFiles" => pub max_files: Option<i64>,
        /// MB of one file; absent is 10.
        "MaxFileSizeMB" => pub max_file_size_mb: Option<i64>,
        /// Whether nothing is kept.
        #[serde(skip_serializing_if = "is_default")]
        "Disabled" => pub disabled: bool,
    }
}

document! {
    /// A task's place in the life of an allocation.
    pub struct Lifecycle {
        /// `prestart`, `poststart` or `poststop`.
        "Hook" => pub hook: String,
        /// Whether a prestart task goes on beside the main ones.
        "Sidecar" => pub sidecar: bool,
    }
}

impl PeriodicConfig {
    /// Whether the job is launched by itself; where the document does not say, it is.
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// All its expressions.
    pub fn expressions(&self) -> impl Iterator<Item = &str> {
        let one = (!self.spec.is_empty()).then_some(&self.spec);
        one.into_iter().chain(&self.specs).map(String::as_str)
    }
}

impl ParameterizedJobConfig {
    /// Whether a launch may bring this fact.
    pub fn may_have(&self, key: &str) -> bool {
        self.meta_required.iter().chain(&self.meta_optional).any(|known| known == key)
    }
}
