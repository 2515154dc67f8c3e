//! A table that is filled row by row and laid out at the end, when it is known how wide its texts are.

use std::io::{self, Write};

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle, Width, presets,
};

use super::widths::{Column, MARGINS, fitted, shortened, width_of};
use super::{Look, Tone, terminal_width};
use crate::output::Output;
use crate::words::printable;

/// A line under the names of the columns, and no others: terminals are narrow.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// The width of tables of long texts where there is no terminal whose width it could be.
const PLAIN_WIDTH: u16 = 120;

/// The longest text that is laid out: longer ones are no names, and no one reads them in a table.
const TEXT_WIDTH_MAX: usize = 400;

/// What is left of a name at least.
const NAME_WIDTH_MIN: usize = 12;

/// What is left of a column of sentences at least.
const PROSE_WIDTH_MIN: usize = 24;

/// The same where the terminal is too narrow for that.
const NAME_WIDTH_FLOOR: usize = 5;
const PROSE_WIDTH_FLOOR: usize = 13;

/// The cells of a bar, and what is left of them at least.
const BAR_WIDTH: usize = 16;
const BAR_WIDTH_MIN: usize = 4;

/// What a cell holds.
pub(crate) enum Content {
    Text(String),
    /// Texts one below the other.
    Lines(Vec<String>),
    /// A bar of as many cells as there is room for, and a text behind it.
    Bar {
        draw: Box<dyn Fn(usize) -> String>,
        label: String,
    },
}

/// A table being filled.
pub(crate) struct Sheet {
    look: Look,
    /// The names of the columns, and whether they hold numbers.
    columns: Vec<(String, bool)>,
    rows: Vec<Row>,
    has_long_rows: bool,
}

struct Row {
    cells: Vec<Content>,
    /// The tone of the cell at a place.
    toned: Option<(usize, Tone)>,
}

