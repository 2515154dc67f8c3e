//! Texts from outside, made safe to print. The program has this file too, since what it prints beside the
//! library's messages has to look the same.

/// The text with escapes for the characters that could break a line, change the direction of what
/// stands beside them or command a terminal, so that what a document holds does neither.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        // What has no width, line and paragraph separators, and what sets the direction of text.
        let is_hidden = matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        ) || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(character, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
        if character.is_control() || is_hidden {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_could_break_a_line_is_shown() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(printable("a\u{200b}b\u{feff}"), "a\\u{200b}b\\u{feff}");
        assert_eq!(printable("a\u{2028}\u{202e}\u{85}\u{e4}"), "a\\u{2028}\\u{202e}\\u{85}\u{e4}");
    }
}
