//! From files to an inventory and jobs, or everything that is wrong with them at once.

mod hcl;
mod mistaken;
mod problems;
mod source;
pub(crate) mod written;

use std::cmp::Reverse;
use std::hash::Hash;
use std::path::PathBuf;
use std::ptr;

use indexmap::IndexMap;
use indexmap::map::Entry;
use stowplan::Inventory;
use stowplan::model::{Allocation, Job, JobSpec, Node, NodeSpec, Problem, read};

use self::hcl::Reader;
pub(crate) use self::hcl::Variables;
use self::mistaken::{ALLOCATION, JOB, Kind, NODE, What};
pub(crate) use self::problems::Problems;
use self::source::{STDIN_NAME, Source};
pub(crate) use self::source::{reason, stdin_given_twice, text};
use crate::words::printable;

/// The files of a question.
pub(crate) struct Files<'a> {
    pub(crate) nodes: &'a [PathBuf],
    pub(crate) jobs: &'a [PathBuf],
    /// Values for the variables of jobs in HCL.
    pub(crate) variables: &'a Variables,
    pub(crate) allocations: &'a [PathBuf],
    /// Whether it is a mistake where something means nothing.
    pub(crate) is_strict: bool,
    /// Whether the jobs are placed as they are, whatever they say of when and whether they run.
    pub(crate) is_placed: bool,
}

/// What they hold.
pub(crate) struct Input {
    pub(crate) inventory: Inventory,
    /// In the order in which they are placed.
    pub(crate) jobs: Vec<Job>,
    /// What was read and means nothing, or nothing here, as lines.
    pub(crate) warnings: Vec<String>,
}

/// A document with the place it was read from.
struct Found<'a, T> {
    source: &'a Source,
    at: usize,
    document: T,
}

/// All documents of a kind.
struct Documents<'a, T> {
    found: Vec<Found<'a, T>>,
    /// Whether every file of the kind could be read.
    is_complete: bool,
}

/// Reads all files.
///
/// # Errors
///
/// Everything that is wrong with any of them.
pub(crate) fn read(files: &Files<'_>) -> Result<Input, Problems> {
    let mut problems = Problems::default();
    let all = [
        (NODE.option, files.nodes),
        (JOB.option, files.jobs),
        (ALLOCATION.option, files.allocations),
    ];
    // Nothing is read then: whoever waits at a terminal to be asked for input would wait in vain.
    if let Some(message) = source::stdin_given_twice(&all) {
        problems.add(STDIN_NAME, "", &message);
        return Err(problems);
    }
    let reader = Reader::new(files.variables, &mut problems);
    let node_sources = source::open(files.nodes, &mut problems);
    let job_sources = hcl::open_jobs(files.jobs, &reader, files.is_strict, &mut problems);
    let allocation_sources = source::open(files.allocations, &mut problems);

    let nodes: Documents<'_, NodeSpec> = documents(&node_sources, &mut problems);
    let jobs: Documents<'_, JobSpec> = documents(&job_sources, &mut problems);
    let allocations: Documents<'_, Allocation> = documents(&allocation_sources, &mut problems);
    if jobs.is_complete && jobs.found.is_empty() {
        let file = job_sources.first().and_then(Option::as_ref).map_or("", |source| &source.name);
        problems.add(file, "", "there is no job to place in an empty list");
    }

    jobs.note_unknown_keys(files.is_strict, &mut problems);

    let node_ids = nodes.unique(|node| node.id.clone(), &mut problems);
    let job_ids = jobs.unique(job_key, &mut problems);
    allocations.unique(|allocation| allocation.id.clone(), &mut problems);
    let known = Known {
        node_ids: nodes.is_complete.then_some(node_ids),
        job_ids: jobs.is_complete.then_some(job_ids),
    };
    let nodes =
        nodes.valid(Node::new, |errors, path| errors.within(path).problems().into(), &mut problems);
    let mut jobs =
        jobs.valid(Job::new, |errors, path| errors.within(path).problems().into(), &mut problems);
    for allocation in &allocations.found {
        known.check(allocation, &mut problems);
    }
    problems.check()?;

    let mut warnings = problems.into_warnings();
    for job in jobs.iter().filter(|_| files.is_placed) {
        let texts =
            job.warnings().into_iter().map(|it| format!("job `{}`: {it}", printable(&job.id)));
        warnings.extend(texts);
    }
    jobs.sort_by_key(|job| Reverse(job.priority()));
    let allocations = allocations.found.into_iter().map(|found| found.document);
    let inventory = Inventory::new(nodes)
        .and_then(|inventory| inventory.with_allocations(allocations))
        .map_err(|error| Problems::one(&error.to_string()))?
        .with_jobs(&jobs);
    Ok(Input { inventory, jobs, warnings })
}

impl Documents<'_, JobSpec> {
    /// Notes keys that nobody knows. In a file that is none of jobs that would say nothing, and what is not JSON
    /// is a problem already.
    fn note_unknown_keys(&self, is_strict: bool, problems: &mut Problems) {
        let mut seen: Option<&Source> = None;
        for Found { source, .. } in &self.found {
            if seen.replace(source).is_some_and(|it| ptr::eq(it, *source)) {
                continue;
            }
            for key in read::unknown_keys(&source.text).unwrap_or_default() {
                problems.note_unheeded(is_strict, format!("{}: {key}", source.name));
            }
        }
    }
}

