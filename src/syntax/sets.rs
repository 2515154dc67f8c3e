//! Sets as text: items between commas (docs/placement.md, section 2.5, `set_contains`).

/// The items of a comma-separated text, in order, without the spaces around them. An empty text has
/// one item, the empty one.
pub(crate) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

/// Whether every item of `wanted` is an item of `set`.
pub(crate) fn contains_all(set: &str, wanted: &str) -> bool {
    if !wanted.contains(',') {
        // One item is the usual case, and it needs no sorted list.
        return items(set).any(|item| item == wanted.trim());
    }
    let set = sorted(set);
    items(wanted).all(|item| set.binary_search(&item).is_ok())
}

/// Whether at least one item of `wanted` is an item of `set`.
pub(crate) fn contains_any(set: &str, wanted: &str) -> bool {
    if !set.contains(',') {
        let set = set.trim();
        // What is shorter cannot be the same, with or without spaces around it.
        let may_be = |item: &&str| item.len() >= set.len();
        return wanted.split(',').filter(may_be).any(|item| item.trim() == set);
    }
    let wanted = sorted(wanted);
    items(set).any(|item| wanted.binary_search(&item).is_ok())
}

/// The items sorted, so that long sets cost no more than sorting them.
fn sorted(text: &str) -> Vec<&str> {
    let mut items: Vec<&str> = items(text).collect();
    items.sort_unstable();
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wants_every_item() {
        assert!(contains_all("foo,bar,baz", "foo,  bar  "));
        assert!(contains_all(" foo ,bar", "foo"));
        assert!(!contains_all("foo,bar,baz", "foo,bam"));
        assert!(!contains_all("foo", "fo"));
        assert!(!contains_all("foo", ""));
        assert!(contains_all("", ""));
        assert!(contains_all("foo,", ""));
        assert!(!contains_all("foo", "foo,"));
    }

    #[test]
    fn any_wants_one_item() {
        assert!(contains_any("foo,bar,baz", "foo,bam"));
        assert!(contains_any("foo", " bam , foo "));
        assert!(contains_any("a,b", "b"));
        assert!(!contains_any("a,b", "c,d"));
        assert!(!contains_any("a,b", ""));
    }

    #[test]
    fn long_sets_are_no_trouble() {
        let long: String = (0..100_000).map(|i| format!("{i},")).collect();
        assert!(contains_all(&long, &long));
        assert!(!contains_any(&long, "x,y"));
        assert!(!contains_all(&long, "1,2,x"));
    }
}
