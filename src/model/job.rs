//! Jobs as the engine takes them: validated, complete, cheap to clone.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::era::Era;
use super::errors::JobErrors;
use super::job_spec::JobSpec;
use super::job_type::JobType;
use super::keys::{self, UnknownKey};
use super::problem::Problem;
use super::{canonical, reading, validate};
use crate::time::Timestamp;

/// A valid job.
///
/// Made from a document ([`JobSpec`]) by [`Job::new`], from JSON by [`Job::from_json`] or `parse`, or
/// by a [builder](Job::builder). It dereferences to its canonical document, in which what the document
/// left out is filled in. Cloning costs a pointer.
///
/// ```
/// use stowplan::model::{Job, JobType};
///
/// let job = Job::from_json(r#"{"Job": {
///     "ID": "web",
///     "TaskGroups": [{"Name": "front", "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]
/// }}"#)?;
/// assert_eq!(job.job_type(), JobType::Service);
/// assert_eq!((job.priority(), job.namespace.as_str()), (50, "default"));
/// assert_eq!(job.task_groups[0].tasks[0].memory_mb(), 300);
///
/// let errors = Job::from_json(r#"{"ID": "web", "Priority": 101}"#).unwrap_err();
/// assert_eq!(
///     errors.to_string(),
///     "Priority: expected 1 to 100, found `101`\nTaskGroups: a job needs at least one task group",
/// );
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
#[derive(Clone)]
pub struct Job {
    spec: Arc<JobSpec>,
    job_type: JobType,
    era: Era,
    /// These are kept beside the document, which is large and mostly was read last long ago.
    is_launched_later: bool,
    priority: i64,
}

impl Job {
    /// Checks a document and completes it.
    ///
    /// Filled in are the region (`global`), the namespace (`default`), the name (the ID), the type
    /// (`service`), the priority (50), the datacenters (`*`, which is any), the node pool (`default`),
    /// of groups the count (1) and the disk (300 MB), of tasks CPU (100 MHz, or 0 beside whole cores)
    /// and memory (300 MB), the weights of affinities and spreads (50), the counts of devices (1) and
    /// the names of volumes (their aliases) (docs/placement.md, section 1.2). Keys that differ from
    /// known ones in letter case only are read as those. Of a document of the [first API](Era::First)
    /// only that API's keys are filled in: 0 as `IOPS`, which says what it is wherever it is read again,
    /// and an `Update` of nothing at once.
    ///
    /// # Errors
    ///
    /// All that is wrong with the document, each with its path.
    pub fn new(spec: JobSpec) -> Result<Self, JobErrors> {
        Job::in_era(spec, Era::Today)
    }

    /// Checks a document and completes it as the version of a job that follows another: where the
    /// document has keys of neither [era](Era), it is of the one before's.
    ///
    /// # Errors
    ///
    /// As for [`Job::new`].
    pub fn next_version(&self, spec: JobSpec) -> Result<Self, JobErrors> {
        Job::in_era(spec, self.era)
    }

    /// Checks a document and completes it, in the given era where it does not say its own.
    fn in_era(mut spec: JobSpec, era: Era) -> Result<Self, JobErrors> {
        let problems = Job::correct(&mut spec)?;
        let era = Job::complete(&mut spec, era);
        JobErrors::check(problems)?;
        Ok(Job::of(spec, era))
    }

    /// Reads keys in another letter case as the API's, and gives everything that is still wrong with a document.
    /// Its very names may stand under such keys, so that nothing is to be looked up by them before. Documents are
    /// large, so that this one stays where it is.
    pub(crate) fn correct(spec: &mut JobSpec) -> Result<Vec<Problem>, JobErrors> {
        let mut problems = validate::job(spec);
        if !problems.is_empty()
            && let Some(corrected) = keys::corrected(spec)
        {
            *spec = corrected?;
            problems = validate::job(spec);
        }
        Ok(problems)
    }

    /// Completes a document, and gives its era, the given one where it does not say its own.
    pub(super) fn complete(spec: &mut JobSpec, era: Era) -> Era {
        let era = Era::of(spec).unwrap_or(era);
        canonical::job(spec, era);
        era
    }

