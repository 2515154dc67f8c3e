//! Tables and headings: drawn with lines and colours on a terminal, in plain columns elsewhere.
//!
//! Where standard output is not a terminal there are no lines and no colours, and only long texts are
//! wrapped, so that elsewhere a row is a line that `grep` and `diff` can work on.

use std::env;
use std::io::{self, IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle, Width, presets,
};

use crate::output::Output;
use crate::printable::printable;

/// A line under the names of the columns, and no others: terminals are narrow.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// The width of tables of long texts where there is no terminal whose width it could be.
const PLAIN_WIDTH: u16 = 120;

/// The width of a terminal that does not know its own.
const TERMINAL_WIDTH: u16 = 80;

/// What a column has at least, its margins included.
const COLUMN_WIDTH_MIN: u16 = 9;

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
}

/// The width where the terminal does not tell: what `COLUMNS` says, if anything could be read there.
fn unknown_width() -> u16 {
    #[expect(clippy::disallowed_methods, reason = "how wide a table is decides no placement")]
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    columns.filter(|columns| *columns >= 20).unwrap_or(TERMINAL_WIDTH)
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

/// A table being filled.
pub(crate) struct Sheet {
    table: Table,
    look: Look,
}

impl Sheet {
    /// A table with the names of its columns; those whose name ends in a space hold numbers.
    pub(crate) fn new(look: Look, columns: &[&str]) -> Self {
        let mut table = Table::new();
        if look.has_lines {
            table.load_style(LINES);
            table.set_content_arrangement(ContentArrangement::Dynamic);
            if table.width().is_none_or(|width| width == 0) {
                table.set_width(unknown_width());
            }
        } else {
            table.load_style(presets::NOTHING);
            table.force_no_tty();
        }
        let name = |name: &&str| match look.has_colours {
            true => Cell::new(printable(name.trim_end())).add_attribute(Attribute::Bold),
            false => Cell::new(printable(name.trim_end())),
        };
        table.set_header(columns.iter().map(name).collect::<Vec<_>>());
        for (at, name) in columns.iter().enumerate() {
            let Some(column) = table.column_mut(at) else { continue };
            if name.ends_with(' ') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Sheet { table, look }
    }

    /// The table for rows of several lines: set apart from each other, and wrapped in any case.
    pub(crate) fn with_long_rows(mut self) -> Self {
        if self.look.has_lines {
            self.table.load_style(LINES.row_separator(LineStyle::none().fill('┈')));
        } else {
            self.table.load_style(presets::NOTHING.row_separator(LineStyle::none().fill(' ')));
            self.table.set_content_arrangement(ContentArrangement::Dynamic);
            self.table.set_width(PLAIN_WIDTH);
        }
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.toned_row(Tone::Plain, 0, cells);
    }

    /// Adds a row of cells of several lines each.
    pub(crate) fn row_of_lines(&mut self, cells: impl IntoIterator<Item = Vec<String>>) {
        let cells = cells.into_iter().map(|lines| {
            let lines: Vec<String> = lines.iter().map(|line| printable(line)).collect();
            Cell::new(lines.join("\n"))
        });
        self.table.add_row(cells.collect::<Vec<_>>());
    }

    /// Adds a row of which one cell has a tone.
    pub(crate) fn toned_row(
        &mut self,
        tone: Tone,
        at: usize,
        cells: impl IntoIterator<Item = String>,
    ) {
        let colour = tone.colour().filter(|_| self.look.has_colours);
        let cells = cells.into_iter().enumerate().map(|(column, text)| {
            let cell = Cell::new(printable(&text));
            match colour {
                Some(colour) if column == at => cell.fg(colour),
                _ => cell,
            }
        });
        self.table.add_row(cells.collect::<Vec<_>>());
    }

    /// Writes the table.
    pub(crate) fn write(&mut self, to: &mut Output) -> io::Result<()> {
        // A column of one or two characters cannot be read; better the lines get too long.
        for (at, content) in self.table.column_max_content_widths().into_iter().enumerate() {
            let least = Width::Fixed(content.saturating_add(2).min(COLUMN_WIDTH_MIN));
            if let Some(column) = self.table.column_mut(at) {
                column.set_constraint(ColumnConstraint::LowerBoundary(least));
            }
        }
        writeln!(to, "{}", self.table.trim_fmt())
    }
}
