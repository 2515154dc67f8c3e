//! Random sequences of commands: the invariants hold after each, an engine that is asked again does nothing
//! more, and another one that is told the same becomes the same.

use proptest::prelude::*;
use stowplan::Timestamp;
use stowplan::engine::{Command, Engine, EngineOptions};
use stowplan::testing::steps;

proptest! {
    #[test]
    fn any_commands_leave_an_engine_whole_and_can_be_replayed(steps in steps(80)) {
        let options = || EngineOptions { history: 10_000, ..EngineOptions::default() };
        let mut engine = Engine::new(options());
        let mut told: Vec<(Timestamp, Command)> = Vec::new();
        let mut now = Timestamp::from_secs(1_000);
        for step in &steps {
            now = now + step.wait;
            engine.advance(now).unwrap();
            let command = step.command(&engine);
            told.push((now, command.clone()));
            let before = engine.modify_index();
            let indexes = match engine.apply(now, command) {
                Ok(applied) => applied.index,
                Err(_) => engine.modify_index(),
            };
            prop_assert!(indexes >= before);
            prop_assert_eq!(engine.check(), Ok(()), "after {:?}", step);
            engine.advance(now).unwrap();
            prop_assert_eq!(engine.check(), Ok(()), "at rest after {:?}", step);
            prop_assert!(engine.next_deadline().is_none_or(|at| at > now));
            // Every index has at least one event.
            let events = engine.events(before);
            for index in before + 1..=engine.modify_index() {
                prop_assert!(events.iter().any(|it| it.index == index), "{} of {:?}", index, step);
            }
        }
        let mut again = Engine::new(EngineOptions::default());
        for (at, command) in told {
            // This one is applied before time moves.
            if matches!(command, Command::Resume(_)) {
                again.advance(at).unwrap();
            }
            let _ = again.apply(at, command);
        }
        again.advance(now).unwrap();
        engine.advance(now).unwrap();
        prop_assert!(engine.dump() == again.dump(), "a replay comes to something else");
    }
}
