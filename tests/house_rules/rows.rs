//! Every row of the tables of numbers (docs/placement.md, section 9) and every trap (section 10 there)
//! is named by a test: a row by the name of a unit test in `src` (`fn row_41_typed_attributes`,
//! `fn rows_1_to_4_full_empty_half`), a row or a trap by the heading of a scenario (`== Row 42: ...`,
//! `== Row 19 to row 21: ...`, `== Trap 13: ...`).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::source::files;

/// The rows of the tables.
const ROWS: RangeInclusive<u32> = 1..=73;

/// The traps, but for those that no placement can show.
const TRAPS: RangeInclusive<u32> = 1..=23;
const TRAPS_ELSEWHERE: [(u32, &str); 2] = [
    (8, "in-place updates are the reconciler's: a placement never has an allocation twice"),
    (9, "so are destructive updates, whose stops are in a plan before anything is selected"),
];

#[test]
fn every_row_is_named_by_a_test() {
    let mut named = BTreeSet::new();
    for file in files("src", "rs") {
        for name in file.text.lines().filter_map(|line| line.trim().strip_prefix("fn row")) {
            named.extend(numbers(&name.replacen('s', "", 1).replace('_', " ")));
        }
    }
    for heading in headings() {
        named.extend(after("row ", &heading));
    }
    let missing: Vec<u32> = ROWS.filter(|row| !named.contains(row)).collect();
    assert!(missing.is_empty(), "no test names the rows {missing:?}");
}

#[test]
fn every_trap_is_named_by_a_scenario() {
    let mut named = BTreeSet::new();
    for heading in headings() {
        named.extend(after("trap ", &heading));
    }
    let elsewhere = TRAPS_ELSEWHERE.map(|(trap, _)| trap);
    let missing: Vec<u32> =
        TRAPS.filter(|trap| !named.contains(trap) && !elsewhere.contains(trap)).collect();
    assert!(missing.is_empty(), "no scenario names the traps {missing:?}");
}

#[test]
fn names_are_read() {
    let rows = |text: &str| numbers(&text.replacen('s', "", 1).replace('_', " "));
    assert_eq!(rows("_41_typed_attributes() {"), [41]);
    assert_eq!(rows("s_1_to_4_full"), [1, 2, 3, 4]);
    assert_eq!(rows("s_25_and_26_values"), [25, 26]);
    assert_eq!(after("row ", "row 19 to row 21: poor options"), [19, 20, 21]);
    assert_eq!(after("row ", "row 9 and row 10 are of the first release"), [9, 10]);
    assert_eq!(after("row ", "row 72 for two tasks"), [72]);
    assert_eq!(after("trap ", "row 30 and trap 21: numbers"), [21]);
}

/// The headings of all scenarios, in lower case.
fn headings() -> Vec<String> {
    let mut headings = Vec::new();
    for file in files("tests/scenarios", "txt") {
        let lines = file.text.lines();
        headings.extend(lines.filter_map(|line| Some(line.strip_prefix("== ")?.to_lowercase())));
    }
    headings
}

/// The numbers that follow a word, ranges included.
fn after(word: &str, heading: &str) -> Vec<u32> {
    match heading.split_once(word) {
        Some((_, rest)) => numbers(&rest.replace(word, "")),
        None => Vec::new(),
    }
}

/// The numbers that a text begins with: `1 to 4`, `25 and 26`, `41`.
fn numbers(text: &str) -> Vec<u32> {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let Some(Ok(first)) = words.next().map(str::parse::<u32>) else { return Vec::new() };
    let (joint, second) = (words.next(), words.next().and_then(|word| word.parse().ok()));
    match (joint, second) {
        (Some("to"), Some(last)) => (first..=last).collect(),
        (Some("and"), Some(second)) => vec![first, second],
        _ => vec![first],
    }
}
