//! What nodes are to a pass's job: those that it is on, that it keeps away from or that were changed for it, most of
//! which are taken out of the frontier.

use crate::state::slots::NodeSlot;

/// What a node is to the job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relation {
    /// Allocations of the group, and of its namesakes in other namespaces.
    pub(super) collisions: u32,
    /// Whether allocations of the job, or of the group, keep others away.
    pub(super) keeps_away: bool,
    pub(super) has_penalty: bool,
    /// Whether anything was placed on it.
    pub(super) is_changed: bool,
    /// The lane that it is checked out to, or [`Relation::NO_LANE`].
    pub(super) lane: u32,
}

impl Relation {
    /// It may not run the group by its facts, or was not looked at yet.
    pub(super) const NO_LANE: u32 = u32::MAX;
}

impl Default for Relation {
    fn default() -> Self {
        Relation {
            collisions: 0,
            keeps_away: false,
            has_penalty: false,
            is_changed: false,
            lane: Relation::NO_LANE,
        }
    }
}

/// What is known of a node.
enum Known {
    Nothing,
    OneOfGroup,
    /// Its place in the list.
    Listed(usize),
}

/// The nodes that are something to the job, and what.
#[derive(Debug, Default)]
pub(super) struct Relations {
    nodes: Vec<(NodeSlot, Relation)>,
    /// Those that the group has allocations on or had, each once.
    of_group: Vec<NodeSlot>,
    /// Those that are no longer what the frontier has them for.
    touched: Vec<NodeSlot>,
    /// By slot: what is known of a node, as a number of this pass; lower ones are of passes before. It is made whole
    /// when it is first needed: what of it is not touched costs nothing.
    numbers: Vec<u32>,
    /// The number of a node that is not in the list, but on which the group has one allocation: there may be many
    /// such nodes, of which few ever come up. Those in the list have the numbers behind it in the list's order.
    one_of_group: u32,
}

/// Numbers are made for so many slots at once.
const STRETCH: usize = 1024;

/// A pass that begins with this number has enough for all nodes still.
const LAST_BEGIN: u32 = u32::MAX / 2;

impl Relations {
    /// Begins anew, with so many slots of nodes.
    pub(super) fn begin(&mut self, node_slots: usize) {
        // The numbers of all passes are different, until there are no more of them.
        self.one_of_group = self.one_of_group.max(1).saturating_add(self.nodes.len() as u32 + 1);
        if self.one_of_group > LAST_BEGIN {
            self.numbers.fill(0);
            self.one_of_group = 1;
        }
        self.nodes.clear();
        self.of_group.clear();
        self.touched.clear();
        if self.numbers.len() < node_slots {
            self.numbers = vec![0; node_slots.next_multiple_of(STRETCH)];
        }
    }

    /// The nodes with what they are, but for those of which only one allocation of the group is known.
    pub(super) fn listed(&self) -> &[(NodeSlot, Relation)] {
        &self.nodes
    }

    /// The nodes that the group has allocations on or had, each once.
    pub(super) fn of_group(&self) -> &[NodeSlot] {
        &self.of_group
    }

    /// What is known of a node: its place in the list, or that the group has one allocation on it.
    fn known(&self, node: NodeSlot) -> Known {
        let number = self.numbers.get(node.at()).copied().unwrap_or(0);
        match number.checked_sub(self.one_of_group) {
            None => Known::Nothing,
            Some(0) => Known::OneOfGroup,
            Some(at) => Known::Listed(at as usize - 1),
        }
    }

    /// What a node is to the job; one that is not known is nothing to it.
    pub(super) fn get(&self, node: NodeSlot) -> Relation {
        match self.known(node) {
            Known::Nothing => Relation::default(),
            Known::OneOfGroup => Relation { collisions: 1, ..Relation::default() },
            Known::Listed(at) => self.nodes[at].1,
        }
    }

    /// Whether a node is in the frontier still, and the group is not on it.
    pub(super) fn is_left(&self, node: NodeSlot) -> bool {
        let known = self.get(node);
        known.collisions == 0 && known.lane == Relation::NO_LANE
    }

    /// What a node is to the job, to change.
    pub(super) fn entry(&mut self, node: NodeSlot) -> &mut Relation {
        let at = self.find_or_add(node);
        &mut self.nodes[at].1
    }

    /// The same where it is no longer what the frontier has it for.
    fn touch(&mut self, node: NodeSlot) -> &mut Relation {
        let at = self.find_or_add(node);
        let entry = &mut self.nodes[at].1;
        if entry.lane == Relation::NO_LANE && !entry.is_changed {
            self.touched.push(node);
        }
        entry
    }

    /// Notes that an allocation was placed on a node.
    pub(super) fn change(&mut self, node: NodeSlot) -> &mut Relation {
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

    /// Counts an allocation of the group, or of a namesake in another namespace, on each of these nodes.
    pub(super) fn count_of_group(&mut self, nodes: &[NodeSlot]) {
        let (numbers, one_of_group) = (&mut self.numbers[..], self.one_of_group);
        // The places of those of which something is known. Mostly there are none.
        let mut known: Vec<usize> = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            match numbers.get_mut(node.at()) {
                Some(number) if *number < one_of_group => *number = one_of_group,
                _ => known.push(at),
            }
        }
        let mut from = 0;
        for &at in &known {
            self.of_group.extend_from_slice(&nodes[from..at]);
            from = at + 1;
        }
        self.of_group.extend_from_slice(&nodes[from..]);
        known.into_iter().for_each(|at| self.add_of_group(nodes[at]));
    }

    /// Counts an allocation of the group on a node of which something is known.
    fn add_of_group(&mut self, node: NodeSlot) {
        let known = self.entry(node);
        known.collisions += 1;
        if known.collisions == 1 {
            self.of_group.push(node);
        }
    }

    /// Notes that an allocation of the job keeps others away from a node, one of the group or of another one.
    pub(super) fn keep_away(&mut self, node: NodeSlot, in_group: bool) {
        self.entry(node).keeps_away = true;
        if in_group {
            self.add_of_group(node);
        }
    }

    /// Counts an allocation of the group that was placed on a node. False if the node was not checked out.
    pub(super) fn placed(&mut self, node: NodeSlot) -> bool {
        let known = self.change(node);
        known.keeps_away = true;
        let is_checked_out = known.lane != Relation::NO_LANE;
        self.add_of_group(node);
        is_checked_out
    }

    /// The place of a node in the list, to which it is added if it is not in it.
    fn find_or_add(&mut self, node: NodeSlot) -> usize {
        if self.numbers.len() <= node.at() {
            self.numbers.resize(node.at() + 1, 0);
        }
        if let Known::Listed(at) = self.known(node) {
            return at;
        }
        self.nodes.push((node, self.get(node)));
        self.numbers[node.at()] = self.one_of_group + self.nodes.len() as u32;
        self.nodes.len() - 1
    }
}
