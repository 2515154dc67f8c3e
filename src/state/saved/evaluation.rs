//! An evaluation in a file: all of it in one row, whatever it is tied to.

use crate::state::codec::{Flaw, Reader, Saved, Writer};
use crate::state::evaluation::{EvaluationLinks, EvaluationRecord};

impl Saved for EvaluationRecord {
    fn save(&self, out: &mut Writer) {
        // Every field is named, so that a new one does not compile until it is written.
        let EvaluationRecord {
            job,
            job_type,
            trigger,
            status,
            annotate_plan,
            escaped_computed_class,
            priority,
            create_index,
            modify_index,
            created,
            modified,
            job_modify_index,
            snapshot_index,
            deployment,
            links: _,
            queued,
            details,
        } = self;
        let EvaluationLinks {
            wait,
            wait_until,
            node,
            node_modify_index,
            node_id: _,
            previous,
            next,
            blocked,
        } = self.links();
        job.save(out);
        job_type.save(out);
        trigger.save(out);
        status.save(out);
        annotate_plan.save(out);
        escaped_computed_class.save(out);
        priority.save(out);
        wait.save(out);
        wait_until.save(out);
        create_index.save(out);
        modify_index.save(out);
        created.save(out);
        modified.save(out);
        job_modify_index.save(out);
        snapshot_index.save(out);
        node.save(out);
        node_modify_index.save(out);
        out.blob(self.links().node_id().as_bytes());
        deployment.save(out);
        previous.save(out);
        next.save(out);
        blocked.save(out);
        queued.save(out);
        details.save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<EvaluationRecord, Flaw> {
        let ((job, job_type), (trigger, status)) = Saved::load(input)?;
        let (annotate_plan, escaped_computed_class) = Saved::load(input)?;
        let (priority, wait, wait_until) = Saved::load(input)?;
        let ((create_index, modify_index), (created, modified)) = Saved::load(input)?;
        let (job_modify_index, snapshot_index) = Saved::load(input)?;
        let (node, node_modify_index) = Saved::load(input)?;
        let node_id = Some(input.text()?).filter(|id| !id.is_empty()).map(Box::from);
        let ((deployment, previous), (next, blocked)) = Saved::load(input)?;
        let (queued, details) = Saved::load(input)?;
        let links = EvaluationLinks {
            wait,
            wait_until,
            node,
            node_modify_index,
            node_id,
            previous,
            next,
            blocked,
        };
        Ok(EvaluationRecord {
            job,
            job_type,
            trigger,
            status,
            annotate_plan,
            escaped_computed_class,
            priority,
            create_index,
            modify_index,
            created,
            modified,
            job_modify_index,
            snapshot_index,
            deployment,
            links: links.kept(),
            queued,
            details,
        })
    }
}
