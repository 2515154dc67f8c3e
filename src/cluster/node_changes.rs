//! Nodes that come, change and go. Whatever happens to a node changes no allocation: it gives back what
//! is out of reach by it.

use super::{Cluster, ClusterError};
use crate::fit::verify::{Misfit, misfits};
use crate::model::{Node, NodeStatus};
use crate::state::slots::{AllocationSlot, NodeSlot};
use crate::time::Timestamp;

/// The effect of a change of a node on what is on it, from [`Cluster::upsert_node`].
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::model::NodeStatus;
///
/// cluster.place(&job, &PlaceOptions::default());
/// let down = Node::builder("n1").status(NodeStatus::Down).cpu_shares(500).memory_mb(1_024).build()?;
/// let change = cluster.upsert_node(down);
/// assert_eq!(change.unreachable().len(), 2);
/// assert_eq!(change.overcommitted(), ["cpu"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeChange {
    unreachable: Vec<String>,
    overcommitted: Vec<&'static str>,
}

impl NodeChange {
    /// Identities of the allocations that the node, which is down or does not answer, keeps out of
    /// reach; sorted. They are as they were: [`Cluster::mark_lost`] is for who gives them up.
    pub fn unreachable(&self) -> &[String] {
        &self.unreachable
    }

    /// The dimensions of which the node has too little by now for what is wanted on it: `cpu`, `memory`,
    /// `disk`, `allocations`, `ports`, `bandwidth`, `cores` or `devices`. What was told to stop does not
    /// count. Nothing is evicted for it; nothing more is placed there until there is room.
    pub fn overcommitted(&self) -> &[&'static str] {
        &self.overcommitted
    }
}

