//! Job files in HCL, Nomad's own language: people give them where JSON is expected.

/// The words that a job file begins with.
const BLOCKS: [&[u8]; 4] = [b"job", b"variable", b"variables", b"locals"];

/// Whether the text seems to be a job file in HCL: white space and comments aside, it begins with one
/// of the blocks of such files.
pub(super) fn is_hcl(text: &[u8]) -> bool {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let text = without_comments(text);
    BLOCKS.iter().any(|block| {
        let rest = text.strip_prefix(*block).and_then(|rest| rest.first());
        rest.is_some_and(|next| next.is_ascii_whitespace() || matches!(next, b'"' | b'{'))
    })
}

/// The text from the first character on that is neither white space nor in a comment.
fn without_comments(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        let end: &[u8] = match text {
            [b'#', ..] | [b'/', b'/', ..] => b"\n",
            [b'/', b'*', ..] => b"*/",
            _ => return text,
        };
        // What opens a comment is not to be taken for its end: `/*/` is still open.
        let mut parts = text.windows(end.len()).skip(end.len());
        let at = parts.position(|part| part == end).map(|at| at + 2 * end.len());
        text = at.and_then(|at| text.get(at..)).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::is_hcl;

    #[test]
    fn blocks_of_job_files_are_known_behind_comments() {
        for text in [
            "job \"web\" {",
            "\n\t# a job\n#\n// of ours\n/* of\n * old */ variable \"a\"{ }",
            "variables {\n}",
            "locals{}",
            "\u{feff}#\njob\n",
            "/*/ still open */job \"web\"",
        ] {
            assert!(is_hcl(text.as_bytes()), "{text}");
        }
        for text in ["", "#", "/* job", "# job \"web\"", "jobs {", "{\"job\": 1}", "[]", "job"] {
            assert!(!is_hcl(text.as_bytes()), "{text}");
        }
    }
}
