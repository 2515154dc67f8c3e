//! Saved states: an engine that is read from one goes on as the engine that was saved, and what is no saved
//! state is refused.

use proptest::prelude::*;
use stowplan::Timestamp;
use stowplan::engine::{Engine, EngineOptions, LoadError, RegisterJob, RegisterNode};
use stowplan::testing::{Kind, Random, Step, steps};

use crate::world::{node, service};

fn bytes_of(engine: &Engine) -> Vec<u8> {
    engine.snapshot().save().flatten().collect()
}

/// What can be seen of an engine.
fn seen(engine: &Engine) -> String {
    let events = serde_json::to_string(&engine.events(0)).unwrap();
    let counts = (engine.commands(), engine.forgotten_events(), engine.next_deadline());
    format!("{events}\n{counts:?}\n{:?}\n{}", engine.stats(), engine.dump())
}

/// Tells two engines the same, and sees that it comes to the same.
fn tell_both(engines: &mut [Engine; 2], now: Timestamp, step: &Step) {
    let [first, second] = engines;
    let command = step.command(first);
    let answers = [first.apply(now, command.clone()), second.apply(now, command)];
    assert_eq!(answers[0], answers[1]);
    assert_eq!(first.events(0), second.events(0));
}

proptest! {
    #[test]
    fn a_loaded_engine_goes_on_as_the_saved_one(
        steps in steps(80),
        cut in 0..80usize,
        history in prop_oneof![Just(0usize), Just(20), Just(10_000)],
    ) {
        let options = EngineOptions { history, seed: 7, ..EngineOptions::default() };
        let mut engine = Engine::new(options);
        let mut now = Timestamp::from_secs(1_000);
        let cut = cut.min(steps.len());
        for step in &steps[..cut] {
            let command = step.command(&engine);
            let _ = engine.apply(now, command);
            now = now + step.wait;
        }
        let bytes = bytes_of(&engine);
        let loaded = Engine::load(&bytes).unwrap();
        prop_assert_eq!(seen(&loaded), seen(&engine));
        prop_assert!(loaded.check().is_ok(), "{:?}", loaded.check());
        prop_assert!(bytes_of(&loaded) == bytes, "the same engine is the same file");
        let mut both = [engine, loaded];
        for step in &steps[cut..] {
            tell_both(&mut both, now, step);
            now = now + step.wait;
        }
        for engine in &mut both {
            engine.advance(now + stowplan::Span::from_secs(100_000)).unwrap();
        }
        prop_assert_eq!(seen(&both[1]), seen(&both[0]));
        prop_assert!(both[1].check().is_ok());
        prop_assert!(bytes_of(&both[1]) == bytes_of(&both[0]), "files differ");
    }
}

proptest! {
    #[test]
    fn the_same_commands_are_the_same_bytes_however_often_time_passes_between(
        steps in steps(60),
        looks in prop::collection::vec(0..4i64, 60),
    ) {
        let options = || EngineOptions { history: 100_000, ..EngineOptions::default() };
        let (mut plain, mut watched) = (Engine::new(options()), Engine::new(options()));
        let mut now = Timestamp::from_secs(1_000);
        // One command is applied before time moves.
        let timed = steps.iter().filter(|step| step.kind != Kind::Resume);
        for (step, looks) in timed.zip(looks) {
            // The commands come of what the plain one has before it is told.
            let command = step.command(&plain);
            for part in 1..=looks {
                let wait = stowplan::Span::from_nanos(step.wait.as_nanos() / 4 * part);
                watched.advance(watched.now().max(now + wait)).unwrap();
            }
            now = now + step.wait;
            let answers = [plain.apply(now, command.clone()), watched.apply(now, command)];
            prop_assert_eq!(&answers[0], &answers[1]);
        }
        // Where periodic jobs are launched, that is every minute of it.
        let rest = if cfg!(feature = "cron") { 200_000 } else { 1_000_000 };
        for engine in [&mut plain, &mut watched] {
            engine.advance(now + stowplan::Span::from_secs(rest)).unwrap();
        }
        prop_assert!(seen(&plain) == seen(&watched));
        prop_assert!(bytes_of(&plain) == bytes_of(&watched), "files differ");
    }
}

