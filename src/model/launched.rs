//! Which jobs are launched from others, and which others are launched from (docs/lifecycle.md, section 9).

use serde_json::Value;

use super::job_spec::JobSpec;

impl JobSpec {
    /// Whether not the job itself runs, but what is launched from it, by the clock or by a caller.
    ///
    /// ```
    /// use stowplan::model::read;
    ///
    /// let job = read::job(r#"{"ID": "web", "ParameterizedJob": {}}"#)?;
    /// assert!(job.is_launched_later());
    /// let launched = read::job(r#"{"ID": "web/1", "ParameterizedJob": {}, "Dispatched": true}"#)?;
    /// assert!(!launched.is_launched_later());
    /// # Ok::<(), read::ReadError>(())
    /// ```
    pub fn is_launched_later(&self) -> bool {
        self.periodic.is_some() || self.is_parameterized()
    }

    /// Whether a caller launches it. What was launched of it keeps its block, and is not.
    pub fn is_parameterized(&self) -> bool {
        self.parameterized_job.is_some() && !self.is_dispatched()
    }

    /// Whether a caller launched it from another job.
    pub fn is_dispatched(&self) -> bool {
        self.extra.get("Dispatched").and_then(Value::as_bool) == Some(true)
    }

    /// The job that it was launched from; empty if it was not.
    pub fn parent_id(&self) -> &str {
        self.extra.get("ParentID").and_then(Value::as_str).unwrap_or_default()
    }

    /// The text by which a caller knows its own launch again; empty if it gave none.
    pub fn dispatch_idempotency_token(&self) -> &str {
        self.extra.get("DispatchIdempotencyToken").and_then(Value::as_str).unwrap_or_default()
    }
}
