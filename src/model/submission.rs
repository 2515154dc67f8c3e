//! What jobs were written in before they became documents (docs/lifecycle.md, section 10).

use indexmap::IndexMap;

use super::document::document;

document! {
    /// The text that a version of a job was made of, as its author wrote it.
    ///
    /// ```
    /// use stowplan::model::JobSubmission;
    ///
    /// let submission: JobSubmission = serde_json::from_str(r#"{"Source": "job \"web\" {}", "Format": "hcl2"}"#)?;
    /// assert_eq!((submission.format.as_str(), submission.version), ("hcl2", 0));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct JobSubmission {
        /// The text.
        "Source" => pub source: String,
        /// The language that it is in: `hcl1`, `hcl2` or `json`.
        "Format" => pub format: String,
        /// Values that it was read with, each by its name.
        "VariableFlags" => pub variable_flags: IndexMap<String, String>,
        /// Values that it was read with, as a text of their own.
        "Variables" => pub variables: String,
        /// The job's namespace, as an engine knows it.
        "Namespace" => pub namespace: String,
        /// The job.
        "JobID" => pub job_id: String,
        /// The version that was made of it.
        "Version" => pub version: u64,
        /// The index at which that was registered.
        "JobModifyIndex" => pub job_modify_index: u64,
    }
}
