//! The nearest of a few known words to one that was perhaps misspelt.

/// The known word that is nearest to another one, if it is near enough to be what was meant: few letters
/// differ, are missing, are too many or have changed places. Of words equally near the first is taken.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long words come by accident only, and the distance of two costs the product of their lengths.
    const LONGEST: usize = 64;
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    let distances = known.into_iter().filter(|known| known.len() <= LONGEST).map(|known| {
        let other: Vec<char> = known.chars().flat_map(char::to_lowercase).collect();
        (distance(&letters, &other), known)
    });
    let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1.max(letters.len() / 3).min(3)).then_some(known)
}

/// How many letters have to be changed, put in, taken out or exchanged with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let changed = last[j] + usize::from(letter != other);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == b[j - 1] && a[i - 1] == *other {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["Count", "Constraints", "Datacenters", "MemoryMB", "MemoryMaxMB", "ID"];
        for (word, expected) in [
            ("Conut", Some("Count")),
            ("Constraint", Some("Constraints")),
            ("Datacentres", Some("Datacenters")),
            ("Memory", Some("MemoryMB")),
            ("id", Some("ID")),
            ("Cuont", Some("Count")),
            ("Services", None),
            ("", None),
            ("X", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(nearest(&"Count".repeat(1 << 20), known), None);
    }
}
