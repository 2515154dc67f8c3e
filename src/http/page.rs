//! Pages of lists: an order, a first thing, and how many (docs/lifecycle.md, section 10).

use super::query::Query;

/// Where a thing stands in its list: lists are in the order of these, and a page begins at one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token {
    /// What it was created at; 0 where lists are by identity alone.
    index: u64,
    id: String,
}

impl Token {
    /// The place of something that is listed by its identity.
    pub(super) fn of_id(id: impl Into<String>) -> Token {
        Token { index: 0, id: id.into() }
    }

    /// The place of something that is listed by when it was created.
    pub(super) fn created(index: u64, id: impl Into<String>) -> Token {
        Token { index, id: id.into() }
    }

    fn text(&self, has_index: bool) -> String {
        if has_index { format!("{}.{}", self.index, self.id) } else { self.id.clone() }
    }

    /// Reads a token of a request.
    fn read(text: &str, has_index: bool) -> Token {
        let created = || {
            let (index, id) = text.split_once('.')?;
            Some(Token::created(index.parse().ok()?, id))
        };
        has_index.then(created).flatten().unwrap_or_else(|| Token::of_id(text))
    }
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) things: Vec<T>,
    /// Where the next page begins; empty on the last one.
    pub(super) next: String,
}

impl<T> Page<T> {
    /// The same page of what is made of its things.
    pub(super) fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page { things: self.things.into_iter().map(make).collect(), next: self.next }
    }
}

/// The order of a list, unless the request asks for the opposite one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    ById,
    OldestFirst,
    NewestFirst,
}

/// Brings things into the order of a list, and takes out of it what the request asks for. With a prefix,
/// lists are by identity alone.
pub(super) fn page<T>(things: Vec<(Token, T)>, query: &Query, has_index: bool) -> Page<T> {
    page_in(things, query, if has_index { Order::OldestFirst } else { Order::ById })
}

/// The same in an order.
pub(super) fn page_in<T>(mut things: Vec<(Token, T)>, query: &Query, order: Order) -> Page<T> {
    let has_index = order != Order::ById;
    if !has_index {
        things.iter_mut().for_each(|(token, _)| token.index = 0);
    }
    things.sort_by(|(a, _), (b, _)| a.cmp(b));
    let is_reverse = query.is("reverse").unwrap_or(false) != (order == Order::NewestFirst);
    if is_reverse {
        things.reverse();
    }
    let first = query.text("next_token");
    let begin = if first.is_empty() {
        0
    } else {
        let first = Token::read(first, has_index);
        things
            .partition_point(|(token, _)| if is_reverse { *token > first } else { *token < first })
    };
    let end = match query.per_page() {
        Some(number) => begin.saturating_add(number).min(things.len()),
        None => things.len(),
    };
    let next = things.get(end).map(|(token, _)| token.text(has_index)).unwrap_or_default();
    let things = things.drain(begin..end).map(|(_, thing)| thing).collect();
    Page { things, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn things() -> Vec<(Token, u64)> {
        [(9, "a"), (3, "c"), (5, "b")].map(|(at, id)| (Token::created(at, id), at)).into()
    }

    fn paged(query: &str, has_index: bool) -> (Vec<u64>, String) {
        let page = page(things(), &Query::new(query), has_index);
        (page.things, page.next)
    }

    #[test]
    fn a_list_goes_page_by_page() {
        assert_eq!(paged("", true), (vec![3, 5, 9], String::new()));
        assert_eq!(paged("", false), (vec![9, 5, 3], String::new()));
        assert_eq!(paged("per_page=2", true), (vec![3, 5], "9.a".into()));
        assert_eq!(paged("per_page=2&next_token=9.a", true), (vec![9], String::new()));
        assert_eq!(paged("per_page=1&next_token=b", false), (vec![5], "c".into()));
        assert_eq!(paged("per_page=2&reverse=true", true), (vec![9, 5], "3.c".into()));
        assert_eq!(paged("reverse=true&next_token=5.b", true), (vec![5, 3], String::new()));
    }

    #[test]
    fn a_list_may_begin_with_what_is_newest() {
        let paged = |query: &str| page_in(things(), &Query::new(query), Order::NewestFirst);
        assert_eq!(paged("").things, [9, 5, 3]);
        assert_eq!(paged("reverse=true").things, [3, 5, 9]);
        let first = paged("per_page=1");
        assert_eq!((first.things, first.next.as_str()), (vec![9], "5.b"));
        assert_eq!(paged("next_token=5.b").things, [5, 3]);
    }

    #[test]
    fn odd_requests_get_a_list_too() {
        assert_eq!(paged("per_page=abc&reverse=maybe", true).0, [3, 5, 9]);
        assert_eq!(paged("next_token=zzz", false).0, Vec::<u64>::new());
        assert_eq!(paged("per_page=0", true).0.len(), 3);
    }
}
