//! The tables: their records by slot, free slots among them.

use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

use super::Records;
use crate::state::batch::Batch;
use crate::state::codec::{
    Flaw, Reader, Saved, Writer, load_json, save_json, save_option, save_unshared,
};
use crate::state::index::name_hash;
use crate::state::job::{GroupRecord, JobRecord};
use crate::state::lifecycle::LifecycleRecord;
use crate::state::node::NodeRecord;
use crate::state::nodes::tie_break_of;
use crate::state::slots::{AllocationSlot, JobSlot, NodeSlot};
use crate::state::small_list::SmallList;
use crate::state::usage::{BLOCK, RoomBlock};
use crate::state::work::Work;
use crate::state::{OnNode, State, ids};

impl State {
    /// How many slots a table has.
    pub(super) fn slots_of(&self, records: Records) -> usize {
        match records {
            Records::Nodes => self.nodes.len(),
            Records::Jobs => self.jobs.len(),
            Records::Batches => self.batches.len(),
            Records::Allocations | Records::Lifecycles => self.allocations.len(),
            Records::Evaluations => self.evaluations.slots(),
            Records::Deployments => self.deployments.slots(),
        }
    }

    pub(super) fn save_records(&self, records: Records, slots: Range<usize>, out: &mut Writer) {
        for at in slots {
            match records {
                Records::Nodes => self.save_node(at, out),
                Records::Jobs => self.save_job(at, out),
                Records::Batches => {
                    save_option(self.batches[at].as_ref().map(|(it, _)| &**it), out)
                }
                Records::Allocations => self.allocations[at].save(out),
                Records::Lifecycles => {
                    save_option(self.lifecycles.get(AllocationSlot::new(at)), out);
                }
                Records::Evaluations => self.evaluations.save_slot(at as u32, out),
                Records::Deployments => self.deployments.save_slot(at as u32, out),
            }
        }
    }

    /// Reads the records of so many slots, which follow those that were read before.
    pub(super) fn load_records(
        &mut self,
        records: Records,
        slots: Range<usize>,
        input: &mut Reader<'_>,
    ) -> Result<(), Flaw> {
        for at in slots {
            match records {
                Records::Nodes => self.load_node(at, input)?,
                Records::Jobs => self.load_job(at, input)?,
                Records::Batches => {
                    let batch: Option<Batch> = Saved::load(input)?;
                    self.batches.push(batch.map(|it| (Arc::new(it), 0)));
                }
                Records::Allocations => self.allocations.push(Saved::load(input)?),
                Records::Lifecycles => self.load_lifecycle(AllocationSlot::new(at), input)?,
                Records::Evaluations => {
                    self.evaluations.load_slot(self.identity_seed ^ ids::EVALUATIONS, input)?;
                }
                Records::Deployments => {
                    self.deployments.load_slot(self.identity_seed ^ ids::DEPLOYMENTS, input)?;
                }
            }
        }
        Ok(())
    }

    /// A slot of a node, its room and the lists on it aside.
    fn save_node(&self, at: usize, out: &mut Writer) {
        let none = OnNode::default();
        let OnNode { generation, is_unchecked, allocations: _, ended: _, taken: _, named: _ } =
            self.on_node.get(at).unwrap_or(&none);
        (*generation, *is_unchecked).save(out);
        let node = self.node(NodeSlot::new(at));
        node.is_some().save(out);
        if let Some(record) = node {
            save_json(&record.node, out);
        }
    }

    fn load_node(&mut self, at: usize, input: &mut Reader<'_>) -> Result<(), Flaw> {
        let (generation, is_unchecked) = Saved::load(input)?;
        self.on_node.push(OnNode { generation, is_unchecked, ..OnNode::default() });
        if at.is_multiple_of(BLOCK) {
            self.room.push(RoomBlock::empty());
        }
        if !bool::load(input)? {
            self.push_node(None);
            return Ok(());
        }
        let record: NodeRecord = self.record_of(load_json(input)?);
        let id = record.node.spec().id.as_str();
        if self.find_node(id).is_some() {
            return Err(Flaw::Disagrees(format!("node `{id}` comes twice").into()));
        }
        let slot = NodeSlot::new(at);
        self.node_index.insert(name_hash(id), slot.0);
        let tie_break = tie_break_of(self.seed, id);
        self.change_room(slot, |room, at| room.tie_break[at] = tie_break);
        self.push_node(Some(Arc::new(record)));
        Ok(())
    }

    /// A slot of a job, the lists of its allocations aside.
    fn save_job(&self, at: usize, out: &mut Writer) {
        self.job_generations.get(at).copied().unwrap_or(0).save(out);
        let job = self.job(JobSlot::new(at));
        job.is_some().save(out);
        let Some(record) = job else { return };
        let JobRecord { registered, work, standing, groups, .. } = record;
        let JobRecord { hash: _, names: _, .. } = record;
        let (namespace, id) = record.names();
        out.blob(namespace.as_bytes());
        out.blob(id.as_bytes());
        registered.save(out);
        let work = Some(work).filter(|work| !work.is_untouched());
        work.is_some().save(out);
        work.into_iter().for_each(|work| save_unshared(work, out));
        standing.save(out);
        out.number(groups.len() as u64);
        for GroupRecord { name, allocations: _ } in groups.iter() {
            name.save(out);
        }
    }

    fn load_job(&mut self, at: usize, input: &mut Reader<'_>) -> Result<(), Flaw> {
        self.job_generations.push(Saved::load(input)?);
        if !bool::load(input)? {
            self.jobs.push(None);
            return Ok(());
        }
        let (namespace, id) = (input.text()?, input.text()?);
        if self.find_job(namespace, id).is_some() {
            return Err(Flaw::Disagrees(format!("job `{id}` comes twice").into()));
        }
        let mut record = JobRecord::new(namespace, id);
        record.registered = Saved::load(input)?;
        // What nothing shares is written like what is shared.
        let work: Option<Arc<Work>> = Saved::load(input)?;
        record.work = work.as_deref().cloned().unwrap_or_default();
        record.standing = Saved::load(input)?;
        if record.registered.as_ref().is_some_and(|it| it.present().is_none()) {
            return Err(Flaw::Disagrees(format!("job `{id}` has no present version").into()));
        }
        let names = Vec::<SmolStr>::load(input)?;
        if u16::try_from(names.len()).is_err() {
            return Err(Flaw::Disagrees(format!("job `{id}` has too many groups").into()));
        }
        let group = |name| GroupRecord { name, allocations: SmallList::None };
        let groups: Vec<GroupRecord> = names.into_iter().map(group).collect();
        record.groups = SmallList::from(groups.as_slice());
        self.index_job(JobSlot::new(at), &record);
        self.jobs.push(Some(Arc::new(record)));
        Ok(())
    }

    fn load_lifecycle(&mut self, slot: AllocationSlot, input: &mut Reader<'_>) -> Result<(), Flaw> {
        let record: Option<LifecycleRecord> = Saved::load(input)?;
        let Some(record) = record else { return Ok(()) };
        if self.allocation(slot).is_none() || record.modify_index == 0 {
            return Err(Flaw::Disagrees(
                "something became of an allocation that is not there".into(),
            ));
        }
        self.import_lifecycle(slot, record);
        Ok(())
    }
}
