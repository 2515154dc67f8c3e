//! Sets of ports: sparse bit sets, since a node uses a few of its 65,536 ports.

use super::codec::{Flaw, Reader, Saved, Writer};

/// Bits in one chunk.
const CHUNK: u32 = 1024;
const WORDS: usize = CHUNK as usize / 64;

/// A set of port numbers. Chunks without a port are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortSet {
    /// By number of the chunk, ascending.
    chunks: Vec<(u8, Box<[u64; WORDS]>)>,
}

fn chunk_of(port: u16) -> u8 {
    (u32::from(port) / CHUNK) as u8
}

fn word_and_bit(port: u16) -> (usize, u64) {
    let within = u32::from(port) % CHUNK;
    ((within / 64) as usize, 1 << (within % 64))
}

impl Saved for PortSet {
    fn save(&self, out: &mut Writer) {
        self.iter().collect::<Vec<u16>>().save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<PortSet, Flaw> {
        let mut set = PortSet::default();
        for port in Vec::<u16>::load(input)? {
            set.insert(port);
        }
        Ok(set)
    }
}

impl PortSet {
    pub(crate) fn contains(&self, port: u16) -> bool {
        let (word, bit) = word_and_bit(port);
        match self.chunks.binary_search_by_key(&chunk_of(port), |chunk| chunk.0) {
            Ok(at) => self.chunks[at].1[word] & bit != 0,
            Err(_) => false,
        }
    }

    /// All ports in the set, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> {
        self.chunks.iter().flat_map(|(chunk, words)| {
            let first = u32::from(*chunk) * CHUNK;
            let is_in = |bit: &u32| words[(bit / 64) as usize] & (1 << (bit % 64)) != 0;
            (0..CHUNK).filter(is_in).map(move |bit| (first + bit) as u16)
        })
    }

    /// Adds a port; false if it was there already.
    pub(crate) fn insert(&mut self, port: u16) -> bool {
        let chunk = chunk_of(port);
        let at = match self.chunks.binary_search_by_key(&chunk, |chunk| chunk.0) {
            Ok(at) => at,
            Err(at) => {
                self.chunks.insert(at, (chunk, Box::new([0; WORDS])));
                at
            }
        };
        let (word, bit) = word_and_bit(port);
        let is_new = self.chunks[at].1[word] & bit == 0;
        self.chunks[at].1[word] |= bit;
        is_new
    }

    /// Takes a port out, and its chunk with it when nothing else is in it, so that equal sets are
    /// equal whatever was in them before.
    pub(crate) fn remove(&mut self, port: u16) {
        let Ok(at) = self.chunks.binary_search_by_key(&chunk_of(port), |chunk| chunk.0) else {
            return;
        };
        let (word, bit) = word_and_bit(port);
        self.chunks[at].1[word] &= !bit;
        if self.chunks[at].1.iter().all(|&word| word == 0) {
            self.chunks.remove(at);
        }
    }

    /// The lowest port from `first` to `last`, both included, that is not in the set.
    pub(crate) fn first_free(&self, first: u16, last: u16) -> Option<u16> {
        let mut port = u32::from(first);
        while port <= u32::from(last) {
            let word = self.word(port);
            let free = !word >> (port % 64);
            if free != 0 {
                let found = port + free.trailing_zeros();
                return (found <= u32::from(last)).then_some(found as u16);
            }
            port = (port / 64 + 1) * 64;
        }
        None
    }

    /// The word that holds a port's bit.
    fn word(&self, port: u32) -> u64 {
        let chunk = (port / CHUNK) as u8;
        match self.chunks.binary_search_by_key(&chunk, |chunk| chunk.0) {
            Ok(at) => self.chunks[at].1[(port % CHUNK / 64) as usize],
            Err(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PortSet;

    #[test]
    fn inserts_removes_and_finds_free_ports() {
        let mut set = PortSet::default();
        for port in 20_000..=31_998 {
            assert!(set.insert(port));
            assert!(!set.insert(port));
        }
        assert_eq!(set.first_free(20_000, 32_000), Some(31_999));
        assert!(set.insert(31_999) && set.insert(32_000));
        assert_eq!(set.first_free(20_000, 32_000), None);
        set.remove(25_555);
        assert!(!set.contains(25_555));
        assert_eq!(set.first_free(20_000, 32_000), Some(25_555));
        assert_eq!(set.first_free(u16::MAX, u16::MAX), Some(u16::MAX));
    }

    #[test]
    fn an_emptied_set_equals_one_that_never_held_anything() {
        let mut set = PortSet::default();
        set.insert(u16::MAX);
        set.insert(0);
        set.remove(u16::MAX);
        set.remove(0);
        assert_eq!(set, PortSet::default());
    }
}
