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
    /// Those of them that are no longer what the frontier has them for.
    touched: Vec<NodeSlot>,
    /// By slot: one more than the node's place in the list, or 0. In stretches that are made when they
    /// are needed, since a fork begins with none.
    places: Vec<Option<Box<[u32; STRETCH]>>>,
}

/// Where every so many-th node or more is checked out, all are put back at once.
const DENSE: usize = 8;

/// How many slots a stretch of places has.
const STRETCH: usize = 256;

impl CheckedOutNodes {
    pub(super) fn clear(&mut self) {
        self.touched.clear();
        if self.nodes.len() >= self.places.len() * STRETCH / DENSE {
            self.places.iter_mut().flatten().for_each(|stretch| stretch.fill(0));
            return self.nodes.clear();
        }
        for (node, _) in self.nodes.drain(..) {
            if let Some(Some(stretch)) = self.places.get_mut(node.at() / STRETCH) {
                stretch[node.at() % STRETCH] = 0;
            }
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
        let stretch = self.places.get(node.at() / STRETCH).and_then(Option::as_deref);
        stretch.map_or(0, |stretch| stretch[node.at() % STRETCH])
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
        if !matches!(self.places.get(node.at() / STRETCH), Some(Some(_))) {
            self.make_stretch(node.at() / STRETCH);
        }
        let stretch = self.places[node.at() / STRETCH].get_or_insert_with(empty);
        let place = &mut stretch[node.at() % STRETCH];
        if *place == 0 {
            self.nodes.push((node, CheckedOut::default()));
            *place = self.nodes.len() as u32;
        }
        let at = *place as usize - 1;
        &mut self.nodes[at].1
    }

    /// Notes that an allocation was placed on a node.
    pub(super) fn change(&mut self, node: NodeSlot) -> &mut CheckedOut {
        self.touch(node);
        let entry = self.entry(node);
        entry.is_changed = true;
        entry
    }

    /// Puts a node into a lane.
    pub(super) fn put_into(&mut self, node: NodeSlot, lane: u32) {
        self.touch(node);
        self.entry(node).lane = lane;
    }

    /// Notes that a node is no longer what the frontier has it for.
    fn touch(&mut self, node: NodeSlot) {
        let entry = self.entry(node);
        if entry.lane == CheckedOut::NO_LANE && !entry.is_changed {
            self.touched.push(node);
        }
    }

    /// Those that are no longer what the frontier has them for.
    pub(super) fn touched(&self) -> &[NodeSlot] {
        &self.touched
    }

    /// Counts what the job has on a node. It is checked out from then on.
    #[inline]
    pub(super) fn count(&mut self, node: NodeSlot, collisions: u32, hosts: u32) {
        if let Some(Some(stretch)) = self.places.get_mut(node.at() / STRETCH) {
            let place = &mut stretch[node.at() % STRETCH];
            if *place == 0 {
                self.nodes.push((node, CheckedOut { collisions, hosts, ..CheckedOut::default() }));
                *place = self.nodes.len() as u32;
                return;
            }
        }
        let known = self.entry(node);
        known.collisions += collisions;
        known.hosts += hosts;
    }

    #[cold]
    fn make_stretch(&mut self, stretch: usize) {
        if self.places.len() <= stretch {
            self.places.resize(stretch + 1, None);
        }
        self.places[stretch] = Some(empty());
    }
}

fn empty() -> Box<[u32; STRETCH]> {
    Box::new([0; STRETCH])
}
