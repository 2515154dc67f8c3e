//! Whether everything that is kept for speed, once it has caught up, is what would be made anew.

use std::sync::Arc;

use super::lru_cache::LruCache;
use super::{Caches, OF_ALL_NODES};
use crate::rank::frontier::Basis;
use crate::state::State;
use crate::state::check::Report;
use crate::state::fast_map::FastMap;

/// Values that have caught up, by their numbers.
type ByNumber<T> = FastMap<u64, Arc<T>>;

impl Caches {
    /// Checks copies that have caught up, and leaves what is kept as it is.
    pub(crate) fn check(&self, state: &State, report: &mut Report) {
        let masks = caught_up(&self.masks, |mask| mask.catch_up(state));
        let affinities = caught_up(&self.affinities, |column| column.catch_up(state));
        let columns = caught_up(&self.columns, |column| column.catch_up(state));
        masks.values().for_each(|mask| mask.check(state, report));
        affinities.values().for_each(|column| column.check(state, report));
        columns.values().for_each(|column| column.check(state, report));
        let mut partitions = FastMap::default();
        for (key, entry) in &self.lanes.by_key {
            let mut numbers = key.iter();
            // The mask or one of the columns may have been let go; then these lanes are not used again.
            let mask = match numbers.next() {
                Some(&OF_ALL_NODES) | None => None,
                Some(number) => match masks.get(number) {
                    Some(mask) => Some(&**mask),
                    None => continue,
                },
            };
            let of_lanes = numbers.map(|number| columns.get(number).cloned());
            let Some(of_lanes) = of_lanes.collect::<Option<Vec<_>>>() else { continue };
            let Some(mut lanes) = entry.value.as_deref().cloned() else { continue };
            lanes.catch_up(state, &of_lanes, mask);
            lanes.partition.check(state, &of_lanes, mask, report);
            partitions.insert(entry.number, lanes.partition);
        }
        for (key, entry) in &self.frontiers.by_key {
            let Some([mask, affinity, partition]) = key.first_chunk() else { continue };
            let (mask, column) = (masks.get(mask), affinities.get(affinity));
            let (Some(mask), Some(partition)) = (mask, partitions.get(partition)) else {
                continue;
            };
            if column.is_none() && *affinity != u64::MAX {
                continue;
            }
            let basis = Basis { state, mask, affinities: column.map(|column| &**column) };
            let Some(mut frontier) = entry.value.as_deref().cloned() else { continue };
            frontier.catch_up(basis, partition);
            frontier.check(basis, report);
        }
        let kept = self.frontiers.by_key.values().filter_map(|entry| entry.value.as_ref());
        let bytes = kept.map(|frontier| frontier.bytes()).sum();
        let place = || "the frontiers kept".to_owned();
        report.same(place, "how many bytes they take", bytes, self.frontier_bytes);
    }
}

fn caught_up<T: Clone>(cache: &LruCache<T>, catch_up: impl Fn(&mut T)) -> ByNumber<T> {
    let mut values = FastMap::default();
    for entry in cache.by_key.values() {
        let Some(mut value) = entry.value.as_deref().cloned() else { continue };
        catch_up(&mut value);
        values.insert(entry.number, Arc::new(value));
    }
    values
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Caches;
    use crate::model::{Job, Node};
    use crate::placement::options::PlaceOptions;
    use crate::placement::place;
    use crate::rank::frontier::partition::LeafId;
    use crate::state::State;
    use crate::state::check::Report;
    use crate::time::Timestamp;

    #[test]
    fn a_frontier_that_lost_a_node_is_found() {
        let (mut state, mut caches) = (State::new(0), Caches::default());
        let node = r#"{"ID": "n1", "Datacenter": "dc1", "Attributes": {"driver.docker": "1"},
            "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000},
                              "Disk": {"DiskMB": 10000}}}"#;
        let mut transaction = state.begin(Timestamp::EPOCH);
        transaction.upsert_node(Node::from_json(node).unwrap());
        let job = r#"{"ID": "web", "TaskGroups": [{"Name": "front",
            "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#;
        let job = Job::from_json(job).unwrap();
        place::place_missing(&mut transaction, &mut caches, &job, &PlaceOptions::default(), None);
        transaction.commit();

        let mut report = Report::default();
        caches.check(&state, &mut report);
        assert_eq!(report.0, []);

        let frontier = caches.frontiers.by_key.get_index_mut(0).unwrap().1;
        Arc::make_mut(frontier.value.as_mut().unwrap()).check_out(LeafId { shard: 0, leaf: 0 });
        caches.frontier_bytes += 1;
        caches.check(&state, &mut report);
        let found: Vec<&str> = report.0.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(found, ["the bits of its sum", "how many bytes they take"]);
    }
}
