//! The nodes that a pass has taken out of its frontier, and what they are to its job.

use crate::state::slots::NodeSlot;

/// What a checked-out node is to the job.
#[derive(Clone, Copy, Debug)]
pub(super) struct CheckedOut {
    /// Allocations of the group, and of its namesakes in other namespaces.
    pub(super) collisions: u32,
    /// Allocations of the job, or of the group, that keep others away.
    pub(super) hosts: u32,
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
            hosts: 0,
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
    /// By slot: one more than the node's place in the list, or 0. In stretches that are made when they
    /// are needed, since a fork begins with none.
    places: Vec<Vec<u32>>,
}

/// How many slots a stretch of places has.
const STRETCH: usize = 256;

impl CheckedOutNodes {
    pub(super) fn clear(&mut self) {
        for (node, _) in self.nodes.drain(..) {
            self.places[node.at() / STRETCH][node.at() % STRETCH] = 0;
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
        let stretch = self.places.get(node.at() / STRETCH);
        stretch.and_then(|stretch| stretch.get(node.at() % STRETCH)).copied().unwrap_or(0)
    }

    /// What a node is to the job; one that is not checked out is nothing to it.
    pub(super) fn get(&self, node: NodeSlot) -> CheckedOut {
        match self.place(node) {
            0 => CheckedOut::default(),
            place => self.nodes[place as usize - 1].1,
        }
    }

    /// What a node is to the job, to change. It is checked out from then on.
    pub(super) fn entry(&mut self, node: NodeSlot) -> &mut CheckedOut {
        let (stretch, at) = (node.at() / STRETCH, node.at() % STRETCH);
        if self.places.len() <= stretch {
            self.places.resize(stretch + 1, Vec::new());
        }
        let stretch = &mut self.places[stretch];
        if stretch.is_empty() {
            stretch.resize(STRETCH, 0);
        }
        let place = &mut stretch[at];
        if *place == 0 {
            self.nodes.push((node, CheckedOut::default()));
            *place = self.nodes.len() as u32;
        }
        let at = *place as usize - 1;
        &mut self.nodes[at].1
    }
}