    /// A job of which the document was found to be valid and complete.
    pub(crate) fn as_kept(spec: Arc<JobSpec>, era: Era) -> Job {
        let (is_launched_later, priority) = (spec.is_launched_later(), spec.priority());
        Job { job_type: spec.job_type(), spec, era, is_launched_later, priority }
    }

    /// The job of a document that is valid and complete.
    pub(super) fn of(spec: JobSpec, era: Era) -> Self {
        Job::as_kept(Arc::new(spec), era)
    }

    /// Reads one job from JSON, in any of the shapes of [`read::jobs`](super::read::jobs), and checks and completes it.
    ///
    /// # Errors
    ///
    /// The text is not a job, or the job is not valid.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, JobErrors> {
        Job::new(reading::job(text)?)
    }

    /// The same job with some of its document changed, which is checked again.
    ///
    /// # Errors
    ///
    /// As for [`Job::new`].
    pub fn changed(&self, change: impl FnOnce(&mut JobSpec)) -> Result<Self, JobErrors> {
        let mut spec = JobSpec::clone(&self.spec);
        change(&mut spec);
        self.next_version(spec)
    }

    /// The same job with the numbers of a version that was registered at an index and an instant. What is
    /// valid stays so, whatever its numbers; the document is copied only if somebody else holds it.
    pub(crate) fn numbered(
        mut self,
        version: u64,
        create_index: u64,
        index: u64,
        submitted: Timestamp,
    ) -> Job {
        let spec = Arc::make_mut(&mut self.spec);
        (spec.version, spec.stable) = (version, false);
        (spec.create_index, spec.modify_index, spec.job_modify_index) =
            (create_index, index, index);
        spec.submit_time = submitted.as_nanos();
        self
    }

    /// The keys of its document that neither this crate nor the API of either era knows, which are
    /// ignored: misspelt ones for instance.
    ///
    /// ```
    /// use stowplan::model::Job;
    ///
    /// let job = Job::from_json(r#"{"ID": "web", "TaskGroups": [{"Name": "front", "Conut": 4,
    ///     "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#)?;
    /// let unknown = job.unknown_keys();
    /// assert_eq!(unknown[0].path, "TaskGroups[0].Conut");
    /// assert_eq!(unknown[0].nearest, Some("Count"));
    /// # Ok::<(), stowplan::model::JobErrors>(())
    /// ```
    pub fn unknown_keys(&self) -> Vec<UnknownKey> {
        serde_json::to_value(&*self.spec).map(|job| keys::of_job(&job)).unwrap_or_default()
    }

    /// The canonical document.
    #[inline]
    pub fn spec(&self) -> &JobSpec {
        &self.spec
    }

    /// The canonical document for an [`Allocation`](super::Allocation) to hold, which costs a pointer.
    pub fn shared_spec(&self) -> Arc<JobSpec> {
        Arc::clone(&self.spec)
    }

    /// How the job's allocations come and go.
    pub fn job_type(&self) -> JobType {
        self.job_type
    }

    /// Whether not the job itself runs, but what is launched from it, as its
    /// [document](JobSpec::is_launched_later) says.
    pub fn is_launched_later(&self) -> bool {
        self.is_launched_later
    }

    /// Which jobs go before which, as its [document](JobSpec::priority) says.
    pub fn priority(&self) -> i64 {
        self.priority
    }

    /// The API that the job's document is written in.
    pub fn era(&self) -> Era {
        self.era
    }
}

impl Deref for Job {
    type Target = JobSpec;

    fn deref(&self) -> &JobSpec {
        &self.spec
    }
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.spec, &other.spec) || self.spec == other.spec
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}

impl TryFrom<JobSpec> for Job {
    type Error = JobErrors;

    fn try_from(spec: JobSpec) -> Result<Self, JobErrors> {
        Job::new(spec)
    }
}

impl FromStr for Job {
    type Err = JobErrors;

    fn from_str(text: &str) -> Result<Self, JobErrors> {
        Job::from_json(text)
    }
}

impl Serialize for Job {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.spec.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Job {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Job::new(JobSpec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
