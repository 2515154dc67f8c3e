//! Lines of a scenario: words, and the lines indented below them.

/// A line with what is indented below it.
#[derive(Debug)]
pub(crate) struct Line {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) words: Vec<String>,
    /// The line without its indentation, as it was written.
    pub(crate) text: String,
    pub(crate) children: Vec<Line>,
}

impl Line {
    /// The line's first word: what it is about.
    pub(crate) fn head(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// A word that has to be there.
    pub(crate) fn word(&self, at: usize) -> &str {
        match self.words.get(at) {
            Some(word) => word,
            None => self.fail(&format!("word {at} is missing")),
        }
    }

    /// The value of `key=value`, if the line has it.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// The number of `key=number`.
    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        let parse = |text: &str| match text.parse() {
            Ok(number) => number,
            Err(_) => self.fail(&format!("`{key}` wants a number, not `{text}`")),
        };
        self.value(key).map(parse)
    }

    /// The length of time of `key=8s`, in nanoseconds.
    pub(crate) fn nanos(&self, key: &str) -> Option<i64> {
        let parse = |text: &str| match text.parse::<stowplan::Span>() {
            Ok(span) => span.as_nanos(),
            Err(error) => self.fail(&format!("{key} {error}")),
        };
        self.value(key).map(parse)
    }

    /// Whether the line has a word.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.words.iter().any(|word| word == flag)
    }

    /// The words of the form `<prefix><key>=<value>`.
    pub(crate) fn pairs<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let words = self.words.iter();
        words.filter_map(move |word| word.strip_prefix(prefix)?.split_once('='))
    }

    /// The lines below that begin with a word.
    pub(crate) fn below<'a>(&'a self, head: &'a str) -> impl Iterator<Item = &'a Line> {
        self.children.iter().filter(move |line| line.head() == head)
    }

    /// Fails unless every word after the first `positional` is one of those known. A known word that
    /// ends in `=` or `.` stands for all that begin with it.
    pub(crate) fn only(&self, positional: usize, known: &str) {
        let is_known = |word: &String| {
            known
                .split(' ')
                .any(|it| word == it || (it.ends_with(['=', '.']) && word.starts_with(it)))
        };
        if let Some(word) = self.words.iter().skip(positional).find(|word| !is_known(word)) {
            self.fail(&format!("unknown word `{word}`, known are {known}"));
        }
    }

    /// Fails unless every line below begins with one of the words.
    pub(crate) fn only_below(&self, known: &str) {
        let is_known = |line: &&Line| known.split(' ').any(|it| it == line.head());
        if let Some(line) = self.children.iter().find(|line| !is_known(line)) {
            line.fail(&format!("unknown line, known are {known}"));
        }
    }

    /// Ends the test: the scenario cannot be read.
    pub(crate) fn fail(&self, message: &str) -> ! {
        panic!("line {}: {message}: {}", self.number, self.text)
    }
}

/// Reads lines with the numbers they have in their file. Comments and blank lines are left out.
pub(crate) fn read<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<Line> {
    // Each list of lines that is still open, with its indentation.
    let mut open: Vec<(usize, Vec<Line>)> = vec![(0, Vec::new())];
    for (number, raw) in lines {
        let text = raw.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let indent = raw.len() - text.len();
        while open.len() > 1 && open.last().is_some_and(|(at, _)| indent < *at) {
            close(&mut open);
        }
        if open.last().is_some_and(|(at, _)| indent > *at) {
            open.push((indent, Vec::new()));
        }
        let line = Line { number, words: split(text), text: text.to_owned(), children: Vec::new() };
        open.last_mut().unwrap().1.push(line);
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().unwrap().1
}

/// Puts the innermost list below the line it belongs to.
fn close(open: &mut Vec<(usize, Vec<Line>)>) {
    let (_, children) = open.pop().unwrap();
    let parent = open.last_mut().unwrap().1.last_mut().expect("the first line is indented");
    parent.children.extend(children);
}

/// Words between spaces. What is between double quotes keeps its spaces, and the quotes go.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for character in text.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    assert!(!quoted, "a quote is not closed: {text}");
    words.extend(word);
    words
}

/// The numbers of `1,3-5`.
pub(crate) fn numbers(text: &str) -> Vec<i64> {
    let parse = |text: &str| text.parse::<i64>().unwrap_or_else(|_| panic!("no number: {text}"));
    let range = |part: &str| match part.split_once('-') {
        Some((first, last)) => parse(first)..=parse(last),
        None => parse(part)..=parse(part),
    };
    text.split(',').filter(|part| !part.is_empty()).flat_map(range).collect()
}
