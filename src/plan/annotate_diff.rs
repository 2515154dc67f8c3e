//! What the differences of a job mean for its allocations (docs/lifecycle.md, section 2, *Diff*).

use crate::model::{DiffType, JobDiff, ObjectDiff, PlanAnnotations, TaskDiff, TaskGroupDiff};

const FORCES_CREATE: &str = "forces create";
const FORCES_DESTROY: &str = "forces destroy";
const FORCES_IN_PLACE_UPDATE: &str = "forces in-place update";
const FORCES_DESTRUCTIVE_UPDATE: &str = "forces create/destroy update";

/// The blocks of a task whose change leaves its allocations where they are.
const IN_PLACE: [&str; 5] = ["Service", "Constraint", "Affinity", "Spread", "LogConfig"];

/// Writes the figures of a plan into the differences of its job, and what comes of each difference.
///
/// ```
/// use stowplan::model::{Job, PlanAnnotations};
/// use stowplan::{annotate_diff, job_diff};
///
/// let job = |count| Job::builder("web").group("front", count, |g| g.task("nginx", "docker", |t| t));
/// let (old, new) = (job(3).build()?, job(5).build()?);
/// let mut diff = job_diff(Some(old.spec()), Some(new.spec()));
/// annotate_diff(&mut diff, &PlanAnnotations::default());
/// assert_eq!(diff.task_groups[0].fields[0].annotations, ["forces create"]);
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
pub fn annotate_diff(diff: &mut JobDiff, annotations: &PlanAnnotations) {
    for group in &mut diff.task_groups {
        if let Some(figures) = annotations.desired_tg_updates.get(&group.name) {
            let updates = [
                ("ignore", figures.ignore),
                ("create", figures.place),
                ("destroy", figures.stop),
                ("migrate", figures.migrate),
                ("canary", figures.canary),
                ("in-place update", figures.in_place_update),
                ("create/destroy update", figures.destructive_update),
            ];
            let updates = updates.into_iter().filter(|(_, count)| *count > 0);
            group.updates = updates.map(|(name, count)| (name.to_owned(), count)).collect();
        }
        annotate_count(group);
        for task in &mut group.tasks {
            let annotation = task_annotation(group.diff_type, task);
            task.annotations.extend(annotation.map(str::to_owned));
        }
    }
}

/// Says what a changed count comes to.
fn annotate_count(group: &mut TaskGroupDiff) {
    let Some(count) = group.fields.iter_mut().find(|field| field.name == "Count") else { return };
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    let annotation = match number(&count.new).cmp(&number(&count.old)) {
        std::cmp::Ordering::Greater => FORCES_CREATE,
        std::cmp::Ordering::Less => FORCES_DESTROY,
        std::cmp::Ordering::Equal => return,
    };
    count.annotations.push(annotation.to_owned());
}

/// What the difference of a task comes to, if anything.
fn task_annotation(group: DiffType, task: &TaskDiff) -> Option<&'static str> {
    match (group, task.diff_type) {
        (_, DiffType::None) => None,
        (DiffType::Added, _) => Some(FORCES_CREATE),
        (DiffType::Deleted, _) => Some(FORCES_DESTROY),
        (_, DiffType::Edited) if is_in_place(task) => Some(FORCES_IN_PLACE_UPDATE),
        _ => Some(FORCES_DESTRUCTIVE_UPDATE),
    }
}

/// Whether the changes of a task leave its allocations where they are.
fn is_in_place(task: &TaskDiff) -> bool {
    let stays = |object: &ObjectDiff| IN_PLACE.contains(&object.name.as_str());
    task.fields.iter().all(|field| field.name == "KillTimeout") && task.objects.iter().all(stays)
}
