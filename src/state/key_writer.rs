//! Keys: what two things must have in common to be alike, as words.
//!
//! Parts of a key carry their lengths and lists their counts, so that no two different lists of parts
//! make the same key.

/// A key that is being written; its memory is used again and again. A word is added in a few instructions,
/// where a number's bytes would be copied.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyWriter(Vec<u64>);

impl KeyWriter {
    /// Begins another key.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The key written so far.
    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }

    /// Writes a number.
    #[inline]
    pub(crate) fn number(&mut self, number: u64) {
        self.0.push(number);
    }

    /// Writes a text with its length before it. Its last word is filled up with zeros.
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        let (whole, rest) = text.as_bytes().as_chunks::<8>();
        whole.iter().for_each(|bytes| self.number(u64::from_le_bytes(*bytes)));
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.number(u64::from_le_bytes(last));
        }
    }

    /// Writes a list with its count before it, which is known once all items are written.
    pub(crate) fn list<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut KeyWriter, T),
    ) {
        let (place, mut count) = (self.0.len(), 0);
        self.number(0);
        for item in items {
            write(self, item);
            count += 1;
        }
        if let Some(before) = self.0.get_mut(place) {
            *before = count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KeyWriter;

    #[test]
    fn different_texts_make_different_keys() {
        let key = |texts: &[&str]| {
            let mut key = KeyWriter::default();
            texts.iter().for_each(|text| key.text(text));
            key.words().to_vec()
        };
        let lists: [&[&str]; 9] = [
            &[],
            &[""],
            &["", ""],
            &["a"],
            &["a\0"],
            &["ab"],
            &["a", "b"],
            &["12345678"],
            &["123456789"],
        ];
        for (at, texts) in lists.iter().enumerate() {
            assert!(lists[..at].iter().all(|other| key(other) != key(texts)), "{texts:?}");
        }
    }
}
