//! The words of an expression.

use super::{FilterError, shown};

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, of an operator too.
    Name(String),
    Number(String),
    /// A text in quotes.
    Text(String),
    Equal,
    NotEqual,
    Dot,
    Open,
    Close,
    OpenKey,
    CloseKey,
    OpenBlock,
    CloseBlock,
    Comma,
}

/// A word and where it begins, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// Cuts a text into words.
pub(super) fn words(text: &str) -> Result<Vec<Word>, FilterError> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let space = rest.len() - rest.trim_start().len();
        if space > 0 {
            at += space;
            continue;
        }
        let (token, length) = word(rest).ok_or_else(|| {
            syntax(text, at, "a name, a value or an operator", rest.chars().next())
        })?;
        words.push(Word { token, at });
        at += length;
    }
    Ok(words)
}

/// The first word of a text, and how many bytes it has.
fn word(text: &str) -> Option<(Token, usize)> {
    let signs = [
        ("==", Token::Equal),
        ("!=", Token::NotEqual),
        (".", Token::Dot),
        ("(", Token::Open),
        (")", Token::Close),
        ("[", Token::OpenKey),
        ("]", Token::CloseKey),
        ("{", Token::OpenBlock),
        ("}", Token::CloseBlock),
        (",", Token::Comma),
    ];
    if let Some((sign, token)) = signs.into_iter().find(|(sign, _)| text.starts_with(sign)) {
        return Some((token, sign.len()));
    }
    match text.chars().next()? {
        '"' => quoted(text),
        '`' => {
            let inside = text.get(1..)?;
            let end = inside.find('`')?;
            Some((Token::Text(inside.get(..end)?.to_owned()), end + 2))
        }
        first if first == '-' || first.is_ascii_digit() => {
            let is_part = |sign: char| sign.is_ascii_digit() || sign == '.';
            let inside = text.get(1..)?;
            let end = 1 + inside.find(|sign| !is_part(sign)).unwrap_or(inside.len());
            let number = text.get(..end)?.trim_end_matches('.');
            number.parse::<f64>().ok()?;
            Some((Token::Number(number.to_owned()), number.len()))
        }
        first if first.is_alphabetic() || first == '_' => {
            let is_part = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '-' | '/');
            let end = text.find(|sign| !is_part(sign)).unwrap_or(text.len());
            Some((Token::Name(text.get(..end)?.to_owned()), end))
        }
        _ => None,
    }
}

/// A text in double quotes, in which a backslash escapes.
fn quoted(text: &str) -> Option<(Token, usize)> {
    let mut inside = String::new();
    let mut signs = text.char_indices().skip(1);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((Token::Text(inside), at + 1)),
            '\\' => inside.push(match signs.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            sign => inside.push(sign),
        }
    }
    None
}

/// What is wrong at a place of the text.
pub(super) fn syntax(
    text: &str,
    at: usize,
    expected: &'static str,
    found: Option<char>,
) -> FilterError {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|sign| *sign != '\n').count() + 1;
    let found = match found {
        None => "the end".to_owned(),
        Some(_) => format!("\"{}\"", shown(text.get(at..).unwrap_or_default()).escape_debug()),
    };
    FilterError::Syntax { line, column, offset: at, expected, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_into_words() {
        let tokens = |text| words(text).unwrap().into_iter().map(|it| it.token).collect::<Vec<_>>();
        let name = |text: &str| Token::Name(text.into());
        assert_eq!(
            tokens("Meta[\"a b\"].x == -1.5 and`y\"`!=\"q\\\"z\""),
            [
                name("Meta"),
                Token::OpenKey,
                Token::Text("a b".into()),
                Token::CloseKey,
                Token::Dot,
                name("x"),
                Token::Equal,
                Token::Number("-1.5".into()),
                name("and"),
                Token::Text("y\"".into()),
                Token::NotEqual,
                Token::Text("q\"z".into()),
            ]
        );
    }

    #[test]
    fn what_is_no_word_is_said_with_its_place() {
        for (text, place) in [("a\n=b", "2:1 (2)"), ("\"open", "1:1 (0)"), ("a == -", "1:6 (5)")] {
            let error = words(text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
    }
}
