//! One look at a whole cluster: does everything agree with everything?

use thiserror::Error;

use super::Cluster;
use crate::state::check::{BrokenInvariant, Report};

/// Everything that is wrong with a cluster: a fault of this crate, whatever was asked of it.
///
/// ```
/// use stowplan::{BrokenCluster, Cluster};
///
/// fn report(checked: Result<(), BrokenCluster>) -> String {
///     checked.map_or_else(|error| error.to_string(), |()| "all is well".into())
/// }
/// assert_eq!(report(Cluster::default().check()), "all is well");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", lines(.broken))]
pub struct BrokenCluster {
    broken: Vec<BrokenInvariant>,
}

impl BrokenCluster {
    /// Everything that was found; there is at least one thing.
    pub fn broken(&self) -> &[BrokenInvariant] {
        &self.broken
    }
}

fn lines(broken: &[BrokenInvariant]) -> String {
    let lines: Vec<String> = broken.iter().map(BrokenInvariant::to_string).collect();
    lines.join("\n")
}

impl Cluster {
    /// Checks everything about the cluster that should hold at all times: that its indexes and lists
    /// agree, that what is in use is the sum of the allocations, that nothing is overcommitted that
    /// was seen to fit, and that whatever is kept for speed is what would be made anew.
    ///
    /// It takes time proportional to all of that, and changes nothing. It is meant for tests: call it
    /// after every step of yours.
    ///
    /// What an inventory brought, or what runs after all, may take more than its node has; such nodes
    /// are not said to be overcommitted until they are empty again.
    ///
    /// ```
    /// # use stowplan::{Cluster, PlaceOptions, model::Job};
    /// let mut cluster = Cluster::default();
    /// let job = r#"{"ID": "web", "TaskGroups": [{"Name": "front",
    ///     "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#;
    /// cluster.place(&Job::from_json(job)?, &PlaceOptions::default());
    /// cluster.check()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Something does not hold. Please report it.
    pub fn check(&self) -> Result<(), BrokenCluster> {
        let mut report = Report::default();
        self.state.check(&mut report);
        self.caches.check(&self.state, &mut report);
        match report.0.is_empty() {
            true => Ok(()),
            false => Err(BrokenCluster { broken: report.0 }),
        }
    }

    /// Everything that is known as text, for tests that compare what was before with what is after.
    #[doc(hidden)]
    pub fn dump(&self) -> String {
        self.state.dump()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Cluster;
    use crate::model::{Job, Node};
    use crate::placement::options::PlaceOptions;
    use crate::state::slots::NodeSlot;
    use crate::state::usage::Amounts;

    /// Two nodes, and a job of two on them.
    fn cluster() -> Cluster {
        let node = |id: &str| {
            let text = format!(
                r#"{{"ID": "{id}", "Datacenter": "dc1", "Attributes": {{"driver.docker": "1"}},
                "NodeResources": {{"Cpu": {{"CpuShares": 1000}}, "Memory": {{"MemoryMB": 1000}},
                                  "Disk": {{"DiskMB": 10000}}}}}}"#
            );
            Node::from_json(&text).unwrap()
        };
        let job = r#"{"ID": "web", "TaskGroups": [{"Name": "front", "Count": 2,
            "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#;
        let mut cluster = Cluster::new([node("n1"), node("n2")]).unwrap();
        let placement = cluster.place(&Job::from_json(job).unwrap(), &PlaceOptions::default());
        assert_eq!(placement.len(), 2);
        cluster
    }

    #[test]
    fn a_cluster_is_sound_until_something_is_broken() {
        let sound = cluster();
        assert_eq!(sound.check(), Ok(()));

        let mut room = sound.fork();
        let amounts = Amounts { cpu_mhz: 5, ..Amounts::default() };
        room.state_mut().take_room(NodeSlot(0), amounts, None, false);
        let broken = room.check().unwrap_err();
        assert!(broken.broken().iter().any(|it| it.what == "what is free"), "{broken}");
        assert_eq!(broken.to_string().lines().count(), broken.broken().len());

        // What changed without a word in the journal is not found out by what is kept.
        let mut unseen = sound.fork();
        let node = sound.node("n1").unwrap().clone();
        let mut spec = node.spec().clone();
        spec.datacenter = "dc2".into();
        unseen.upsert_node(Node::new(spec).unwrap());
        assert_eq!(unseen.check(), Ok(()));
        unseen.state_mut().facts_journal = sound.state.facts_journal.clone();
        let broken = unseen.check().unwrap_err();
        assert!(broken.broken().iter().any(|it| it.what == "the counts"), "{broken}");
        assert!(!broken.broken().iter().any(|it| it.place.starts_with("job")), "{broken}");

        // A fork that was not touched is as sound as before.
        assert_eq!(sound.check(), Ok(()));
        assert!(Arc::ptr_eq(&sound.state, &sound.fork().state));
    }
}
