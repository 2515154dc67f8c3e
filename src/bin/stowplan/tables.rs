//! Tables and headings: drawn with lines and colours on a terminal, in plain columns elsewhere.
//!
//! Where standard output is not a terminal there are no lines and no colours, and only long texts are
//! wrapped, so that elsewhere a row is a line that `grep` and `diff` can work on. On a terminal names are
//! shortened to what its width leaves them, and sentences are wrapped.

mod sheet;
mod widths;

use std::env;
use std::io::{self, IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{Color, Table};

pub(crate) use self::sheet::{Content, Sheet};

use crate::output::Output;
use crate::words::printable;

/// The width of a terminal that does not know its own.
const TERMINAL_WIDTH: u16 = 80;

/// What standard output can show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Colours and bold text.
    has_colours: bool,
    /// Lines of tables and bars made of blocks.
    pub(crate) has_lines: bool,
}

/// What a text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Poor,
    Bad,
}

impl Look {
    /// The look that suits standard output: colours unless `NO_COLOR` speaks against them.
    pub(crate) fn of_stdout() -> Self {
        let is_dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let has_lines = io::stdout().is_terminal() && !is_dumb;
        let no_colours = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Look { has_colours: has_lines && !no_colours, has_lines }
    }

    /// Writes a heading, with an empty line to what comes before it.
    pub(crate) fn heading(self, text: &str, tone: Tone, to: &mut Output) -> io::Result<()> {
        let style = if self.has_colours { tone.style().bold() } else { Style::new() };
        if to.is_begun() {
            writeln!(to)?;
        }
        writeln!(to, "{style}{}{style:#}", printable(text))
    }

    /// Writes a line.
    pub(crate) fn line(self, text: &str, tone: Tone, to: &mut Output) -> io::Result<()> {
        let style = if self.has_colours { tone.style() } else { Style::new() };
        writeln!(to, "{style}{}{style:#}", printable(text))
    }
}

/// The width of the terminal; where it does not tell, what `COLUMNS` says, if anything could be read
/// there.
fn terminal_width() -> usize {
    let told = Table::new().width().filter(|width| *width > 0);
    #[expect(clippy::disallowed_methods, reason = "how wide a table is decides no placement")]
    let columns = || env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let width = told.or_else(|| columns().filter(|columns| *columns >= 20));
    width.unwrap_or(TERMINAL_WIDTH).into()
}

impl Tone {
    fn style(self) -> Style {
        let colour = match self {
            Tone::Plain => return Style::new(),
            Tone::Good => AnsiColor::Green,
            Tone::Poor => AnsiColor::Yellow,
            Tone::Bad => AnsiColor::Red,
        };
        Style::new().fg_color(Some(colour.into()))
    }

    fn colour(self) -> Option<Color> {
        match self {
            Tone::Plain => None,
            Tone::Good => Some(Color::Green),
            Tone::Poor => Some(Color::Yellow),
            Tone::Bad => Some(Color::Red),
        }
    }
}
