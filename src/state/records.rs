//! A table of records that are few beside the allocations: evaluations, deployments.
//!
//! A record has a slot and a generation, from which its identity is computed, or keeps the identity that
//! it came with. Finding one by its identity looks nothing up unless it came from elsewhere.

use std::fmt::Debug;
use std::sync::Arc;

use super::codec::{Flaw, Reader, Saved, Writer, save_option};
use super::fast_map::FastSet;
use super::ids;
use super::index::{Index, name_hash};
use super::pages::Pages;
use super::record_id::RecordId;

/// What a table can hold.
pub(super) trait Identified: Clone + Debug + Saved {
    /// The identity that it came with, if it was not given one here.
    fn kept_id(&self) -> Option<&str>;
}

/// Records of one kind. The seed that its methods take is that of the kind's identities.
#[derive(Clone, Debug)]
pub(super) struct Records<R> {
    /// By slot; none for a slot whose record left.
    records: Pages<Option<Arc<R>>, 32>,
    /// By slot: how many records had it before.
    generations: Pages<u32, 64>,
    free: Pages<u32, 64>,
    /// Identities that records came with.
    index: Index,
    /// Those of them that would have been made here, as slot and generation: they must not be made again.
    given_away: Arc<FastSet<(u32, u32)>>,
}

/// How a table changed, as what takes it back.
#[derive(Debug)]
pub(super) enum RecordChange<R> {
    Added {
        /// What the slot's was.
        generation: u32,
        is_reused: bool,
        /// Whether its identity came to those that must not be made again.
        is_given_away: bool,
    },
    Changed(Arc<R>),
    Removed(Arc<R>),
}

impl<R> RecordChange<R> {
    /// The record before, if there was one.
    pub(super) fn replaced(&self) -> Option<&R> {
        match self {
            RecordChange::Added { .. } => None,
            RecordChange::Changed(before) | RecordChange::Removed(before) => Some(before),
        }
    }
}

impl<R> Default for Records<R> {
    fn default() -> Records<R> {
        Records {
            records: Pages::default(),
            generations: Pages::default(),
            free: Pages::default(),
            index: Index::default(),
            given_away: Arc::default(),
        }
    }
}

impl<R: Identified> Records<R> {
    #[inline]
    pub(super) fn get(&self, slot: u32) -> Option<&R> {
        self.records.get(slot as usize)?.as_deref()
    }

    /// A record to be held while the table changes.
    pub(super) fn shared(&self, slot: u32) -> Option<Arc<R>> {
        self.records.get(slot as usize)?.clone()
    }

