//! A whole state as bytes, part by part, and from bytes again.
//!
//! In: a state. Out: its parts as bytes, in their order; or the state of such parts. May import `model` and
//! `time`.
//!
//! What can be told from the rest is not written: hash indexes, lists of allocations by node and by group, sums of
//! what is free and taken. It is made anew, so that it agrees, and what cannot be made to agree is refused.

mod enums;
mod evaluation;
mod rebuild;
mod records;
mod tables;

use std::ops::Range;
use std::sync::Arc;

use super::State;
use super::codec::{Flaw, Reader, Saved, SavedByPages, Writer};
use super::port_users::PortUsers;
use super::ports::PortSet;

/// How many records a part has at most.
const IN_PART: usize = 1 << 13;

/// A kind of records that have parts of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Records {
    Nodes,
    Jobs,
    Batches,
    Allocations,
    Lifecycles,
    Evaluations,
    Deployments,
}

/// A part of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything that is not in one of the others. It comes first.
    Base,
    /// Records by slot.
    Of(Records, Range<usize>),
}

impl Records {
    /// Every kind, in the order in which they are written: what a record names comes before it.
    pub(crate) const ALL: [Records; 7] = [
        Records::Nodes,
        Records::Jobs,
        Records::Batches,
        Records::Allocations,
        Records::Lifecycles,
        Records::Evaluations,
        Records::Deployments,
    ];

    /// What it is, for people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Records::Nodes => "nodes",
            Records::Jobs => "jobs",
            Records::Batches => "placements",
            Records::Allocations => "allocations",
            Records::Lifecycles => "what became of allocations",
            Records::Evaluations => "evaluations",
            Records::Deployments => "deployments",
        }
    }
}

/// Why a state is not read, with the part in which the reason was found.
pub(crate) type PartFlaw = (&'static str, Flaw);

impl State {
    /// The parts that it is written in.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part::Base];
        for records in Records::ALL {
            let slots = self.slots_of(records);
            let starts = (0..slots).step_by(IN_PART);
            parts.extend(starts.map(|at| Part::Of(records, at..slots.min(at + IN_PART))));
        }
        parts
    }

    /// Writes a part.
    pub(crate) fn save_part(&self, part: &Part, out: &mut Writer) {
        match part {
            Part::Base => self.save_base(out),
            Part::Of(records, slots) => {
                out.number(slots.start as u64);
                out.number(slots.len() as u64);
                self.save_records(*records, slots.clone(), out);
            }
        }
    }

    /// What has no part of its own. A field that is forgotten here does not compile.
    fn save_base(&self, out: &mut Writer) {
        let State {
            seed,
            identity_seed,
            identities,
            free_nodes,
            free_jobs,
            free_allocations,
            given_away,
            free_batches,
            evaluations,
            deployments,
            book,
            sizes,
            port_users,
            names,
            sayings: _,
            facts_classes,
            volumes,
            now,
            modify_index,
            // These have parts of their own.
            nodes: _,
            conditions: _,
            jobs: _,
            job_generations: _,
            allocations: _,
            lifecycles: _,
            batches: _,
            // These are told from the others.
            node_index: _,
            room: _,
            on_node: _,
            leaving: _,
            job_index: _,
            jobs_elsewhere: _,
            imported_index: _,
            // These are for caches, which begin anew, and for what is under way, which is nothing.
            journal: _,
            facts_journal: _,
            renumberings: _,
            log: _,
        } = self;
        (*seed, *identity_seed).save(out);
        (*now, *modify_index).save(out);
        identities.save_pages(out);
        names.save(out);
        facts_classes.save(out);
        sizes.save(out);
        port_users.ranges().save(out);
        volumes.save(out);
        free_nodes.save(out);
        free_jobs.save(out);
        free_allocations.save(out);
        free_batches.save(out);
        given_away.save(out);
        evaluations.save_free(out);
        deployments.save_free(out);
        book.save(out);
    }

    /// A state of which only the base is known.
    pub(crate) fn load_base(input: &mut Reader<'_>) -> Result<State, PartFlaw> {
        State::base(input).map_err(|flaw| ("the base", flaw))
    }

    fn base(input: &mut Reader<'_>) -> Result<State, Flaw> {
        let (seed, identity_seed) = Saved::load(input)?;
        let (now, modify_index) = Saved::load(input)?;
        let identities = super::node::Identities::load_pages(input)?;
        let (names, facts_classes, sizes) = Saved::load(input)?;
        let (reserved, dynamic): (Arc<PortSet>, (u16, u16)) = Saved::load(input)?;
        let mut port_users = PortUsers::default();
        port_users.restore(reserved, dynamic);
        let volumes = Saved::load(input)?;
        let (free_nodes, free_jobs, free_allocations) = Saved::load(input)?;
        let (free_batches, given_away) = Saved::load(input)?;
        let mut state = State {
            seed,
            identity_seed,
            identities,
            free_nodes,
            free_jobs,
            free_allocations,
            given_away,
            free_batches,
            sizes,
            port_users,
            names,
            facts_classes,
            volumes,
            now,
            modify_index,
            ..State::default()
        };
        state.evaluations.load_free(input)?;
        state.deployments.load_free(input)?;
        state.book = Saved::load(input)?;
        input.end()?;
        Ok(state)
    }

    /// Reads a part with records of a kind, which follow those that were read before.
    pub(crate) fn load_part(
        &mut self,
        records: Records,
        input: &mut Reader<'_>,
    ) -> Result<(), PartFlaw> {
        self.load_slots(records, input).map_err(|flaw| (records.as_str(), flaw))
    }

    fn load_slots(&mut self, records: Records, input: &mut Reader<'_>) -> Result<(), Flaw> {
        let start = input.fitting::<usize>()?;
        let is_next = records == Records::Lifecycles || start == self.slots_of(records);
        let slots = input.length()?;
        let end = start.checked_add(slots).filter(|end| is_next && *end < u32::MAX as usize);
        let end = end.ok_or(Flaw::Disagrees("its parts do not follow each other".into()))?;
        self.load_records(records, start..end, input)?;
        input.end()
    }
}
