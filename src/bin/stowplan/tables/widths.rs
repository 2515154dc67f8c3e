//! How wide the columns of a table may be, and texts shortened to a width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The margins of a column, together.
pub(super) const MARGINS: usize = 2;

/// What stands for the end of a text that was shortened.
const ELLIPSIS: char = '…';

/// What a column holds, as far as its width goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// The width of its widest cell.
    pub(super) width: usize,
    /// The least it can be read well at.
    pub(super) least: usize,
    /// The least it can be read at at all, for lines that are too short for the others.
    pub(super) floor: usize,
    /// Who gives way first: columns of a lower number do, down to their least width.
    pub(super) order: u8,
}

/// The width of a text on a terminal.
pub(super) fn width_of(text: &str) -> usize {
    text.width()
}

/// The text, its middle replaced by `…` where it is wider than allowed: names mostly differ in how they
/// begin and end.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.len() <= width || text.width() <= width {
        return text.to_owned();
    }
    let left = width.saturating_sub(1);
    let behind = left / 2;
    let start: String = within(text.chars(), left - behind).collect();
    let end: Vec<char> = within(text.chars().rev(), behind).collect();
    start.chars().chain([ELLIPSIS]).chain(end.into_iter().rev()).collect()
}

/// The first characters that fit into a width.
fn within(characters: impl Iterator<Item = char>, width: usize) -> impl Iterator<Item = char> {
    let mut left = width;
    characters.take_while(move |character| {
        let width = character.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    })
}

/// The widths of columns on a line of a given width: each as wide as it would be, or less where that is
/// too much. The widest columns of those that give way first lose most; where all are at their least
/// they go down to their floors in the same way, and after that the line gets too long.
pub(super) fn fitted(columns: &[Column], line: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.width).collect();
    let mut excess = (widths.iter().sum::<usize>() + MARGINS * columns.len()).saturating_sub(line);
    let mut orders: Vec<u8> = columns.iter().map(|column| column.order).collect();
    orders.sort_unstable();
    orders.dedup();
    let least: fn(&Column) -> usize = |column| column.least;
    for limit in [least, |column| column.floor] {
        for &order in &orders {
            while excess > 0 {
                let shrinkable = columns.iter().enumerate().filter(|(at, column)| {
                    column.order == order && widths[*at] > limit(column).min(column.width)
                });
                let Some((widest, _)) = shrinkable.max_by_key(|(at, _)| widths[*at]) else { break };
                widths[widest] -= 1;
                excess -= 1;
            }
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::{Column, fitted, shortened};

    fn column(width: usize, least: usize, order: u8) -> Column {
        Column { width, least, floor: least.div_ceil(2), order }
    }

    #[test]
    fn texts_are_shortened_by_what_they_show() {
        assert_eq!(shortened("node-1", 6), "node-1");
        assert_eq!(shortened("web.front[12]", 10), "web.f…[12]");
        assert_eq!(shortened("日本語の名前", 6), "日…前");
        assert_eq!(shortened(&"x".repeat(1 << 20), 3), "x…x");
        assert_eq!(shortened("node", 1), "…");
    }

    #[test]
    fn what_fits_stays_and_the_first_to_give_way_give_most() {
        let columns = [column(30, 10, 1), column(10, 10, 1), column(20, 4, 0)];
        assert_eq!(fitted(&columns, 66), [30, 10, 20]);
        assert_eq!(fitted(&columns, 56), [30, 10, 10]);
        assert_eq!(fitted(&columns, 46), [26, 10, 4]);
        assert_eq!(fitted(&columns, 30), [10, 10, 4]);
        assert_eq!(fitted(&columns, 24), [8, 8, 2]);
        assert_eq!(fitted(&columns, 5), [5, 5, 2]);
    }

    #[test]
    fn columns_of_one_order_become_alike() {
        assert_eq!(fitted(&[column(40, 5, 0), column(20, 5, 0)], 34), [15, 15]);
        assert_eq!(fitted(&[column(40, 5, 0), column(20, 5, 0)], 54), [30, 20]);
        assert_eq!(fitted(&[column(16, 5, 0), column(16, 5, 0)], 34), [15, 15]);
    }
}