impl Cluster {
    /// Adds a node, or takes over the new facts of one that is there, and says what that comes to for
    /// what is on it. Its allocations stay as they are. A node that was [taken out](Cluster::remove_node)
    /// and comes again is another one: what was on the first is not on it.
    ///
    /// ```
    /// use stowplan::model::{Job, Node};
    /// use stowplan::{Cluster, PlaceOptions};
    ///
    /// let node = |memory_mb| {
    ///     Node::builder("n1").cpu_shares(1_000).memory_mb(memory_mb).driver("docker").build()
    /// };
    /// let mut cluster = Cluster::new([node(1_024)?])?;
    /// let job = Job::builder("web")
    ///     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(400)))
    ///     .build()?;
    /// cluster.place(&job, &PlaceOptions::default());
    /// assert_eq!(cluster.upsert_node(node(512)?).overcommitted(), ["memory"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn upsert_node(&mut self, node: Node) -> NodeChange {
        let slot = self.change(|state| state.upsert_node(node));
        NodeChange { unreachable: self.unreachable(slot), overcommitted: self.overcommitted(slot) }
    }

    /// Sets a node's status and gives back what that puts out of reach: the identities of the
    /// allocations on a node that is down or does not answer, sorted. They stay as they are:
    /// [`Cluster::mark_lost`] is for who gives them up.
    ///
    /// # Errors
    ///
    /// There is no such node.
    pub fn set_node_status(
        &mut self,
        id: &str,
        status: NodeStatus,
    ) -> Result<Vec<String>, ClusterError> {
        let unknown = || ClusterError::UnknownNode { id: id.into() };
        let node = self.node(id).ok_or_else(unknown)?;
        let changed = node.changed(|spec| spec.status = status.as_str().into());
        // A node of any status is valid.
        let change = changed.map(|node| self.upsert_node(node)).unwrap_or_default();
        Ok(change.unreachable)
    }

    /// Takes a node out and gives back what that puts out of reach: the identities of the allocations
    /// that were on it, sorted. They stay as they are and count for their jobs, so that nothing replaces
    /// them, but they take no room anywhere: [`Cluster::mark_lost`] is for who gives them up. A node that
    /// comes later under the same identity is another one, on which they are not.
    ///
    /// ```
    /// use stowplan::{Cluster, PlaceOptions};
    /// use stowplan::model::{Job, Node};
    ///
    /// let node = |id| Node::builder(id).cpu_shares(1_000).memory_mb(1_024).driver("docker").build();
    /// let mut cluster = Cluster::new([node("n1")?])?;
    /// let job = Job::builder("web")
    ///     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)))
    ///     .build()?;
    /// let options = PlaceOptions::default();
    /// cluster.place(&job, &options);
    /// let unreachable = cluster.remove_node("n1")?;
    /// cluster.upsert_node(node("n1")?);
    /// assert_eq!((unreachable.len(), cluster.allocations_on("n1").count()), (2, 0));
    /// assert!(cluster.place(&job, &options).is_empty());
    /// cluster.mark_lost(&unreachable)?;
    /// assert_eq!(cluster.place(&job, &options).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such node.
    pub fn remove_node(&mut self, id: &str) -> Result<Vec<String>, ClusterError> {
        let unknown = || ClusterError::UnknownNode { id: id.into() };
        let slot = self.state.find_node(id).ok_or_else(unknown)?;
        let unreachable = self.ids_on(slot);
        self.change(|state| state.remove_node(slot));
        Ok(unreachable)
    }

    /// Forgets allocations that have ended: those that were told to stop, evicted, or whose clients say
    /// that they failed, completed or are lost, and that hold nothing any more. Only those go that were
    /// last changed before an instant. Gives back how many they were.
    ///
    /// Completed batch work is done only for as long as it is known.
    pub fn forget_ended(&mut self, before: Timestamp) -> usize {
        let ended = self.state.allocations().filter(|(_, record)| record.client.is_terminal());
        let ended = ended.map(|(slot, _)| slot).filter(|&slot| {
            self.state.lifecycle(slot).is_some_and(|lifecycle| lifecycle.modify_time < before)
        });
        let ended: Vec<AllocationSlot> = ended.collect();
        self.change(|state| ended.iter().for_each(|&slot| state.remove_allocation(slot)));
        ended.len()
    }

    fn unreachable(&self, slot: NodeSlot) -> Vec<String> {
        let status = self.state.node(slot).map(|record| record.node.status());
        if !matches!(status, Some(NodeStatus::Down | NodeStatus::Disconnected)) {
            return Vec::new();
        }
        self.ids_on(slot)
    }

    /// The identities of what takes room on a node, sorted.
    fn ids_on(&self, slot: NodeSlot) -> Vec<String> {
        let on_node = self.state.allocations_on(slot).iter();
        let mut ids: Vec<String> = on_node.map(|&it| self.state.allocation_id(it)).collect();
        ids.sort_unstable();
        ids
    }

    fn overcommitted(&self, slot: NodeSlot) -> Vec<&'static str> {
        let leaving = self.state.leaving(slot);
        let free = self.state.free(slot).plus(leaving.amounts);
        let places = self.state.free_allocations(slot).saturating_add(leaving.allocations);
        let left = [
            ("cpu", free.cpu_mhz),
            ("memory", free.memory_mb),
            ("disk", free.disk_mb),
            ("allocations", places),
        ];
        let mut short: Vec<&'static str> =
            left.into_iter().filter(|(_, left)| *left < 0).map(|(what, _)| what).collect();
        let Some(node) = self.state.node(slot) else { return short };
        let on_node = self.state.allocations_on(slot).iter();
        let wanted = on_node.filter_map(|&it| self.state.allocation(it));
        let wanted = wanted.filter(|record| !record.is_to_leave());
        let misfits = misfits(node, wanted.filter_map(|record| record.holdings()));
        for (kind, what) in [
            (Misfit::is_port as fn(&Misfit) -> bool, "ports"),
            (|it| *it == Misfit::Bandwidth, "bandwidth"),
            (|it| *it == Misfit::Cores, "cores"),
            (|it| *it == Misfit::Devices, "devices"),
        ] {
            if misfits.iter().any(kind) {
                short.push(what);
            }
        }
        short
    }
}

#[cfg(test)]
mod tests {
    use super::Cluster;
    use crate::model::{Allocation, ClientStatus, Job, Node, NodeStatus};
    use crate::placement::options::PlaceOptions;
    use crate::time::Timestamp;

    fn node(id: &str) -> Node {
        Node::builder(id).cpu_shares(1_000).memory_mb(1_024).driver("docker").build().unwrap()
    }

