//! Globs of datacenters, in which `*` is the only wildcard (docs/placement.md, section 2.1).

/// Whether `text` has the form of `pattern`, in which each `*` stands for any text, also an empty
/// one, and every other character for itself.
///
/// The parts between the stars are looked for from left to right and the first place found is taken.
/// That is never wrong, since a later place would only leave less text for the parts that follow, so
/// there is nothing to go back to and hostile patterns cost no more than others.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut between) = text.strip_prefix(head).and_then(|text| text.strip_suffix(tail)) else {
        return false;
    };
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match between.split_once(part) {
            Some((_, after)) => between = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        let yes = [
            ("dc1", "dc1"),
            ("*", ""),
            ("*", "anything"),
            ("**", "x"),
            ("dc*", "dc"),
            ("dc*", "dc10"),
            ("*-eu", "dc1-eu"),
            ("dc*eu", "dc-1-eu"),
            ("a*b*c", "abc"),
            ("a*b*c", "a-b-b-c"),
            ("*b*b*", "bb"),
            ("ab*ba", "abba"),
            ("", ""),
            ("é*ü", "éxü"),
        ];
        for (pattern, text) in yes {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn every_other_character_stands_for_itself() {
        let no = [
            ("dc1", "dc10"),
            ("dc?", "dc1"),
            ("dc[12]", "dc1"),
            ("DC*", "dc1"),
            ("ab*ba", "aba"),
            ("*b*b*", "b"),
            ("a*b*c", "acb"),
            ("", "x"),
            ("a*", ""),
        ];
        for (pattern, text) in no {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(matches("dc?", "dc?"));
    }

    #[test]
    fn many_stars_are_no_trouble() {
        let pattern = "a*".repeat(10_000) + "b";
        let text = "a".repeat(100_000);
        assert!(!matches(&pattern, &text));
        assert!(matches(&pattern, &(text + "b")));
    }
}
