//! The nodes that a pass has taken out of its frontier, and what they are to its job.

use crate::state::slots::NodeSlot;

/// What a checked-out node is to the job.
#[derive(Clone, Copy, Debug)]
pub(super) struct CheckedOut {
    /// Allocations of the group, and of its namesakes in other namespaces.
    pub(super) collisions: u32,
    /// Whether allocations of the job, or of the group, keep others away.
    pub(super) keeps_away: bool,
    pub(super) has_penalty: bool,
    /// Whether anything was placed on it.
    pub(super) is_changed: bool,
    /// Its lane, or [`CheckedOut::NO_LANE`].
    pub(super) lane: u32,
}

impl CheckedOut {
    /// It may not run the group by its facts, or was not looked at yet.
    pub(super) const NO_LANE: u32 = u32::MAX;
}

impl Default for CheckedOut {
    fn default() -> Self {
        CheckedOut {
            collisions: 0,
            keeps_away: false,
            has_penalty: false,
            is_changed: false,
            lane: CheckedOut::NO_LANE,
        }
    }
}

/// Nodes that are checked out.
#[derive(Debug, Default)]
pub(super) struct CheckedOutNodes {
    nodes: Vec<(NodeSlot, CheckedOut)>,
    /// Those of them that are no longer what the frontier has them for.
    touched: Vec<NodeSlot>,
    /// By slot: one more than the node's place in the list, or 0. It is made whole when it is first needed: what
    /// of it is not touched costs nothing.
    places: Vec<u32>,
}

/// Where more than every so many-th node is checked out, all are put back at once.
const DENSE: usize = 8;

/// Places are made for so many slots at once.
const STRETCH: usize = 1024;

impl CheckedOutNodes {
    /// Begins anew, with so many slots of nodes.
    pub(super) fn begin(&mut self, node_slots: usize) {
        match self.nodes.len() > self.places.len() / DENSE {
            true => self.places.fill(0),
            false => self.nodes.iter().for_each(|(node, _)| self.places[node.at()] = 0),
        }
        self.nodes.clear();
        self.touched.clear();
        if self.places.len() < node_slots {
            self.places = vec![0; node_slots.next_multiple_of(STRETCH)];
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes with what they are, in the order in which they were checked out.
    pub(super) fn all(&self) -> &[(NodeSlot, CheckedOut)] {
        &self.nodes
    }

    /// One more than a node's place in the list, or 0.
    fn place(&self, node: NodeSlot) -> u32 {
        self.places.get(node.at()).copied().unwrap_or(0)
    }

    /// What a node is to the job; one that is not checked out is nothing to it.
    pub(super) fn get(&self, node: NodeSlot) -> CheckedOut {
        match self.place(node) {
            0 => CheckedOut::default(),
            place => self.nodes[place as usize - 1].1,
        }
    }

    /// Whether a node is in the frontier still, and the group is not on it.
    pub(super) fn is_left(&self, node: NodeSlot) -> bool {
        let known = (self.place(node) as usize).checked_sub(1).and_then(|at| self.nodes.get(at));
        known.is_none_or(|(_, it)| it.collisions == 0 && it.lane == CheckedOut::NO_LANE)
    }

    /// What a node is to the job, to change. It is checked out from then on.
    pub(super) fn entry(&mut self, node: NodeSlot) -> &mut CheckedOut {
        let at = self.find_or_add(node);
        &mut self.nodes[at].1
    }

    /// The same where it is no longer what the frontier has it for.
    fn touch(&mut self, node: NodeSlot) -> &mut CheckedOut {
        let at = self.find_or_add(node);
        let entry = &mut self.nodes[at].1;
        if entry.lane == CheckedOut::NO_LANE && !entry.is_changed {
            self.touched.push(node);
        }
        entry
    }

    /// Notes that an allocation was placed on a node.
    pub(super) fn change(&mut self, node: NodeSlot) -> &mut CheckedOut {
        let entry = self.touch(node);
        entry.is_changed = true;
        entry
    }

    /// Puts a node into a lane.
    pub(super) fn put_into(&mut self, node: NodeSlot, lane: u32) {
        self.touch(node).lane = lane;
    }

    /// Those that are no longer what the frontier has them for.
    pub(super) fn touched(&self) -> &[NodeSlot] {
        &self.touched
    }

    /// Counts what the job has on a node. It is checked out from then on.
    #[inline]
    pub(super) fn count(&mut self, node: NodeSlot, collisions: u32, keeps_away: bool) {
        if let Some(place) = self.places.get_mut(node.at())
            && *place == 0
        {
            let entry = CheckedOut { collisions, keeps_away, ..CheckedOut::default() };
            self.nodes.push((node, entry));
            *place = self.nodes.len() as u32;
            return;
        }
        let known = self.entry(node);
        known.collisions += collisions;
        known.keeps_away |= keeps_away;
    }

    /// The place of a node in the list, to which it is added if it is not in it.
    fn find_or_add(&mut self, node: NodeSlot) -> usize {
        if self.places.len() <= node.at() {
            self.places.resize(node.at() + 1, 0);
        }
        let place = &mut self.places[node.at()];
        if *place == 0 {
            self.nodes.push((node, CheckedOut::default()));
            *place = self.nodes.len() as u32;
        }
        *place as usize - 1
    }
}