    fn job() -> Job {
        let job = Job::builder("web")
            .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)));
        job.build().unwrap()
    }

    #[test]
    fn a_node_that_goes_down_changes_no_allocation() {
        let mut cluster = Cluster::new([node("n1"), node("n2")]).unwrap();
        let options = PlaceOptions::default();
        cluster.place(&job(), &options);
        let on_node: Vec<String> = {
            let mut ids: Vec<String> = cluster.allocations_on("n1").map(|it| it.id()).collect();
            ids.sort_unstable();
            ids
        };
        let unreachable = cluster.set_node_status("n1", NodeStatus::Down).unwrap();
        assert_eq!(unreachable, on_node);
        assert!(cluster.allocations_of("default", "web").all(|it| it.is_live()));
        assert_eq!(cluster.missing(&job()).len(), 0);
        cluster.mark_lost(&unreachable).unwrap();
        assert_eq!(cluster.missing(&job()).len(), unreachable.len());
        assert!(cluster.set_node_status("n1", NodeStatus::Ready).unwrap().is_empty());
        assert!(cluster.set_node_status("n3", NodeStatus::Ready).is_err());
        assert_eq!(cluster.check(), Ok(()));
    }

    #[test]
    fn a_node_that_is_taken_out_changes_no_allocation() {
        let mut cluster = Cluster::new([node("n1")]).unwrap();
        let options = PlaceOptions::default();
        cluster.place(&job(), &options);
        let documents = |cluster: &Cluster| {
            let mut documents: Vec<Allocation> = cluster.allocations().collect();
            documents.sort_by(|a, b| a.id.cmp(&b.id));
            documents
        };
        let before = (documents(&cluster), cluster.digest());
        let unreachable = cluster.remove_node("n1").unwrap();
        assert_eq!(unreachable.len(), 2);
        assert_eq!((documents(&cluster), cluster.digest()), before);
        assert_eq!(cluster.check(), Ok(()));
        // They count, and are on no node: not on another one of the same identity either.
        assert_eq!(cluster.missing(&job()).len(), 0);
        cluster.upsert_node(node("n1"));
        assert_eq!((documents(&cluster), cluster.digest()), before);
        assert!(cluster.view(&unreachable[0]).unwrap().node().is_none());
        assert_eq!(cluster.usage().map(|it| it.cpu_mhz().used).sum::<i64>(), 0);
        cluster.set_client_status(&unreachable[0], ClientStatus::Running).unwrap();
        assert_eq!(cluster.allocations_on("n1").count(), 0);
        cluster.mark_lost(&unreachable).unwrap();
        let gone = cluster.set_client_status(&unreachable[0], ClientStatus::Running).unwrap_err();
        assert!(gone.to_string().ends_with("was on node `n1`, which is gone"), "{gone}");
        assert_eq!(cluster.place(&job(), &options).len(), 2);
        assert_eq!(cluster.forget_ended(Timestamp::MAX), 2);
        assert_eq!(cluster.check(), Ok(()));
    }

    #[test]
    fn a_node_that_comes_back_smaller_says_what_of_it_is_too_little() {
        let shape = |memory_mb: i64, cores: u16, ip: &str| {
            let node = Node::builder("n1").cpu_shares(4_000).memory_mb(memory_mb).cores(cores);
            node.driver("docker").no_network().address("default", ip).build().unwrap()
        };
        let whole = || shape(1_000, 4, "10.0.0.1");
        let job = r#"{"ID": "web", "TaskGroups": [{"Name": "front", "Count": 2, "Networks": [
            {"Mode": "host", "DynamicPorts": [{"Label": "http"}]}], "Tasks": [{"Name": "t",
            "Driver": "docker", "Resources": {"Cores": 1, "MemoryMB": 400}}]}]}"#;
        let job = Job::from_json(job).unwrap();
        let mut cluster = Cluster::new([whole()]).unwrap();
        let placement = cluster.place(&job, &PlaceOptions::default());
        assert_eq!(placement.len(), 2, "{:?}", placement.failed());
        let mut short = |node: Node| cluster.upsert_node(node).overcommitted().to_vec();
        assert_eq!(short(whole()), [""; 0]);
        assert_eq!(short(shape(700, 4, "10.0.0.1")), ["memory"]);
        assert_eq!(short(shape(1_000, 1, "10.0.0.1")), ["cores"]);
        assert_eq!(short(shape(1_000, 4, "10.0.0.2")), ["ports"]);
        // What was told to stop is not wanted.
        let id = cluster.allocations_on("n1").next().unwrap().id();
        cluster.stop_allocation(&id).unwrap();
        let change = cluster.upsert_node(shape(500, 4, "10.0.0.1"));
        assert_eq!(change.overcommitted(), [""; 0]);
    }

    #[test]
    fn a_node_that_comes_again_is_still_checked() {
        let mut cluster = Cluster::new([node("n1")]).unwrap();
        cluster.place(&job(), &PlaceOptions::default());
        cluster.upsert_node(node("n1"));
        assert!(cluster.dump().contains("on it ([AllocationSlot(0), AllocationSlot(1)], false"));
    }

    #[test]
    fn what_ended_before_an_instant_is_forgotten() {
        let mut cluster = Cluster::new([node("n1")]).unwrap();
        let placement = cluster.place(&job(), &PlaceOptions::default());
        let ids: Vec<String> = placement.allocations().map(|it| it.id()).collect();
        cluster.advance_to(Timestamp::from_secs(5)).unwrap();
        cluster.set_client_status(&ids[0], ClientStatus::Failed).unwrap();
        assert_eq!(cluster.forget_ended(Timestamp::from_secs(5)), 0);
        assert_eq!(cluster.forget_ended(Timestamp::from_secs(6)), 1);
        assert_eq!((cluster.allocation(&ids[0]), cluster.allocation_count()), (None, 1));
        assert_eq!(cluster.forget_ended(Timestamp::MAX), 0);
        assert_eq!(cluster.check(), Ok(()));
    }
}
