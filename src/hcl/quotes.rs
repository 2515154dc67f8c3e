//! Strings in quotes that are not closed on their line, which the parser reads on over.

/// A string in quotes with the end of a line in it.
pub(super) struct Unclosed {
    /// The byte at which it begins.
    pub(super) at: usize,
    /// The byte at which its line ends.
    pub(super) line_end: usize,
    /// Whether it is within a `${` of another one, which may have been meant for something else.
    pub(super) is_nested: bool,
}

/// In what something is, from the outside to the inside.
enum Within {
    /// Code in the `${` or `%{` of a string, with as many braces of its own open.
    Sequence { braces: usize },
    /// A string that begins at a byte.
    Quotes { at: usize },
}

/// The first string in quotes that is not closed on its line. Comments and heredocs are no such strings, and the
/// lines of a `${...}` within one may end.
pub(super) fn unclosed(text: &str) -> Option<Unclosed> {
    let bytes = text.as_bytes();
    let mut within: Vec<Within> = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let is_nested = within.len() > 1;
        at += match within.last_mut() {
            Some(&mut Within::Quotes { at: begin }) => {
                let line_end =
                    |length| Some(Unclosed { at: begin, line_end: at + length, is_nested });
                match rest {
                    [b'\n', ..] => return line_end(0),
                    [b'\\', b'\n', ..] => return line_end(1),
                    [b'"', ..] => {
                        within.pop();
                        1
                    }
                    [b'$', b'{', ..] | [b'%', b'{', ..] => {
                        within.push(Within::Sequence { braces: 0 });
                        2
                    }
                    [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => 3,
                    [b'\\', _, ..] => 2,
                    _ => 1,
                }
            }
            of_code => {
                let is_closed = match of_code {
                    Some(Within::Sequence { braces }) => closes(rest, braces),
                    _ => false,
                };
                match rest {
                    _ if is_closed => {
                        within.pop();
                        1
                    }
                    [b'"', ..] => {
                        within.push(Within::Quotes { at });
                        1
                    }
                    [b'#', ..] | [b'/', b'/', ..] => until(rest, b"\n"),
                    [b'/', b'*', ..] => 2 + until(rest.get(2..).unwrap_or_default(), b"*/"),
                    [b'<', b'<', ..] => heredoc(rest).unwrap_or(2),
                    _ => 1,
                }
            }
        };
    }
    None
}

/// Whether the code of a sequence ends here; counts its braces.
fn closes(rest: &[u8], braces: &mut usize) -> bool {
    match rest.first() {
        Some(b'{') => *braces += 1,
        Some(b'}') if *braces == 0 => return true,
        Some(b'}') => *braces -= 1,
        _ => {}
    }
    false
}

/// How many bytes there are up to the end of the first occurrence of a mark; all where there is none.
fn until(rest: &[u8], mark: &[u8]) -> usize {
    let found = rest.windows(mark.len()).position(|it| it == mark);
    found.map_or(rest.len(), |at| at + mark.len())
}

/// How long a heredoc is that begins here, its last line without what follows the mark.
fn heredoc(rest: &[u8]) -> Option<usize> {
    let first = rest.get(..until(rest, b"\n"))?;
    let mark = first.strip_prefix(b"<<")?;
    let mark = mark.strip_prefix(b"-").unwrap_or(mark).trim_ascii();
    let is_name =
        |byte: &u8| !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    if mark.is_empty() || !mark.iter().all(is_name) {
        return None;
    }
    let mut length = first.len();
    for line in rest.get(length..)?.split_inclusive(|byte| *byte == b'\n') {
        let line_end = length + line.len();
        if line.trim_ascii() == mark {
            return Some(line_end - usize::from(line.ends_with(b"\n")));
        }
        length = line_end;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strings_in_quotes_end_with_their_lines() {
        for text in [
            "a = \"b\"\nc = \"\"\n",
            "a = \"say \\\"b\\\" and \\\\\"\nc = 1\n",
            "# it's a \" here\n// and \" here\n/* \" and\n\" */ a = \"b\"\n",
            "a = <<EOF\n \" one ${ \"x\n\" }\n  EOF\nb = \"c\"\n",
            "a = <<-EOF\n \"\n EOF\nb = [<<X\n\"\nX\n, \"c\"]\n",
            "a = \"${ f(\"b\", { c = \"}\" }\n) } and %{ if \"d\" == \"e\" }\"\n",
            "a = \"$${ and %%{ no code\"\nb = \"${attr.x}\"\n",
            "a = \"not at the end",
            "a = 1 << 2\n",
            "a = <<EOF\n\"",
        ] {
            assert!(unclosed(text).is_none(), "{text}");
        }
    }

    #[test]
    fn one_that_goes_on_is_found_where_it_begins() {
        for (text, at, line_end) in [
            ("a = \"b\nc\"\n", 4, 6),
            ("a = \"b\\\nc\"\n", 4, 7),
            ("a = \"b\"\nc = \"d\ne = \"f\"\n", 12, 14),
            ("a = \"${ f(\"b\nc\") }\"\n", 10, 12),
            ("a = \"${b}\n\"\n", 4, 9),
            ("a = \"$${\n\"\n", 4, 8),
            ("a = <<EOF\n\"\nEOF\nb = \"\n", 20, 21),
        ] {
            let found = unclosed(text).map(|it| (it.at, it.line_end, it.is_nested));
            assert_eq!(found, Some((at, line_end, text.contains("${ f"))), "{text}");
        }
    }
}
