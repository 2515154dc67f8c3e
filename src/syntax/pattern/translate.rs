//! Patterns in the words of the crate that matches them.
//!
//! In: a pattern in RE2's syntax. Out: one that means the same to `regex-lite`, which reads some texts
//! otherwise or not at all: `\<`, `a{,2}`, `[a&&b]`, `\Q...\E`, `\101`, `a**`. What both read alike is
//! handed on as it is, and so is what is wrong, for the crate to refuse.

use std::fmt::Write;
use std::str::Chars;

/// The most repetitions that RE2 allows.
const REPETITIONS_MAX: u32 = 1000;

/// The classes that may stand in brackets as `[:name:]`.
const NAMED_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// White space as RE2 has it, without the vertical tab, and all else.
const SPACE: &str = r"\t\n\x0C\r\x20";
const NO_SPACE: &str = r"\x00-\x08\x0B\x0E-\x1F\x21-\x{10FFFF}";

/// Translates a pattern, or says what is wrong with it.
pub(super) fn translate(text: &str) -> Result<String, &'static str> {
    let mut translator =
        Translator { rest: text.chars(), pattern: String::with_capacity(text.len() * 2) };
    translator.all()?;
    Ok(translator.pattern)
}

/// The name of a group that begins with `(?P<` or `(?<`.
fn name_of(mark: &str) -> &str {
    mark.split_once('<').map_or("", |(_, name)| name)
}

struct Translator<'a> {
    rest: Chars<'a>,
    pattern: String,
}

