//! From texts to validated documents, in one step.

use super::allocation::Allocation;
use super::errors::{AllocationErrors, JobErrors, NodeErrors};
use super::job::Job;
use super::node::Node;
use super::problem::Problem;
use super::reading;

/// Reads jobs in any of the shapes of [`jobs`](super::read::jobs), and checks and completes each.
///
/// # Errors
///
/// The text cannot be read, or all that is wrong with any of the jobs: in a list, the paths begin with the
/// place of the job.
///
/// ```
/// use stowplan::model::read;
///
/// let web = r#"{"ID": "web", "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t", "Driver": "docker"}]}]}"#;
/// let jobs = read::valid_jobs(format!("[{web}]"))?;
/// assert_eq!(jobs[0].priority(), 50);
///
/// let errors = read::valid_jobs(format!(r#"[{web}, {{"ID": "db"}}, {{"Priority": 0}}]"#)).unwrap_err();
/// let paths: Vec<&str> = errors.problems().iter().map(|problem| problem.path()).collect();
/// assert_eq!(paths, ["[1].TaskGroups", "[2].ID", "[2].Priority", "[2].TaskGroups"]);
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
pub fn valid_jobs(text: impl AsRef<[u8]>) -> Result<Vec<Job>, JobErrors> {
    let text = text.as_ref();
    let made = each(reading::jobs(text)?, text, |spec, path| {
        Job::new(spec).map_err(|errors| errors.within(path).problems().to_vec())
    });
    made.or_else(|problems| JobErrors::check(problems).map(|()| Vec::new()))
}

/// Reads nodes, one or a list, and checks and completes each.
///
/// # Errors
///
/// As for [`valid_jobs`].
pub fn valid_nodes(text: impl AsRef<[u8]>) -> Result<Vec<Node>, NodeErrors> {
    let text = text.as_ref();
    let made = each(reading::nodes(text)?, text, |spec, path| {
        Node::new(spec).map_err(|errors| errors.within(path).problems().to_vec())
    });
    made.or_else(|problems| NodeErrors::check(problems).map(|()| Vec::new()))
}

/// Reads allocations, one or a list, and checks each. Allocations have no other form than their documents.
///
/// # Errors
///
/// As for [`valid_jobs`].
pub fn valid_allocations(text: impl AsRef<[u8]>) -> Result<Vec<Allocation>, AllocationErrors> {
    let text = text.as_ref();
    let made = each(reading::allocations(text)?, text, |allocation, path| {
        let checked = allocation.check();
        checked.map_err(|errors| errors.within(path).problems().to_vec()).map(|()| allocation)
    });
    made.or_else(|problems| AllocationErrors::check(problems).map(|()| Vec::new()))
}

/// What is made of each document, or all problems.
fn each<S, V>(
    documents: Vec<S>,
    text: &[u8],
    make: impl Fn(S, &str) -> Result<V, Vec<Problem>>,
) -> Result<Vec<V>, Vec<Problem>> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let is_list = text.trim_ascii_start().starts_with(b"[");
    let mut made = Vec::with_capacity(documents.len());
    let mut problems = Vec::new();
    for (at, document) in documents.into_iter().enumerate() {
        let path = if is_list { format!("[{at}]") } else { String::new() };
        match make(document, &path) {
            Ok(valid) => made.push(valid),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}
