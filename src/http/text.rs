//! Texts of requests: escapes of addresses, and how much of a request is repeated in an answer.

/// How many characters of a request an answer repeats at most.
const EXCERPT_MAX: usize = 200;

/// A text with its escapes (`%2F`) taken out; none where one of them is none, or what comes out is not
/// UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// The beginning of a text that came with a request.
pub(super) fn excerpt(text: &str) -> &str {
    match text.char_indices().nth(EXCERPT_MAX) {
        Some((at, _)) => text.get(..at).unwrap_or_default(),
        None => text,
    }
}

/// The beginning of a text in quotes, with what cannot be printed escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for sign in excerpt(text).chars() {
        match sign {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            sign if sign.is_control() => quoted.extend(sign.escape_default()),
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_out_or_refused() {
        assert_eq!(decoded("a%2Fb%20%c3%a9"), Some("a/b \u{e9}".to_owned()));
        for text in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(quoted("a\"\n\\"), "\"a\\\"\\n\\\\\"");
        assert_eq!(excerpt(&"\u{e9}".repeat(300)).chars().count(), 200);
    }
}
