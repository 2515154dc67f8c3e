//! Jobs.

use super::constraint::{Checker, Place};
use super::{block, group, keys, name, no_nul, one_of, optional_name, range, repeated};
use crate::model::job_spec::JobSpec;
use crate::model::problem::{Problem, ROOT, excerpt};

/// The types of jobs.
const TYPES: [&str; 4] = ["service", "batch", "system", "sysbatch"];

/// How many groups a job may have: each is told from all the others of its job by name, and allocations name the
/// place of theirs in 16 bits.
const GROUPS_MAX: usize = 10_000;

/// Everything that is wrong with a job.
pub(in crate::model) fn job(spec: &JobSpec) -> Vec<Problem> {
    let mut checker = Checker::default();
    let problems = &mut checker.problems;
    keys(problems, &ROOT, spec);
    name(problems, ROOT.key("ID"), &spec.id, "a job", "an ID");
    no_nul(problems, ROOT.key("Name"), &spec.name);
    optional_name(problems, ROOT.key("Region"), &spec.region);
    optional_name(problems, ROOT.key("Namespace"), &spec.namespace);
    optional_name(problems, ROOT.key("NodePool"), &spec.node_pool);
    if !spec.job_type.is_empty() {
        one_of(problems, ROOT.key("Type"), &spec.job_type, "job type", &TYPES);
    }
    range(problems, ROOT.key("Priority"), spec.priority(), 1, 100, "");
    let datacenters = ROOT.key("Datacenters");
    for (i, datacenter) in spec.datacenters.iter().enumerate() {
        name(problems, datacenters.index(i), datacenter, "an entry", "a name, or `*` for any");
    }
    block(problems, &ROOT, "Update", spec.update.as_ref());
    block(problems, &ROOT, "Periodic", spec.periodic.as_deref());
    block(problems, &ROOT, "ParameterizedJob", spec.parameterized_job.as_deref());
    checker.constraints(&ROOT, &spec.constraints, Place::Job);
    checker.affinities(&ROOT, &spec.affinities, Place::Job);
    checker.spreads(&ROOT, &spec.spreads);

    let groups = ROOT.key("TaskGroups");
    // The regions of a multiregion job bring groups of their own.
    if spec.task_groups.is_empty() && !spec.is_multiregion() {
        checker.problems.add(groups, "a job needs at least one task group");
    }
    if spec.task_groups.len() > GROUPS_MAX {
        let found = spec.task_groups.len();
        let message = format!("expected at most {GROUPS_MAX} task groups, found {found}");
        checker.problems.add(groups, message);
        return checker.problems.into_vec();
    }
    for (i, task_group) in spec.task_groups.iter().enumerate() {
        group::group(&mut checker, &groups.index(i), task_group);
    }
    let names = spec.task_groups.iter().map(|group| &group.name);
    for (i, first) in repeated(names) {
        if let Some(group) = spec.task_groups.get(i) {
            let message =
                format!("the name `{}` is that of TaskGroups[{first}] too", excerpt(&group.name));
            checker.problems.add(groups.index(i).key("Name"), message);
        }
    }
    checker.problems.into_vec()
}
