//! Clusters and what they answer for `{:?}`: how much there is, not all of it.

use std::fmt;

use super::Cluster;
use super::inventory::Inventory;
use super::placement::Placement;

/// How many nodes, jobs and allocations there are, the present instant and the seed's digest.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("nodes", &self.nodes().count())
            .field("allocations", &self.allocation_count())
            .field("digest", &format_args!("{:#018x}", self.digest()))
            .finish_non_exhaustive()
    }
}

/// How many nodes, allocations and volumes there are.
impl fmt::Debug for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inventory")
            .field("nodes", &self.nodes().len())
            .field("allocations", &self.allocations().len())
            .field("volumes", &self.volumes().len())
            .finish_non_exhaustive()
    }
}

/// How many allocations were placed, and what was not.
impl fmt::Debug for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed: Vec<String> = self.failed().iter().map(ToString::to_string).collect();
        f.debug_struct("Placement")
            .field("placed", &self.len())
            .field("failed", &failed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Job, Node};
    use crate::placement::options::PlaceOptions;

    #[test]
    fn what_is_big_has_a_short_form() {
        let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build();
        let job = Job::builder("web")
            .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)));
        let inventory = Inventory::new([node.unwrap()]).unwrap();
        assert_eq!(
            format!("{inventory:?}"),
            "Inventory { nodes: 1, allocations: 0, volumes: 0, .. }"
        );
        let mut cluster = Cluster::from_inventory(&inventory, 0);
        let placement = cluster.place(&job.build().unwrap(), &PlaceOptions::default());
        let texts = [format!("{cluster:?}"), format!("{placement:?}")];
        assert!(texts[0].starts_with("Cluster { nodes: 1, allocations: "), "{}", texts[0]);
        assert!(
            texts[1].starts_with("Placement { placed: 2, failed: [\"web.front: "),
            "{}",
            texts[1]
        );
        let explanation = cluster.explain(&job_of(), "front", &PlaceOptions::default()).unwrap();
        for text in texts.into_iter().chain([format!("{explanation:?}")]) {
            assert!(text.len() < 500, "{text}");
        }
    }

    fn job_of() -> Job {
        let job = Job::builder("web")
            .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)));
        job.build().unwrap()
    }
}
