//! Query parameters (docs/lifecycle.md, section 10): what a request says after the `?`.

use std::time::Duration;

use super::filter::Filter;
use super::refusal::Refusal;
use super::text::{decoded, excerpt, quoted};
use crate::time::Span;

/// How long a blocking query waits at most, and where it does not say.
const WAIT_MAX: Duration = Duration::from_secs(5 * 60);

/// The parameters of a request. Of those that occur twice the first counts.
#[derive(Debug, Default)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

/// What a blocking query waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wait {
    /// The reply's index is to be above this; 0 does not wait.
    pub(super) index: u64,
    pub(super) at_most: Duration,
}

impl Query {
    /// Reads what stands after the `?`. Pairs with escapes that are none are left out.
    pub(super) fn new(raw: &str) -> Query {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(&key.replace('+', " "))?, decoded(&value.replace('+', " "))?))
        });
        Query { pairs: pairs.collect() }
    }

    /// The same with one more parameter.
    pub(super) fn with(&self, key: &str, value: String) -> Query {
        let mut pairs = self.pairs.clone();
        pairs.push((key.to_owned(), value));
        Query { pairs }
    }

    /// The value of a parameter; empty where it has none.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter that may be there several times.
    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter; empty where it is not there.
    pub(super) fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// A parameter that says yes or no: no where it is not there.
    pub(super) fn is(&self, key: &str) -> Result<bool, Refusal> {
        match self.text(key) {
            "" => Ok(false),
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            text => Err(Refusal::failed(format!(
                "Failed to parse value of {} ({}) as a bool: strconv.ParseBool: parsing {}: invalid syntax",
                quoted(key),
                excerpt(text),
                quoted(text),
            ))),
        }
    }

    /// Refuses a `stale` that is neither empty nor yes or no. What it says changes nothing: every read here is of
    /// the latest state.
    fn check_stale(&self) -> Result<(), Refusal> {
        self.is("stale").map(drop).map_err(|refusal| Refusal::bad(refusal.text().to_owned()))
    }

    /// The namespace of one thing.
    pub(super) fn namespace(&self) -> &str {
        match self.text("namespace") {
            "" => "default",
            namespace => namespace,
        }
    }

    /// Whether things of a namespace are to be listed; `*` lists those of all.
    pub(super) fn lists_namespace(&self, namespace: &str) -> bool {
        let wanted = self.namespace();
        wanted == "*" || wanted == namespace
    }

    /// Whether the reply is to be indented.
    pub(super) fn is_pretty(&self) -> bool {
        self.get("pretty").is_some_and(|value| value != "0")
    }

    /// Which things of a list are wanted; none where all are.
    pub(super) fn filter(&self) -> Result<Option<Filter>, Refusal> {
        let text = Some(self.text("filter")).filter(|text| !text.trim().is_empty());
        text.map(Filter::read).transpose()
    }

    /// How many things a page has; none where all are wanted.
    pub(super) fn per_page(&self) -> Option<usize> {
        self.text("per_page").parse().ok().filter(|number| *number > 0)
    }

    /// What a read waits for, once what it says of how it reads was looked at.
    pub(super) fn wait(&self) -> Result<Wait, Refusal> {
        self.check_stale()?;
        let at_most = match self.text("wait") {
            "" => Span::ZERO,
            text => text.parse().map_err(|_| Refusal::bad("Invalid wait time"))?,
        };
        let index = match self.text("index") {
            "" => 0,
            text if text.starts_with('+') => return Err(Refusal::bad("Invalid index")),
            text => text.parse().map_err(|_| Refusal::bad("Invalid index"))?,
        };
        let nanos = u64::try_from(at_most.as_nanos()).unwrap_or(0);
        let at_most = if nanos == 0 { WAIT_MAX } else { Duration::from_nanos(nanos).min(WAIT_MAX) };
        Ok(Wait { index, at_most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_they_are_written() {
        let query = Query::new("prefix=a%2Fb+c&stale&prefix=other&bad=%zz&pretty=0&namespace=");
        assert_eq!(query.get("prefix"), Some("a/b c"));
        assert_eq!((query.get("stale"), query.get("bad"), query.text("bad")), (Some(""), None, ""));
        assert!(!query.is_pretty() && Query::new("pretty").is_pretty());
        assert_eq!(query.namespace(), "default");
        assert!(Query::new("namespace=*").lists_namespace("ops") && !query.lists_namespace("ops"));
    }

    #[test]
    fn a_wait_is_bounded_and_its_mistakes_have_names() {
        let wait = |raw| Query::new(raw).wait().map_err(|refusal| refusal.text().to_owned());
        assert_eq!(wait("index=7"), Ok(Wait { index: 7, at_most: WAIT_MAX }));
        assert_eq!(wait("index=7&wait=10m"), Ok(Wait { index: 7, at_most: WAIT_MAX }));
        let second = Duration::from_secs(1);
        assert_eq!(wait("index=7&wait=1s"), Ok(Wait { index: 7, at_most: second }));
        assert_eq!(wait("wait=-3s"), Ok(Wait { index: 0, at_most: WAIT_MAX }));
        assert_eq!(wait("index=-1"), Err("Invalid index".to_owned()));
        assert_eq!(wait("index=abc"), Err("Invalid index".to_owned()));
        assert_eq!(wait("index=%2B1"), Err("Invalid index".to_owned()));
        assert_eq!(wait("wait=abc"), Err("Invalid wait time".to_owned()));
    }

    #[test]
    fn what_is_neither_yes_nor_no_is_refused_in_the_original_words() {
        let query = Query::new("purge=maybe&all=true&none=");
        let text = "Failed to parse value of \"purge\" (maybe) as a bool: strconv.ParseBool: parsing \"maybe\": invalid syntax";
        assert_eq!(query.is("purge").unwrap_err().text(), text);
        assert!(query.is("all").unwrap() && !query.is("none").unwrap() && !query.is("x").unwrap());
        let long = format!("purge={}", "x".repeat(10_000));
        assert!(Query::new(&long).is("purge").unwrap_err().text().len() < 600);
    }
}
