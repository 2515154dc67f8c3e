//! What an operator sets for the whole cluster, as the state keeps it (docs/lifecycle.md, section 10).

use crate::model::{Namespace, NodePool, SchedulerConfiguration};

/// The namespace that is always there.
pub(crate) const DEFAULT_NAMESPACE: &str = "default";
/// The pool of nodes and jobs that name none.
pub(crate) const DEFAULT_POOL: &str = "default";
/// The pools that are always there: the one of nodes that name none, and the one of all nodes.
pub(crate) const BUILT_IN_POOLS: [(&str, &str); 2] =
    [("all", "Node pool with all nodes in the cluster."), (DEFAULT_POOL, "Default node pool.")];

/// The scheduler's configuration, namespaces and node pools.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) scheduler: SchedulerConfiguration,
    /// By name, ascending.
    pub(crate) namespaces: Vec<Namespace>,
    /// By name, ascending.
    pub(crate) pools: Vec<NodePool>,
    /// The indexes at which a namespace and a pool last came, changed or left.
    pub(crate) namespaces_modified: u64,
    pub(crate) pools_modified: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        let namespace = Namespace {
            name: DEFAULT_NAMESPACE.into(),
            description: "Default shared namespace".into(),
            ..Namespace::default()
        };
        let pools = BUILT_IN_POOLS.map(|(name, description)| NodePool {
            name: name.into(),
            description: description.into(),
            ..NodePool::default()
        });
        Settings {
            scheduler: SchedulerConfiguration::default(),
            namespaces: vec![namespace],
            pools: pools.into(),
            namespaces_modified: 0,
            pools_modified: 0,
        }
    }
}

impl Settings {
    /// A namespace of this name.
    pub(crate) fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.iter().find(|it| it.name == name)
    }

    /// A node pool of this name.
    pub(crate) fn pool(&self, name: &str) -> Option<&NodePool> {
        self.pools.iter().find(|it| it.name == name)
    }
}
