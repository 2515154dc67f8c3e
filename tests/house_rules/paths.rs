//! The paths that a file names: `crate::fit::cores`, `std::{fs, io}`, over as many lines as they take.

/// A path with the line on which its last part stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) parts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Joint,
    Open,
    Close,
    Comma,
    Other,
}

/// All paths of two parts or more, those in lists with what stands before the list.
pub(crate) fn named(text: &str) -> Vec<Named> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at].1 {
            Token::Word(_) => {
                // `pub(in crate::model)` says who sees something, and imports nothing.
                let words = tokens[at.saturating_sub(3)..at].iter().map(|(_, token)| token);
                let is_visibility = words.eq([&word("pub"), &Token::Other, &word("in")]);
                let mut nothing = Vec::new();
                let found = if is_visibility { &mut nothing } else { &mut found };
                at = path(&tokens, at, &[], found);
            }
            _ => at += 1,
        }
    }
    found.retain(|it| it.parts.len() > 1);
    found
}

fn word(text: &str) -> Token {
    Token::Word(text.to_owned())
}

/// Reads one path, with the lists at its end, and says where it ends.
fn path(
    tokens: &[(usize, Token)],
    from: usize,
    before: &[String],
    found: &mut Vec<Named>,
) -> usize {
    let mut parts = before.to_vec();
    let mut at = from;
    while let Some((line, Token::Word(word))) = tokens.get(at) {
        parts.push(word.clone());
        at += 1;
        if tokens.get(at).is_none_or(|(_, token)| *token != Token::Joint) {
            found.push(Named { line: *line, parts });
            return at;
        }
        at += 1;
    }
    if tokens.get(at).is_none_or(|(_, token)| *token != Token::Open) {
        // A glob or type arguments.
        let line = tokens[at.saturating_sub(1)].0;
        found.push(Named { line, parts });
        return at;
    }
    at += 1;
    while let Some((_, token)) = tokens.get(at) {
        match token {
            Token::Close => return at + 1,
            Token::Word(word) if word == "as" => at += 2,
            Token::Word(_) => at = path(tokens, at, &parts, found),
            _ => at += 1,
        }
    }
    at
}

/// Words and what joins them, without comments and texts.
fn tokens(text: &str) -> Vec<(usize, Token)> {
    let mut found = Vec::new();
    let mut is_text = false;
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let mut length = first.len_utf8();
            if is_text {
                match first {
                    '\\' => length += rest[1..].chars().next().map_or(0, char::len_utf8),
                    '"' => is_text = false,
                    _ => {}
                }
            } else if rest.starts_with("//") {
                break;
            } else if rest.starts_with("'\"'") {
                length = 3;
            } else if rest.starts_with("'\\\"'") {
                length = 4;
            } else if first == '"' {
                is_text = true;
            } else if rest.starts_with("::") {
                length = 2;
                found.push((number, Token::Joint));
            } else if first.is_alphanumeric() || first == '_' {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                length = end.unwrap_or(rest.len());
                found.push((number, Token::Word(rest[..length].to_owned())));
            } else if !first.is_whitespace() {
                found.push((
                    number,
                    match first {
                        '{' => Token::Open,
                        '}' => Token::Close,
                        ',' => Token::Comma,
                        _ => Token::Other,
                    },
                ));
            }
            rest = &rest[length..];
        }
    }
    found
}

#[test]
fn paths_are_read_as_they_are_meant() {
    let text = "use crate::{\n    fit, rank::spread::{A as B, self},\n};\nlet a = crate::fit::assign(&b);\n\
                // crate::no\nlet c = \"crate::no\"; d::E\npub(in crate::no) f();";
    let found: Vec<String> = named(text).iter().map(|it| it.parts.join("::")).collect();
    let expected = [
        "crate::fit",
        "crate::rank::spread::A",
        "crate::rank::spread::self",
        "crate::fit::assign",
        "d::E",
    ];
    assert_eq!(found, expected);
    assert_eq!(named(text)[1].line, 2);
}
