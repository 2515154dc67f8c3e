//! The integer `-0` of JSON, which is 0 and which readers of numbers take for a fraction.

use std::borrow::Cow;

/// The text with every number `-0` outside of strings written as ` 0`, so that what is wrong elsewhere
/// keeps its line and column. Fractions such as `-0.0` stay as they are.
pub(crate) fn without_negative_zeros(text: &str) -> Cow<'_, str> {
    if !text.contains("-0") {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().iter().enumerate().peekable();
    let mut places = Vec::new();
    let mut is_in_string = false;
    let mut before = b' ';
    while let Some((at, byte)) = bytes.next() {
        match byte {
            // What is escaped ends no string.
            b'\\' if is_in_string => _ = bytes.next(),
            b'"' => is_in_string = !is_in_string,
            // Behind a digit, a point or a letter it is no number of its own.
            b'-' if !is_in_string && !before.is_ascii_alphanumeric() && before != b'.' => {
                let goes_on = |next: &u8| next.is_ascii_alphanumeric() || *next == b'.';
                let is_zero = bytes.next_if(|(_, next)| **next == b'0').is_some();
                if is_zero && !bytes.peek().is_some_and(|(_, next)| goes_on(next)) {
                    places.push(at);
                }
            }
            _ => {}
        }
        before = *byte;
    }
    let mut spaced = String::with_capacity(text.len());
    let mut done = 0;
    for at in places {
        spaced.push_str(text.get(done..at).unwrap_or_default());
        spaced.push(' ');
        done = at + 1;
    }
    spaced.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(spaced)
}

#[cfg(test)]
mod tests {
    use super::without_negative_zeros;

    #[test]
    fn only_the_integer_is_written_anew() {
        for (text, expected) in [
            ("-0", " 0"),
            (r#"{"a": -0, "b":[-0,-0 ]}"#, r#"{"a":  0, "b":[ 0, 0 ]}"#),
            (r#"{"a": -0.0, "b": -0e1, "c": -05, "d": 1e-0, "e": -0.5}"#, "same"),
            (r#"{"-0": "-0", "a": "\"-0", "b": "\\", "c": 5}"#, "same"),
            (r#"{"b": "\\", "c": -0}"#, r#"{"b": "\\", "c":  0}"#),
            ("\u{e9}-0\u{e9} \"-0", "\u{e9} 0\u{e9} \"-0"),
        ] {
            let expected = if expected == "same" { text } else { expected };
            assert_eq!(without_negative_zeros(text), expected);
        }
    }
}
