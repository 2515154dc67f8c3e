//! Job files in HCL.

use stowplan::hcl::{self, Inputs};
use stowplan::model::Job;

/// Reads a job file, and what it means as a job.
///
/// What stands behind a zero byte is a file of values for its variables.
pub(super) fn job(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, values) = text.split_once('\0').unwrap_or((text, ""));
    let mut inputs = Inputs::new();
    if let Err(error) = inputs.read_variables(values) {
        assert!(error.line() > 0 && error.column() > 0, "{error}");
    }
    match hcl::document(text, &inputs) {
        Ok(document) => {
            assert!(document["ID"].is_string(), "{document}");
            // Twice the same is the same.
            assert_eq!(hcl::document(text, &inputs), Ok(document));
            if let Ok(job) = hcl::job(text, &inputs) {
                let _ = Job::new(job);
            }
        }
        Err(error) => {
            let lines = text.split('\n').count();
            assert!(error.line() >= 1 && error.line() <= lines + 1, "{error}");
            assert!(error.column() >= 1, "{error}");
        }
    }
}
