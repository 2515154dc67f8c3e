//! Which nodes use a port that no node gives out by itself: what a static port may collide with.

use std::sync::Arc;

use super::index::Index;
use super::pages::Pages;
use super::ports::PortSet;
use super::slots::NodeSlot;
use crate::rng::mix64;

/// Nodes by the port that something on them uses.
#[derive(Clone, Debug)]
pub(crate) struct PortUsers {
    /// Where a port is in the list.
    index: Index,
    users: Pages<(u16, Arc<Vec<u32>>), 16>,
    /// Ports that any node reserved at any time.
    reserved: Arc<PortSet>,
    /// The lowest and the highest port that any node gave out at any time.
    dynamic: (u16, u16),
}

impl Default for PortUsers {
    fn default() -> Self {
        let (index, users, reserved) = Default::default();
        PortUsers { index, users, reserved, dynamic: (u16::MAX, 0) }
    }
}

impl PortUsers {
    /// Takes note of a node's reserved and dynamic ports.
    pub(crate) fn add_node(&mut self, reserved: impl Iterator<Item = u16>, dynamic: (u16, u16)) {
        for port in reserved {
            if !self.reserved.contains(port) {
                Arc::make_mut(&mut self.reserved).insert(port);
            }
        }
        self.dynamic = (self.dynamic.0.min(dynamic.0), self.dynamic.1.max(dynamic.1));
    }

    /// The ports that nodes reserved and gave out at any time.
    pub(super) fn ranges(&self) -> (Arc<PortSet>, (u16, u16)) {
        (self.reserved.clone(), self.dynamic)
    }

    /// Puts back what [`PortUsers::ranges`] gave, once what came since is gone.
    pub(super) fn restore(&mut self, reserved: Arc<PortSet>, dynamic: (u16, u16)) {
        (self.reserved, self.dynamic) = (reserved, dynamic);
    }

    /// Whether any node may give the port out by itself.
    pub(crate) fn may_be_dynamic(&self, port: i64) -> bool {
        (i64::from(self.dynamic.0)..=i64::from(self.dynamic.1)).contains(&port)
    }

    /// Whether any node may have the port reserved.
    pub(crate) fn may_be_reserved(&self, port: i64) -> bool {
        u16::try_from(port).is_ok_and(|port| self.reserved.contains(port))
    }

    /// The nodes on which a port is used that is not dynamic.
    pub(crate) fn of(&self, port: i64) -> &[u32] {
        let at = u16::try_from(port).ok().and_then(|port| self.find(port));
        at.map(|at| self.users[at].1.as_slice()).unwrap_or_default()
    }

    /// Notes whether anything on a node uses a port. Dynamic ports are not kept.
    pub(crate) fn set(&mut self, node: NodeSlot, port: u16, is_used: bool) {
        if self.may_be_dynamic(port.into()) {
            return;
        }
        let at = match self.find(port) {
            Some(at) => at,
            None if !is_used => return,
            None => {
                self.users.push((port, Arc::default()));
                let at = self.users.len() - 1;
                self.index.insert(hash(port), at as u32);
                at
            }
        };
        let place = self.users[at].1.binary_search(&node.0);
        if place.is_ok() == is_used {
            return;
        }
        let Some((_, users)) = self.users.get_mut(at) else { return };
        match place {
            Ok(at) => drop(Arc::make_mut(users).remove(at)),
            Err(at) => Arc::make_mut(users).insert(at, node.0),
        }
    }

    fn find(&self, port: u16) -> Option<usize> {
        let is_it = |at: u32| self.users[at as usize].0 == port;
        self.index.find(hash(port), is_it).map(|at| at as usize)
    }
}

fn hash(port: u16) -> u64 {
    mix64(port.into())
}

#[cfg(test)]
mod tests {
    use super::{NodeSlot, PortUsers};

    #[test]
    fn knows_the_users_of_ports_that_are_not_dynamic() {
        let mut users = PortUsers::default();
        users.add_node([22].into_iter(), (20_000, 32_000));
        for node in [5, 3, 9, 3] {
            users.set(NodeSlot(node), 8080, true);
            users.set(NodeSlot(node), 25_000, true);
        }
        assert_eq!(users.of(8080), [3, 5, 9]);
        assert!(users.of(25_000).is_empty());
        users.set(NodeSlot(5), 8080, false);
        users.set(NodeSlot(5), 9090, false);
        assert_eq!(users.of(8080), [3, 9]);
        assert!(users.may_be_reserved(22) && !users.may_be_reserved(23));
        assert!(users.may_be_dynamic(32_000) && !users.may_be_dynamic(70_000));
    }
}
