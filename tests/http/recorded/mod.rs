//! What a real agent answered, request by request, beside what is answered here: the same status, the same
//! headers, every key with the same type of value, the same texts. `exchanges.json` is the recording, in the
//! order in which it was made; `table.txt` says of each exchange, by its name, that it is the same, or what
//! differs and why.

mod compare;
mod fleet;
mod names;
mod story;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use self::story::Story;

const EXCHANGES: &str = include_str!("exchanges.json");
const TABLE: &str = include_str!("table.txt");

/// What the table says of each exchange: what differs, empty where nothing does.
fn table() -> BTreeMap<&'static str, &'static str> {
    let mut table = BTreeMap::new();
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut parts = line.split(" | ");
        let (name, differs) = (parts.next().unwrap(), parts.next().unwrap());
        let is_same = differs == "same";
        let reason = parts.next().unwrap_or_default();
        assert_eq!(is_same, reason.is_empty(), "{name}: what differs has its reason");
        assert!(table.insert(name, if is_same { "" } else { differs }).is_none(), "{name}");
    }
    table
}

#[test]
fn every_recorded_exchange_is_answered_as_it_was_or_differs_by_name() {
    let exchanges: Vec<Value> = serde_json::from_str(EXCHANGES).unwrap();
    let mut table = table();
    let mut story = Story::begin(&exchanges);
    let mut wrong = String::new();
    for (at, exchange) in exchanges.iter().enumerate() {
        let name = exchange["name"].as_str().unwrap();
        let found = story.tell(exchange, exchanges.get(at + 1)).join("; ");
        match table.remove(name) {
            None => writeln!(wrong, "{name} is not in the table: {found}").unwrap(),
            Some(expected) if expected == found => {}
            Some(expected) => {
                writeln!(wrong, "{name}\n    found: {found}\n    table: {expected}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(table.is_empty(), "the table has what was not recorded: {table:?}");
}

/// The recording is the whole of what lies beside the package.
#[test]
#[ignore = "the recordings are no part of the repository: they are in ../shared/data/recorded"]
fn every_recorded_exchange_is_here() {
    let folder = crate::shared::folder("data/recorded/cluster-api");
    let exchanges: Vec<Value> = serde_json::from_str(EXCHANGES).unwrap();
    let names = exchanges.iter().map(|it| it["name"].as_str().unwrap().to_owned());
    let files = crate::shared::json_files(&folder).into_iter();
    let files = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    assert_eq!(names.collect::<Vec<_>>(), files.filter(|name| name != "index").collect::<Vec<_>>());
}