    /// Every record with its slot, in the order of slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &R)> {
        let all = self.records.iter().enumerate();
        all.filter_map(|(at, record)| Some((at as u32, record.as_deref()?)))
    }

    /// How many records had a slot before the present one.
    #[inline]
    pub(super) fn generation(&self, slot: u32) -> u32 {
        self.generations.get(slot as usize).copied().unwrap_or(0)
    }

    pub(super) fn generations(&self) -> impl Iterator<Item = u32> {
        self.generations.iter().copied()
    }

    pub(super) fn slots(&self) -> usize {
        self.records.len()
    }

    pub(super) fn free(&self) -> &Pages<u32, 64> {
        &self.free
    }

    /// Identities that must not be made again, in order.
    pub(super) fn given_away(&self) -> Vec<(u32, u32)> {
        let mut given_away: Vec<(u32, u32)> = self.given_away.iter().copied().collect();
        given_away.sort_unstable();
        given_away
    }

    /// The identity of a record; empty if there is none.
    pub(super) fn id(&self, seed: u64, slot: u32) -> String {
        self.record_id(seed, slot).map(|id| id.text()).unwrap_or_default()
    }

    /// The same, of which the text is made when it is asked for; none if there is no such record.
    pub(super) fn record_id(&self, seed: u64, slot: u32) -> Option<RecordId> {
        let record = self.get(slot)?;
        Some(RecordId::of(record.kept_id(), (seed, slot, self.generation(slot))))
    }

    pub(super) fn find(&self, seed: u64, id: &str) -> Option<u32> {
        let is_it = |slot| self.get(slot).is_some_and(|it| it.kept_id() == Some(id));
        if !self.index.is_empty()
            && let Some(slot) = self.index.find(name_hash(id), is_it)
        {
            return Some(slot);
        }
        let (slot, generation) = ids::decode(seed, id)?;
        let is_ours = self.get(slot)?.kept_id().is_none() && self.generation(slot) == generation;
        is_ours.then_some(slot)
    }

    /// The records whose identities begin with a text. Every record is looked at.
    pub(super) fn with_prefix(&self, seed: u64, prefix: &str) -> impl Iterator<Item = u32> {
        let of_ours = ids::Prefix::parse(prefix);
        let begins = move |slot: u32, record: &R| match record.kept_id() {
            Some(kept) => kept.starts_with(prefix),
            None => of_ours.is_some_and(|it| it.is_of(seed, slot, self.generation(slot))),
        };
        self.iter().filter(move |(slot, record)| begins(*slot, record)).map(|(slot, _)| slot)
    }

    /// Adds a record, whose identity, if it keeps one, must not be there yet.
    pub(super) fn add(&mut self, seed: u64, record: R) -> (u32, RecordChange<R>) {
        let freed = self.free.pop();
        let slot = freed.unwrap_or_else(|| {
            self.records.push(None);
            self.generations.push(0);
            self.records.len() as u32 - 1
        });
        let generation = self.generation(slot);
        let mut is_given_away = false;
        if let Some(kept) = record.kept_id() {
            self.index.insert(name_hash(kept), slot);
            if let Some(ours) = ids::decode(seed, kept) {
                is_given_away = Arc::make_mut(&mut self.given_away).insert(ours);
            }
        } else {
            let mut to_be = generation;
            while self.given_away.contains(&(slot, to_be)) {
                to_be = to_be.wrapping_add(1);
            }
            self.set_generation(slot, to_be);
        }
        if let Some(place) = self.records.get_mut(slot as usize) {
            *place = Some(Arc::new(record));
        }
        (slot, RecordChange::Added { generation, is_reused: freed.is_some(), is_given_away })
    }

    /// Puts a record in the place of another, of the same identity.
    pub(super) fn replace(&mut self, slot: u32, record: Arc<R>) -> Option<RecordChange<R>> {
        let place = self.records.get_mut(slot as usize)?.as_mut()?;
        Some(RecordChange::Changed(std::mem::replace(place, record)))
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<RecordChange<R>> {
        let record = self.take(slot)?;
        self.set_generation(slot, self.generation(slot).wrapping_add(1));
        self.free.push(slot);
        Some(RecordChange::Removed(record))
    }

    /// Takes a change back.
    pub(super) fn undo(&mut self, slot: u32, change: RecordChange<R>) {
        match change {
            RecordChange::Added { generation, is_reused, is_given_away } => {
                self.take(slot);
                self.set_generation(slot, generation);
                if is_reused {
                    self.free.push(slot);
                } else {
                    self.records.pop();
                    self.generations.pop();
                }
                if is_given_away {
                    Arc::make_mut(&mut self.given_away).pop();
                }
            }
            RecordChange::Changed(before) => {
                if let Some(place) = self.records.get_mut(slot as usize) {
                    *place = Some(before);
                }
            }
            RecordChange::Removed(before) => {
                self.free.pop();
                self.set_generation(slot, self.generation(slot).wrapping_sub(1));
                if let Some(kept) = before.kept_id() {
                    self.index.insert(name_hash(kept), slot);
                }
                if let Some(place) = self.records.get_mut(slot as usize) {
                    *place = Some(before);
                }
            }
        }
    }

    /// Writes which slots are free, and which identities must not be made again.
    pub(super) fn save_free(&self, out: &mut Writer) {
        let Records { records: _, generations: _, free, index: _, given_away } = self;
        free.save(out);
        given_away.save(out);
    }

    /// Reads the same, into a table of nothing.
    pub(super) fn load_free(&mut self, input: &mut Reader<'_>) -> Result<(), Flaw> {
        (self.free, self.given_away) = Saved::load(input)?;
        Ok(())
    }

    /// Writes a slot, free or not.
    pub(super) fn save_slot(&self, slot: u32, out: &mut Writer) {
        self.generation(slot).save(out);
        save_option(self.get(slot), out);
    }

    /// Reads the next slot.
    pub(super) fn load_slot(&mut self, seed: u64, input: &mut Reader<'_>) -> Result<(), Flaw> {
        let (generation, record): (u32, Option<R>) = Saved::load(input)?;
        let slot = self.records.len() as u32;
        if let Some(kept) = record.as_ref().and_then(R::kept_id) {
            if self.find(seed, kept).is_some() {
                return Err(Flaw::Disagrees(format!("`{kept}` comes twice").into()));
            }
            self.index.insert(name_hash(kept), slot);
        }
        self.records.push(record.map(Arc::new));
        self.generations.push(generation);
        Ok(())
    }

    fn take(&mut self, slot: u32) -> Option<Arc<R>> {
        let record = self.records.get_mut(slot as usize)?.take()?;
        if let Some(kept) = record.kept_id() {
            self.index.remove(name_hash(kept), slot);
        }
        Some(record)
    }

    fn set_generation(&mut self, slot: u32, generation: u32) {
        if let Some(place) = self.generations.get_mut(slot as usize) {
            *place = generation;
        }
    }
}