impl Translator<'_> {
    fn all(&mut self) -> Result<(), &'static str> {
        let mut after_repetition = false;
        while let Some(next) = self.rest.next() {
            let is_repetition = match next {
                '*' | '+' | '?' => {
                    self.pattern.push(next);
                    true
                }
                '{' => self.repetition()?,
                _ => false,
            };
            if is_repetition {
                if after_repetition {
                    return Err("a repetition cannot be repeated");
                }
                self.reluctance();
            }
            after_repetition = is_repetition;
            match next {
                _ if is_repetition => {}
                '{' | '}' | ']' => self.literal(next),
                '[' => self.class()?,
                '(' => self.group()?,
                '\\' => self.escape()?,
                _ => self.pattern.push(next),
            }
        }
        Ok(())
    }

    /// The `?` after a repetition that has it take as little as it can.
    fn reluctance(&mut self) {
        if self.rest.as_str().starts_with('?') {
            self.rest.next();
            self.pattern.push('?');
        }
    }

    /// What comes after `{` if it is a repetition; all else is a text.
    fn repetition(&mut self) -> Result<bool, &'static str> {
        let Some((inside, rest)) = self.rest.as_str().split_once('}') else { return Ok(false) };
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        let is_number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits && (text == "0" || !text.starts_with('0'))
        };
        if !is_number(least) || !(is_number(most) || most.is_empty()) {
            return Ok(false);
        }
        let allowed = |text: &str| text.parse().is_ok_and(|number: u32| number <= REPETITIONS_MAX);
        if !allowed(least) || !(allowed(most) || most.is_empty()) {
            return Err("nothing may be repeated more than 1000 times");
        }
        self.pattern.push('{');
        self.pattern.push_str(inside);
        self.pattern.push('}');
        self.rest = rest.chars();
        Ok(true)
    }

    /// What comes after `(`. Of flags only those that RE2 has are let through.
    fn group(&mut self) -> Result<(), &'static str> {
        self.pattern.push('(');
        let text = self.rest.as_str();
        let Some(marked) = text.strip_prefix('?') else { return Ok(()) };
        let is_named = marked.starts_with("P<") || marked.starts_with('<');
        let end = if is_named { marked.find('>') } else { marked.find([':', ')']) };
        let Some(end) = end else { return Err("a group is not closed") };
        let (mark, _) = marked.split_at(end);
        if is_named {
            let name = name_of(mark);
            if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
                return Err("a group has a name that is none");
            }
        } else if !mark.chars().all(|flag| "imsU-".contains(flag)) {
            return Err("there is no such flag");
        }
        // A name may begin with a digit in RE2.
        self.pattern.push_str(if is_named { "?<_" } else { "?" });
        self.pattern.push_str(if is_named { name_of(mark) } else { mark });
        self.rest = marked.split_at(end).1.chars();
        // What closes the mark is handed on, so that a repetition cannot come right after it.
        self.pattern.extend(self.rest.next());
        Ok(())
    }

    /// What comes after `\`, outside of brackets.
    fn escape(&mut self) -> Result<(), &'static str> {
        let text = self.rest.as_str();
        if let Some(quoted) = text.strip_prefix('Q') {
            let (quoted, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
            quoted.chars().for_each(|it| self.literal(it));
            self.rest = rest.chars();
            return Ok(());
        }
        match self.rest.next() {
            Some('s') => {
                let _ = write!(self.pattern, "[{SPACE}]");
            }
            Some('S') => {
                let _ = write!(self.pattern, "[{NO_SPACE}]");
            }
            Some(assertion @ ('b' | 'B' | 'A' | 'z')) => {
                self.pattern.push('\\');
                self.pattern.push(assertion);
            }
            next => {
                self.escaped(next)?;
            }
        }
        Ok(())
    }

    /// What comes after `\`, in brackets or outside: a class, or a character. Says which character.
    fn escaped(&mut self, next: Option<char>) -> Result<Option<char>, &'static str> {
        let character = match next {
            Some(class @ ('d' | 'D' | 'w' | 'W')) => {
                self.pattern.push('\\');
                self.pattern.push(class);
                return Ok(None);
            }
            Some('a') => '\x07',
            Some('f') => '\x0C',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\x0B',
            Some('x') => self.hexadecimal()?,
            Some(digit @ '0'..='7') => self.octal(digit)?,
            Some(sign) if sign.is_ascii() && !sign.is_ascii_alphanumeric() => sign,
            _ => return Err("there is no such escape"),
        };
        self.literal(character);
        Ok(Some(character))
    }

    /// `7F` or `{10FFFF}` after `\x`.
    fn hexadecimal(&mut self) -> Result<char, &'static str> {
        let error = "after `\\x` there have to be two digits, or some in braces";
        let text = self.rest.as_str();
        let (digits, rest) = match text.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or(error)?,
            None => text.split_at_checked(2).ok_or(error)?,
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(error);
        }
        self.rest = rest.chars();
        let code = u32::from_str_radix(digits, 16).ok();
        code.and_then(char::from_u32).ok_or("there is no such character")
    }

    /// Up to three octal digits; a single one but 0 would be a reference to a group.
    fn octal(&mut self, first: char) -> Result<char, &'static str> {
        let rest = self.rest.as_str();
        let more = rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        if first != '0' && more == 0 {
            return Err("groups cannot be referred to");
        }
        let mut code = first.to_digit(8).unwrap_or(0);
        for digit in self.rest.by_ref().take(more) {
            code = code * 8 + digit.to_digit(8).unwrap_or(0);
        }
        char::from_u32(code).ok_or("there is no such character")
    }

    /// What comes after `[`.
    fn class(&mut self) -> Result<(), &'static str> {
        self.pattern.push('[');
        if self.rest.as_str().starts_with('^') {
            self.rest.next();
            self.pattern.push('^');
        }
        let mut is_first = true;
        loop {
            let error = "a bracket is not closed";
            let next = self.rest.next().ok_or(error)?;
            if next == ']' && !is_first {
                self.pattern.push(']');
                return Ok(());
            }
            is_first = false;
            if next == '[' && self.named_class()? {
                continue;
            }
            let Some(low) = self.class_character(next)? else { continue };
            let mut after = self.rest.as_str().chars();
            if after.next() != Some('-') || matches!(after.next(), None | Some(']')) {
                continue;
            }
            self.rest.next();
            self.pattern.push('-');
            let next = self.rest.next().ok_or(error)?;
            match self.class_character(next)? {
                Some(high) if low <= high => {}
                _ => return Err("a range in brackets has to go from a character to a later one"),
            }
        }
    }

    /// A character in brackets, written, or a class if it is none.
    fn class_character(&mut self, next: char) -> Result<Option<char>, &'static str> {
        if next != '\\' {
            self.literal(next);
            return Ok(Some(next));
        }
        match self.rest.next() {
            Some('s') => self.pattern.push_str(SPACE),
            Some('S') => self.pattern.push_str(NO_SPACE),
            next => return self.escaped(next),
        }
        Ok(None)
    }

    /// `:name:]` after a bracket in brackets; false if it is none.
    fn named_class(&mut self) -> Result<bool, &'static str> {
        let text = self.rest.as_str();
        let Some((name, rest)) = text.strip_prefix(':').and_then(|it| it.split_once(":]")) else {
            return Ok(false);
        };
        if !NAMED_CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err("there is no class of that name");
        }
        let _ = write!(self.pattern, "[:{name}:]");
        self.rest = rest.chars();
        Ok(true)
    }

    /// A character that stands for itself.
    fn literal(&mut self, character: char) {
        if character.is_ascii_alphanumeric() || !character.is_ascii() {
            self.pattern.push(character);
        } else {
            let _ = write!(self.pattern, r"\x{:02X}", u32::from(character));
        }
    }
}