/// The documents of all texts of a kind.
fn documents<'a, T: Kind>(
    sources: &'a [Option<Source>],
    problems: &mut Problems,
) -> Documents<'a, T> {
    let mut all = Documents { found: Vec::new(), is_complete: true };
    for source in sources {
        match source.as_ref().and_then(|source| Some((source, read_one(source, problems)?))) {
            Some((source, documents)) => {
                let documents = documents.into_iter().enumerate();
                all.found.extend(documents.map(|(at, document)| Found { source, at, document }));
            }
            None => all.is_complete = false,
        }
    }
    all
}

/// The documents of a text, unless it cannot be read or seems to hold something else.
fn read_one<T: Kind>(source: &Source, problems: &mut Problems) -> Option<Vec<T>> {
    let documents: Vec<T> = match T::read(&source.text) {
        Ok(documents) => documents,
        Err(error) => {
            problems.add(&source.name, "", &error.to_string());
            return None;
        }
    };
    if let Some(message) = documents.iter().find_map(Kind::wrapped_otherwise) {
        problems.add(&source.name, "", &message);
        return None;
    }
    if let Some(What { is, option }) = documents.iter().find_map(Kind::mistaken_for) {
        let expected = T::WHAT.is;
        let message = format!("expected {expected}, found {is}; is the file meant for `{option}`?");
        problems.add(&source.name, "", &message);
        return None;
    }
    Some(documents)
}

impl<T: Kind> Documents<'_, T> {
    /// The identities of the documents. It is a problem where two have one.
    fn unique<K: Eq + Hash>(
        &self,
        key: impl Fn(&T) -> K,
        problems: &mut Problems,
    ) -> IndexMap<K, usize> {
        let mut first: IndexMap<K, usize> = IndexMap::with_capacity(self.found.len());
        for (at, found) in self.found.iter().enumerate() {
            match first.entry(key(&found.document)) {
                // That an ID is missing altogether is said elsewhere.
                Entry::Occupied(_) if found.document.id().is_empty() => {}
                Entry::Occupied(entry) => {
                    let before = &self.found[*entry.get()];
                    let message = format!(
                        "there is {} with the ID `{}` already: {}",
                        T::WHAT.is,
                        found.document.id(),
                        before.source.place(before.at)
                    );
                    problems.add(&found.source.name, &found.key("ID"), &message);
                }
                Entry::Vacant(entry) => {
                    entry.insert(at);
                }
            }
        }
        first
    }

    /// The documents in their validated form.
    fn valid<V, E>(
        self,
        validate: impl Fn(T) -> Result<V, E>,
        problems_within: impl Fn(E, &str) -> Vec<Problem>,
        problems: &mut Problems,
    ) -> Vec<V> {
        let mut all = Vec::with_capacity(self.found.len());
        for Found { source, at, document } in self.found {
            match validate(document) {
                Ok(valid) => all.push(valid),
                Err(errors) => {
                    let errors = problems_within(errors, &source.path(at));
                    problems.add_all(&source.name, &errors);
                }
            }
        }
        all
    }
}

fn job_key(job: &JobSpec) -> (String, String) {
    (namespace(&job.namespace), job.id.clone())
}

fn namespace(name: &str) -> String {
    if name.is_empty() { "default".to_owned() } else { name.to_owned() }
}

/// What allocations may refer to; nothing is known where not all files could be read.
struct Known {
    node_ids: Option<IndexMap<String, usize>>,
    job_ids: Option<IndexMap<(String, String), usize>>,
}

impl Known {
    /// Checks an allocation, and that what it refers to is there.
    fn check(&self, found: &Found<'_, Allocation>, problems: &mut Problems) {
        let allocation = &found.document;
        if let Err(errors) = allocation.check() {
            let errors = errors.within(&found.source.path(found.at));
            problems.add_all(&found.source.name, errors.problems());
        }
        if allocation.node_id.is_empty() || allocation.client().is_terminal() {
            return;
        }
        let mut add = |key: &str, message: &str| {
            problems.add(&found.source.name, &found.key(key), message);
        };
        if allocation.allocated_resources.is_none() && allocation.resources.is_none() {
            let message = "an allocation on a node needs its resources, which the entries of \
                           `/v1/allocations` lack without `?resources=true`";
            add("AllocatedResources", message);
        }
        // What has been told to stop takes room, and counts for nothing else.
        if allocation.is_terminal() {
            return;
        }
        if self.node_ids.as_ref().is_some_and(|ids| !ids.contains_key(&allocation.node_id)) {
            add("NodeID", &format!("there is no node with the ID `{}`", allocation.node_id));
        }
        let job = (namespace(&allocation.namespace), allocation.job_id.clone());
        let is_unknown = self.job_ids.as_ref().is_some_and(|ids| !ids.contains_key(&job));
        if allocation.job.is_none() && is_unknown {
            let message = format!(
                "the job `{}` is not among those being placed, so the allocation needs to bring it",
                allocation.job_id
            );
            add("Job", &message);
        }
    }
}

impl<T> Found<'_, T> {
    /// The path of one of its keys.
    fn key(&self, key: &str) -> String {
        match self.source.path(self.at).as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }
}