impl Sheet {
    /// A table with the names of its columns; those whose name ends in a space hold numbers.
    pub(crate) fn new(look: Look, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|name| (name.trim_end().to_owned(), name.ends_with(' ')));
        Sheet { look, columns: columns.collect(), rows: Vec::new(), has_long_rows: false }
    }

    /// The table for rows of several lines: set apart from each other, and wrapped in any case.
    pub(crate) fn with_long_rows(mut self) -> Self {
        self.has_long_rows = true;
        self
    }

    /// Adds a row of texts.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.contents(cells.into_iter().map(Content::Text));
    }

    /// Adds a row of cells of several lines each.
    pub(crate) fn row_of_lines(&mut self, cells: impl IntoIterator<Item = Vec<String>>) {
        self.contents(cells.into_iter().map(Content::Lines));
    }

    /// Adds a row of which one cell has a tone.
    pub(crate) fn toned_row(
        &mut self,
        tone: Tone,
        at: usize,
        cells: impl IntoIterator<Item = String>,
    ) {
        self.row(cells);
        if let Some(row) = self.rows.last_mut() {
            row.toned = Some((at, tone));
        }
    }

    /// Adds a row of any contents.
    pub(crate) fn contents(&mut self, cells: impl IntoIterator<Item = Content>) {
        let cells = cells.into_iter().map(Content::printable).collect();
        self.rows.push(Row { cells, toned: None });
    }

    /// Writes the table.
    pub(crate) fn write(&self, to: &mut Output) -> io::Result<()> {
        let columns: Vec<Column> = (0..self.columns.len()).map(|at| self.measure(at)).collect();
        let widths = match self.look.has_lines {
            true => fitted(&columns, terminal_width()),
            false => columns.iter().map(|column| column.width).collect(),
        };
        let mut table = self.empty_table(&widths);
        for row in &self.rows {
            let cells = row.cells.iter().zip(&widths).enumerate();
            let cells = cells.map(|(at, (content, &width))| {
                let cell = Cell::new(content.laid_out(width));
                let tone = row.toned.filter(|(toned, _)| *toned == at).map(|(_, tone)| tone);
                match tone.and_then(Tone::colour).filter(|_| self.look.has_colours) {
                    Some(colour) => cell.fg(colour),
                    None => cell,
                }
            });
            table.add_row(cells.collect::<Vec<_>>());
        }
        for (at, width) in widths.iter().enumerate().filter(|_| self.look.has_lines) {
            let width = u16::try_from(width + MARGINS).unwrap_or(u16::MAX);
            if let Some(column) = table.column_mut(at) {
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
            }
        }
        writeln!(to, "{}", table.trim_fmt())
    }

    /// A table with the names of the columns, which have these widths.
    fn empty_table(&self, widths: &[usize]) -> Table {
        let mut table = Table::new();
        let separator = |fill| LineStyle::none().fill(fill);
        match (self.look.has_lines, self.has_long_rows) {
            (true, false) => table.load_style(LINES),
            (true, true) => table.load_style(LINES.row_separator(separator('┈'))),
            (false, false) => table.load_style(presets::NOTHING),
            (false, true) => table.load_style(presets::NOTHING.row_separator(separator(' '))),
        };
        if !self.look.has_lines {
            table.force_no_tty();
        }
        if self.look.has_lines || self.has_long_rows {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_width(match self.look.has_lines {
            // The columns have their widths; the sum may be more than there is.
            true => u16::MAX,
            false => PLAIN_WIDTH,
        });
        let name = |((name, _), width): (&(String, bool), &usize)| {
            let cell = Cell::new(shortened(&printable(name), *width));
            if self.look.has_colours { cell.add_attribute(Attribute::Bold) } else { cell }
        };
        table.set_header(self.columns.iter().zip(widths).map(name).collect::<Vec<_>>());
        for (at, _) in self.columns.iter().enumerate().filter(|(_, (_, is_number))| *is_number) {
            if let Some(column) = table.column_mut(at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// How wide a column would be, and how it gives way: bars first, then sentences, then names;
    /// numbers never.
    fn measure(&self, at: usize) -> Column {
        let (name, is_number) = &self.columns[at];
        let cells = || self.rows.iter().filter_map(|row| row.cells.get(at));
        let of_cells = cells().map(Content::width).max().unwrap_or(0);
        let width = of_cells.max(width_of(name));
        let (least, floor, order) = if *is_number {
            (width, width, 3)
        } else if cells().any(|it| matches!(it, Content::Bar { .. })) {
            let least = width.saturating_sub(BAR_WIDTH - BAR_WIDTH_MIN).max(width_of(name));
            (least, width.saturating_sub(BAR_WIDTH + 1), 0)
        } else if cells().any(Content::is_prose) {
            (PROSE_WIDTH_MIN, PROSE_WIDTH_FLOOR, 1)
        } else {
            (NAME_WIDTH_MIN.max(width_of(name)), NAME_WIDTH_FLOOR, 2)
        };
        Column { width, least, floor, order }
    }
}

impl Content {
    /// The content with nothing in it that commands a terminal, and no longer than can be laid out.
    fn printable(self) -> Content {
        let short = |text: String| shortened(&printable(&text), TEXT_WIDTH_MAX);
        match self {
            Content::Text(text) => Content::Text(short(text)),
            Content::Lines(lines) => Content::Lines(lines.into_iter().map(short).collect()),
            Content::Bar { draw, label } => Content::Bar { draw, label: short(label) },
        }
    }

    fn width(&self) -> usize {
        match self {
            Content::Text(text) => width_of(text),
            Content::Lines(lines) => lines.iter().map(|line| width_of(line)).max().unwrap_or(0),
            Content::Bar { label, .. } => BAR_WIDTH + 1 + width_of(label),
        }
    }

    /// Whether it is made of words, between which a line may end.
    fn is_prose(&self) -> bool {
        match self {
            Content::Text(text) => text.contains(' '),
            Content::Lines(lines) => lines.iter().any(|line| line.contains(' ')),
            Content::Bar { .. } => false,
        }
    }

    /// The content in a column of a width: bars as long as they can be, names shortened, sentences left
    /// to be wrapped.
    fn laid_out(&self, width: usize) -> String {
        let line = |text: &str| match text.contains(' ') {
            // A word that is wider than the column would be broken anywhere.
            true => {
                text.split(' ').map(|word| shortened(word, width)).collect::<Vec<_>>().join(" ")
            }
            false => shortened(text, width),
        };
        match self {
            Content::Text(text) => line(text),
            Content::Lines(lines) => lines.iter().map(|it| line(it)).collect::<Vec<_>>().join("\n"),
            Content::Bar { draw, label } => {
                match width.saturating_sub(1 + width_of(label)).min(BAR_WIDTH) {
                    // Where there is no room for a bar the number says it.
                    0 => label.clone(),
                    cells => format!("{} {label}", draw(cells)),
                }
            }
        }
    }
}
