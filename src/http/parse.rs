//! Job files in HCL, as the jobs that they mean.

use serde::Deserialize;
use serde_json::Value;

use super::body::{self, Sent};
use super::documents;
use super::refusal::Refusal;
use super::reply::Reply;
use crate::hcl::{self, HclError, Inputs};
use crate::model::{Job, JobSpec};

/// A job file that is to be read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parse {
    #[serde(rename = "JobHCL")]
    job_hcl: String,
    /// Whether the job is completed with the defaults.
    #[serde(rename = "Canonicalize")]
    canonicalize: bool,
    /// Values for its variables, as a file of lines `name = value`.
    #[serde(rename = "Variables")]
    variables: String,
}

/// Answers with the job.
pub(super) async fn parse(sent: Sent) -> Result<Reply, Refusal> {
    let body: Parse = body::read(sent)?;
    if body.job_hcl.trim().is_empty() {
        return Err(Refusal::bad("Job spec is empty"));
    }
    // A large file takes its time, which holds up nobody.
    let read = tokio::task::spawn_blocking(move || read(&body));
    let document = read.await.map_err(|_| Refusal::failed("the request failed"))?;
    document.map(Reply::plain)
}

fn read(body: &Parse) -> Result<Value, Refusal> {
    let mut inputs = Inputs::new();
    let read = inputs.read_variables(&body.variables);
    read.map_err(|error| Refusal::bad(said(&error, "variables.hcl")))?;
    let document = hcl::document(&body.job_hcl, &inputs);
    let document = document.map_err(|error| Refusal::bad(said(&error, "input.hcl")))?;
    if !body.canonicalize {
        return Ok(document);
    }
    let job: Result<JobSpec, _> = serde_path_to_error::deserialize(&document);
    let job = job.ok().and_then(|job| Job::registered(job, None).ok());
    // What is wrong with a job is said when it is checked or registered, not when its file is read.
    let Some(job) = job else { return Ok(document) };
    let mut whole = documents::whole_job(job.spec());
    if let Some(whole) = whole.as_object_mut() {
        // Blocks of a job that its groups have taken over.
        for key in ["Migrate", "Reschedule"] {
            whole.entry(key).or_insert(Value::Null);
        }
    }
    Ok(whole)
}

/// What is wrong with a file, as clients know it from the API.
fn said(error: &HclError, file: &str) -> String {
    let (line, column) = (error.line(), error.column());
    let why = match error.is_at_end() {
        true => {
            "Argument or block definition required; An argument or block definition is required here."
        }
        false => error.message(),
    };
    format!("{file}:{line},{column}-{column}: {why}")
}
