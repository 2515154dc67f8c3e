//! Recipes for proptest.

use proptest::prelude::*;

use super::recipe::{Feature, Recipe};
use super::steps::Step;
use crate::engine::{Engine, EngineOptions};
use crate::time::Timestamp;

/// Recipes, which shrink to fewer nodes, jobs and features.
pub fn recipes() -> impl Strategy<Value = Recipe> {
    let all = (1u32 << Feature::COUNT) - 1;
    let features = prop_oneof![9 => 0..=all, 1 => Just(all)];
    (any::<u64>(), 0usize..18, 1usize..4, 1usize..4, features).prop_map(
        |(seed, nodes, jobs, groups, features)| Recipe { seed, nodes, jobs, groups, features },
    )
}

/// Steps of an engine's life, up to so many, which shrink to fewer and simpler ones: whatever is left of them
/// can be told to any engine ([`Step::command`]).
pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let numbers = (any::<u8>(), any::<u8>(), any::<[u8; 3]>(), any::<u16>());
    let step = numbers.prop_map(|(kind, who, how, wait)| Step::of_numbers(kind, who, how, wait));
    prop::collection::vec(step, 0..=most)
}

/// Engines with a life behind them, of up to so many steps, with nothing left to be done at their present
/// instant. They shrink to engines that lived through less. [`Engine::check`] has an example.
pub fn engines(most: usize) -> impl Strategy<Value = Engine> {
    steps(most).prop_map(|steps| {
        let mut engine = Engine::new(EngineOptions::default());
        let mut now = Timestamp::from_secs(1_000);
        for step in steps {
            now = now.checked_add(step.wait).unwrap_or(now);
            let command = step.command(&engine);
            // What makes no sense to this engine is refused, and changes nothing.
            let _ = engine.apply(now, command);
            engine.advance(now).unwrap();
        }
        engine
    })
}
