//! Running a property over many worlds, the same ones every time.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

use stowplan::testing::{Recipe, World, recipes};

/// How many worlds a property is tried on, unless `PROPTEST_CASES` says otherwise; `.ci/run` tries 2,000.
pub const CASES: u32 = 100;

/// Whether a property holds of one world.
pub type Outcome = Result<(), TestCaseError>;

/// Tries a property on the worlds of many recipes.
pub fn check(property: impl Fn(World) -> Outcome) {
    check_with(|recipe| recipe, property);
}

/// The same, with every recipe changed to what the property is about.
pub fn check_with(change: impl Fn(Recipe) -> Recipe, property: impl Fn(World) -> Outcome) {
    let result = runner().run(&recipes(), |recipe| property(World::new(change(recipe))));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, recipe)) => {
            panic!("{reason}\nin the world {:?}", World::new(change(recipe)));
        }
        Err(error) => panic!("{error}"),
    }
}

/// Tries a property on many seeds.
pub fn check_seeds(property: impl Fn(u64) -> Outcome) {
    match runner().run(&any::<u64>().no_shrink(), property) {
        Ok(()) => {}
        Err(TestError::Fail(reason, seed)) => panic!("{reason}\nof the seed {seed}"),
        Err(error) => panic!("{error}"),
    }
}

fn runner() -> TestRunner {
    let from_environment = Config::default();
    let is_set = std::env::var_os("PROPTEST_CASES").is_some();
    let config = Config {
        cases: if is_set { from_environment.cases } else { CASES },
        failure_persistence: None,
        rng_seed: match from_environment.rng_seed {
            RngSeed::Random => RngSeed::Fixed(0x5702_91a4),
            fixed => fixed,
        },
        max_global_rejects: 1 << 20,
        ..from_environment
    };
    TestRunner::new(config)
}
