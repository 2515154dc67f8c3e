//! Expressions from words.

use super::FilterError;
use super::lexer::{Token, Word, syntax, words};

/// How deeply expressions are nested at most.
const DEPTH_MAX: usize = 64;

/// An expression.
#[derive(Debug)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Match {
        selector: Vec<String>,
        operator: Operator,
    },
    /// Whether something holds for the elements of a list or the keys of a map.
    Each {
        all: bool,
        selector: Vec<String>,
        names: Names,
        inside: Box<Expression>,
    },
}

/// What an element is called where it is looked at.
#[derive(Debug)]
pub(super) enum Names {
    /// The element of a list, or the key of a map.
    One(String),
    /// Place and element, or key and value; `_` names nothing.
    Two(String, String),
}

/// How a value is matched.
#[derive(Debug)]
pub(super) enum Operator {
    Equal(String),
    Contains(String),
    Empty,
    #[cfg(feature = "regexp")]
    Matches(regex_lite::Regex),
}

/// Reads an expression.
pub(super) fn parsed(text: &str) -> Result<Expression, FilterError> {
    let words = words(text)?;
    let mut parser = Parser { text, words: &words, at: 0, depth: 0 };
    let expression = parser.any()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    words: &'a [Word],
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, FilterError>;

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.words.get(self.at).map(|word| &word.token)
    }

    fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// Takes the next word if it is a name.
    fn takes_name(&mut self, name: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Name(it)) if it == name);
        self.at += usize::from(is_it);
        is_it
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_it = self.peek() == Some(token);
        self.at += usize::from(is_it);
        is_it
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        let at = self.words.get(self.at).map_or(self.text.len(), |word| word.at);
        syntax(self.text, at, expected, self.text.get(at..).and_then(|it| it.chars().next()))
    }

    fn any(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.all()?];
        while self.takes_name("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
    }

    fn all(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.one()?];
        while self.takes_name("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
    }

    fn one(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(FilterError::TooDeep);
        }
        let expression = if self.takes_name("not") {
            Expression::Not(Box::new(self.one()?))
        } else if self.takes(&Token::Open) {
            let inside = self.any()?;
            if !self.takes(&Token::Close) {
                return Err(self.expected("`)`"));
            }
            inside
        } else if let Some(all) = self.begins_each() {
            self.each(all)?
        } else {
            self.matching()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    /// Whether `all` or `any` comes with a selector behind it; else they are selectors or values themselves.
    fn begins_each(&self) -> Option<bool> {
        let all = match self.peek() {
            Some(Token::Name(name)) if name == "all" => true,
            Some(Token::Name(name)) if name == "any" => false,
            _ => return None,
        };
        let next = self.words.get(self.at + 1).map(|word| &word.token);
        let is_selector = match next {
            Some(Token::Name(name)) => {
                !["is", "in", "not", "contains", "matches"].contains(&name.as_str())
            }
            Some(Token::Text(text)) => text.starts_with('/'),
            _ => false,
        };
        is_selector.then_some(all)
    }

    /// `any Allocs as it { it.ClientStatus == failed }`.
    fn each(&mut self, all: bool) -> Parsed<Expression> {
        self.at += 1;
        let selector = self.selector()?;
        if !self.takes_name("as") {
            return Err(self.expected("`as`"));
        }
        let first = self.name()?;
        let names = match self.takes(&Token::Comma) {
            true => Names::Two(first, self.name()?),
            false => Names::One(first),
        };
        if !self.takes(&Token::OpenBlock) {
            return Err(self.expected("`{`"));
        }
        let inside = Box::new(self.any()?);
        if !self.takes(&Token::CloseBlock) {
            return Err(self.expected("`}`"));
        }
        Ok(Expression::Each { all, selector, names, inside })
    }

    fn name(&mut self) -> Parsed<String> {
        match self.peek() {
            Some(Token::Name(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            _ => Err(self.expected("a name")),
        }
    }

    fn matching(&mut self) -> Parsed<Expression> {
        let begin = self.at;
        // A value comes first where the selector is on the right.
        if let Some(Token::Name(value) | Token::Number(value) | Token::Text(value)) = self.next() {
            let is_not = self.takes_name("not");
            if self.takes_name("in") {
                let selector = self.selector()?;
                let operator = Operator::Contains(value.clone());
                return Ok(matched(selector, operator, is_not));
            }
        }
        self.at = begin;
        let selector = self.selector()?;
        let (operator, is_not) = self.operator()?;
        Ok(matched(selector, operator, is_not))
    }

    /// A name and what is inside of it, or a pointer as a text.
    fn selector(&mut self) -> Parsed<Vec<String>> {
        let mut parts = match self.peek() {
            Some(Token::Name(name)) => vec![name.clone()],
            Some(Token::Text(text)) if text.starts_with('/') => {
                let parts = text.split('/').skip(1);
                parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
            }
            _ => return Err(self.expected("a selector")),
        };
        self.at += 1;
        loop {
            if self.takes(&Token::Dot) {
                let Some(Token::Name(part) | Token::Number(part)) = self.peek() else {
                    return Err(self.expected("a name"));
                };
                self.at += 1;
                // Digits with a dot behind them are a place in a list and what is in there.
                parts.extend(part.split('.').map(str::to_owned));
            } else if self.takes(&Token::OpenKey) {
                let Some(Token::Text(key)) = self.peek() else {
                    return Err(self.expected("a key in quotes"));
                };
                self.at += 1;
                parts.push(key.clone());
                if !self.takes(&Token::CloseKey) {
                    return Err(self.expected("`]`"));
                }
            } else {
                return Ok(parts);
            }
        }
    }

    /// An operator with its value, and whether what it says is denied.
    fn operator(&mut self) -> Parsed<(Operator, bool)> {
        if self.takes(&Token::Equal) {
            return Ok((Operator::Equal(self.value()?), false));
        }
        if self.takes(&Token::NotEqual) {
            return Ok((Operator::Equal(self.value()?), true));
        }
        if self.takes_name("is") {
            let is_not = self.takes_name("not");
            return match self.takes_name("empty") {
                true => Ok((Operator::Empty, is_not)),
                false => Err(self.expected("`empty`")),
            };
        }
        let is_not = self.takes_name("not");
        if self.takes_name("contains") {
            return Ok((Operator::Contains(self.value()?), is_not));
        }
        if self.takes_name("matches") {
            let pattern = self.value()?;
            return Ok((regexp(&pattern)?, is_not));
        }
        Err(self.expected("an operator"))
    }

    fn value(&mut self) -> Parsed<String> {
        match self.peek() {
            Some(Token::Name(value) | Token::Number(value) | Token::Text(value)) => {
                self.at += 1;
                Ok(value.clone())
            }
            _ => Err(self.expected("a value")),
        }
    }
}

fn matched(selector: Vec<String>, operator: Operator, is_not: bool) -> Expression {
    let expression = Expression::Match { selector, operator };
    if is_not { Expression::Not(Box::new(expression)) } else { expression }
}

#[cfg(feature = "regexp")]
fn regexp(pattern: &str) -> Parsed<Operator> {
    let bad = |_| FilterError::BadRegexp { pattern: super::shown(pattern) };
    regex_lite::Regex::new(pattern).map(Operator::Matches).map_err(bad)
}

#[cfg(not(feature = "regexp"))]
fn regexp(_: &str) -> Parsed<Operator> {
    Err(FilterError::NoRegexp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parsed(text).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_said_with_their_place() {
        let cases = [
            ("", "1:1 (0): expected a selector, found the end"),
            ("not valid", "1:10 (9): expected an operator, found the end"),
            ("Status =", "1:8 (7): expected a name, a value or an operator, found \"=\""),
            ("Status ==", "1:10 (9): expected a value, found the end"),
            ("Status == a b", "1:13 (12): expected `and`, `or` or the end, found \"b\""),
            ("(Status == a", "1:13 (12): expected `)`, found the end"),
            ("Status is full", "1:11 (10): expected `empty`, found \"full\""),
            ("Meta[a] == b", "1:6 (5): expected a key in quotes, found \"a] == b\""),
            ("Meta. == b", "1:7 (6): expected a name, found \"== b\""),
            ("any A { a == b }", "1:7 (6): expected `as`, found \"{ a == b }\""),
            ("any A as a, { a == b }", "1:13 (12): expected a name, found \"{ a == b }\""),
            ("all A as a (a == b)", "1:12 (11): expected `{`, found \"(a == b)\""),
            ("all A as a { a == b", "1:20 (19): expected `}`, found the end"),
            ("\"a\" in \"b\"", "1:8 (7): expected a selector, found \"\\\"b\\\"\""),
        ];
        for (text, expected) in cases {
            assert_eq!(error(text), expected, "{text}");
        }
    }

    #[test]
    fn depth_and_what_is_repeated_are_bounded() {
        let deep = format!("{}a == b{}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(error(&deep), "the expression is nested too deeply");
        assert_eq!(error(&"not ".repeat(10_000)), "the expression is nested too deeply");
        assert!(error(&format!("a == b {}", "x".repeat(10_000))).len() < 300);
        let deep = format!("{}a == b{}", "any a as a {".repeat(10_000), "}".repeat(10_000));
        assert_eq!(error(&deep), "the expression is nested too deeply");
        let wide = vec!["a == b"; 2_000].join(" or ");
        assert!(parsed(&wide).is_ok());
    }

    #[cfg(feature = "regexp")]
    #[test]
    fn patterns_have_to_be_ones() {
        assert_eq!(error("a matches \"(\""), "invalid regular expression \"(\"");
    }
}
