//! Recipes for proptest.

use proptest::prelude::*;

use super::recipe::{Feature, Recipe};

/// Recipes, which shrink to fewer nodes, jobs and features.
pub fn recipes() -> impl Strategy<Value = Recipe> {
    let all = (1u32 << Feature::COUNT) - 1;
    let features = prop_oneof![9 => 0..=all, 1 => Just(all)];
    (any::<u64>(), 0usize..18, 1usize..4, 1usize..4, features).prop_map(
        |(seed, nodes, jobs, groups, features)| Recipe { seed, nodes, jobs, groups, features },
    )
}
