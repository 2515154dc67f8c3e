//! Job anti-affinity and the reschedule penalty: away from nodes that have the same group already, and
//! from those where it failed (docs/placement.md, section 3.5).

/// The score of a node with `collisions` allocations of the same job and group, of `count` wanted in
/// all; `None` without collisions.
pub(crate) fn job_anti_affinity(collisions: u32, count: u32) -> Option<f64> {
    (collisions > 0).then(|| -f64::from(collisions.saturating_add(1)) / f64::from(count.max(1)))
}

/// The score of a node that the replaced allocation failed on.
pub(crate) const RESCHEDULE_PENALTY: f64 = -1.0;

#[cfg(test)]
mod tests {
    use super::job_anti_affinity;

    #[test]
    fn row_11_two_of_four() {
        assert_eq!(job_anti_affinity(2, 4), Some(-0.75));
        assert_eq!(job_anti_affinity(0, 4), None);
    }
}