/// An engine with some of everything that the steps make.
fn grown(seed: u64, steps: usize) -> Engine {
    let mut engine = Engine::new(EngineOptions { history: 100, ..EngineOptions::default() });
    let mut now = Timestamp::from_secs(1_000);
    for step in Step::sequence(seed, steps) {
        let command = step.command(&engine);
        let _ = engine.apply(now, command);
        now = now + stowplan::Span::from_secs(20);
    }
    engine
}

#[test]
fn a_file_that_ends_early_is_torn_wherever_it_ends() {
    let bytes = bytes_of(&grown(1, 30));
    let ends = (1..60).chain((60..bytes.len()).step_by(bytes.len() / 150)).chain([bytes.len() - 1]);
    for length in ends {
        let error = Engine::load(&bytes[..length]).unwrap_err();
        let LoadError::Torn { at, .. } = error else { panic!("{length}: {error}") };
        assert_eq!(at, length as u64);
    }
    let mut longer = bytes.clone();
    longer.push(0);
    let at = bytes.len() as u64;
    assert_eq!(Engine::load(&longer).err(), Some(LoadError::Longer { at, more: 1 }));
    let error = Engine::load(&bytes[..100]).unwrap_err().to_string();
    assert!(error.contains("ends at byte 100") && error.contains("take an earlier one"), "{error}");
}

#[test]
fn a_byte_that_is_not_what_was_written_is_noticed() {
    let bytes = bytes_of(&grown(2, 30));
    for at in (0..60).chain((60..bytes.len()).step_by(bytes.len() / 150)) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(Engine::load(&damaged).is_err(), "{at}");
    }
}

#[test]
fn what_is_no_saved_state_is_refused_with_the_reason() {
    for foreign in [&b""[..], b"{}", b"PK\x03\x04", b"stowplan\n"] {
        assert_eq!(Engine::load(foreign).unwrap_err(), LoadError::Foreign, "{foreign:?}");
    }
    let mut newer = bytes_of(&Engine::new(EngineOptions::default()));
    newer[12..16].copy_from_slice(&77u32.to_le_bytes());
    let error = Engine::load(&newer).unwrap_err();
    assert_eq!(error, LoadError::Newer { found: 77, known: 1 });
    assert!(error.to_string().contains("read it with the version that wrote it"), "{error}");
}

/// Bytes that were changed on purpose, so that their checksums are right, are read or refused, and no more.
#[test]
fn bytes_from_anywhere_do_no_harm() {
    let files: Vec<Vec<u8>> = (0..3).map(|seed| bytes_of(&grown(seed, 60))).collect();
    let mut random = Random::from_state(7);
    let (mut read, mut refused) = (0, 0);
    for round in 0..200 {
        let mut bytes = files[round % files.len()].clone();
        for _ in 0..1 + random.next() % 3 {
            let at = random.next() as usize % bytes.len();
            match random.next() % 4 {
                0 => bytes[at] = random.next() as u8,
                1 => bytes[at] ^= 1 << (random.next() % 8),
                2 => bytes[at] = 0xff,
                _ => bytes[at] = bytes[at].wrapping_add(1),
            }
        }
        Engine::reseal(&mut bytes);
        match Engine::load(&bytes) {
            Ok(engine) => {
                read += 1;
                let _ = (engine.check(), engine.dump());
            }
            Err(_) => refused += 1,
        }
    }
    assert!(read > 5 && refused > 30, "{read} were read, {refused} refused");
}

#[test]
fn a_snapshot_is_saved_as_the_engine_was() {
    let mut engine = Engine::new(EngineOptions { history: 50, ..EngineOptions::default() });
    let mut at = 0;
    let mut tell = |engine: &mut Engine, command: stowplan::engine::Command| {
        at += 1;
        engine.apply(Timestamp::from_secs(at), command).unwrap();
    };
    tell(&mut engine, RegisterNode::from(node("n1").spec().clone()).into());
    let before = (engine.snapshot(), engine.dump());
    let job = service("web", 3).build().unwrap();
    tell(&mut engine, RegisterJob::from(job.spec().clone()).into());
    let chunks: Vec<Vec<u8>> = before.0.save().collect();
    assert!(chunks.len() > 2);
    let loaded = Engine::load(&chunks.concat()).unwrap();
    assert_eq!((loaded.dump(), loaded.commands()), (before.1, 1));
    assert_eq!((before.0.commands(), before.0.events(0)), (1, loaded.events(0)));
    assert_ne!(loaded.dump(), engine.dump());
}
