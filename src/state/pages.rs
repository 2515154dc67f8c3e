//! Copy-on-write pages: the one table type of the state.
//!
//! A table is a tree of three levels whose leaves hold `LEAF` records each, and a tail that has not
//! become a leaf yet. Copying a table copies two pointers; the first write to a page that is shared
//! copies that page and the two short lists of pointers above it, nothing else. Appending touches the
//! tail alone, so that a fork of a table of any size can be appended to at once.

use std::ops::Index;

use super::codec::{Flaw, Reader, Saved, SavedByPages, Writer, save_all};
use super::page_arc::PageArc;

/// How many leaves hang on one list of the middle level.
const MIDDLE: usize = 32;

type Leaf<T> = PageArc<[T]>;
type Middle<T> = PageArc<Vec<Leaf<T>>>;

/// A growable table that is cheap to copy and cheap to change after a copy.
#[derive(Debug)]
pub(crate) struct Pages<T, const LEAF: usize> {
    root: PageArc<Vec<Middle<T>>>,
    tail: PageArc<Vec<T>>,
    /// How many records the leaves hold; always a multiple of `LEAF`.
    in_leaves: usize,
}

impl<T, const LEAF: usize> Clone for Pages<T, LEAF> {
    fn clone(&self) -> Self {
        Pages { root: self.root.clone(), tail: self.tail.clone(), in_leaves: self.in_leaves }
    }
}

impl<T, const LEAF: usize> Default for Pages<T, LEAF> {
    fn default() -> Self {
        Pages { root: PageArc::default(), tail: PageArc::default(), in_leaves: 0 }
    }
}

impl<T: Clone, const LEAF: usize> Pages<T, LEAF> {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.in_leaves + self.tail.len()
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        if index >= self.in_leaves {
            return self.tail.get(index - self.in_leaves);
        }
        let leaf = index / LEAF;
        self.root.get(leaf / MIDDLE)?.get(leaf % MIDDLE)?.get(index % LEAF)
    }

    /// The records from an index to the end of its leaf: none beyond the end of the table.
    pub(crate) fn rest_of_leaf(&self, index: usize) -> &[T] {
        if index >= self.in_leaves {
            return self.tail.get(index - self.in_leaves..).unwrap_or_default();
        }
        let leaf = index / LEAF;
        let middle = self.root.get(leaf / MIDDLE);
        let leaf = middle.and_then(|middle| middle.get(leaf % MIDDLE));
        leaf.and_then(|leaf| leaf.get(index % LEAF..)).unwrap_or_default()
    }

    /// A reader of many records.
    pub(crate) fn reader(&self) -> PageReader<'_, T, LEAF> {
        PageReader { pages: self, middle: &[], first_leaf: 0, leaf: &[], from: 0 }
    }

    /// A record to change; its page is copied first if another table shares it.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if index >= self.in_leaves {
            let at = index - self.in_leaves;
            // Checked first, so that a miss does not copy the tail.
            return if at < self.tail.len() { self.tail_mut()?.get_mut(at) } else { None };
        }
        let leaf = index / LEAF;
        let middle = PageArc::make_mut(PageArc::make_mut(&mut self.root).get_mut(leaf / MIDDLE)?);
        let leaf = middle.get_mut(leaf % MIDDLE)?;
        if !PageArc::is_unique(leaf) {
            *leaf = leaf.to_vec().into();
        }
        PageArc::get_mut(leaf)?.get_mut(index % LEAF)
    }

    pub(crate) fn push(&mut self, record: T) {
        // A table that filled a leaf will fill another one.
        let wanted = if self.tail.is_empty() && self.in_leaves > 0 { LEAF } else { 0 };
        let Some(tail) = self.tail_mut() else { return };
        if wanted > 0 {
            tail.reserve_exact(wanted);
        }
        tail.push(record);
        if tail.len() == LEAF {
            self.freeze_tail();
        }
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.tail.is_empty() {
            if self.in_leaves == 0 {
                return None;
            }
            self.thaw_last_leaf();
        }
        self.tail_mut()?.pop()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.root
            .iter()
            .flat_map(|middle| middle.iter())
            .flat_map(|leaf| leaf.iter())
            .chain(self.tail.iter())
    }

    /// The tail, made ours with room for a whole leaf: a copy of a `Vec` has room for its length
    /// only, and would be copied once more by the next append. There always is one.
    #[inline]
    fn tail_mut(&mut self) -> Option<&mut Vec<T>> {
        if !PageArc::is_unique(&self.tail) {
            self.copy_tail();
        }
        PageArc::get_mut(&mut self.tail)
    }

    #[cold]
    fn copy_tail(&mut self) {
        let mut own = Vec::with_capacity(LEAF);
        own.extend_from_slice(&self.tail);
        self.tail = PageArc::new(own);
    }

    fn freeze_tail(&mut self) {
        let records = std::mem::take(PageArc::make_mut(&mut self.tail));
        self.push_leaf(records.into());
    }

    fn push_leaf(&mut self, leaf: Leaf<T>) {
        let root = PageArc::make_mut(&mut self.root);
        if self.in_leaves.is_multiple_of(LEAF * MIDDLE) {
            root.push(PageArc::new(Vec::with_capacity(MIDDLE)));
        }
        if let Some(middle) = root.last_mut() {
            PageArc::make_mut(middle).push(leaf);
        }
        self.in_leaves += LEAF;
    }

    fn thaw_last_leaf(&mut self) {
        let root = PageArc::make_mut(&mut self.root);
        let Some(middle) = root.last_mut() else { return };
        let leaf = PageArc::make_mut(middle).pop();
        if middle.is_empty() {
            root.pop();
        }
        self.in_leaves -= LEAF;
        self.tail = PageArc::new(leaf.map_or_else(Vec::new, |records| records.to_vec()));
    }
}

/// Reads records of a table: at once what lies on the leaf of the one before, and nearly so what lies on a
/// neighbour of that.
pub(crate) struct PageReader<'a, T, const LEAF: usize> {
    pages: &'a Pages<T, LEAF>,
    /// The leaves beside the present one.
    middle: &'a [Leaf<T>],
    /// The number of the first of them among all leaves.
    first_leaf: usize,
    leaf: &'a [T],
    /// The index of the leaf's first record.
    from: usize,
}

impl<'a, T: Clone, const LEAF: usize> PageReader<'a, T, LEAF> {
    #[inline]
    pub(crate) fn get(&mut self, index: usize) -> Option<&'a T> {
        let found = self.leaf.get(index.wrapping_sub(self.from));
        found.or_else(|| self.turn_to(index))
    }

    #[inline(never)]
    fn turn_to(&mut self, index: usize) -> Option<&'a T> {
        let leaf = index / LEAF;
        if let Some(neighbour) = self.middle.get(leaf.wrapping_sub(self.first_leaf)) {
            (self.from, self.leaf) = (leaf * LEAF, neighbour);
        } else if index >= self.pages.in_leaves {
            (self.from, self.leaf) = (self.pages.in_leaves, &self.pages.tail);
        } else {
            self.first_leaf = leaf - leaf % MIDDLE;
            self.middle = self.pages.root.get(leaf / MIDDLE)?;
            (self.from, self.leaf) = (leaf * LEAF, self.middle.get(leaf % MIDDLE)?);
        }
        self.leaf.get(index - self.from)
    }
}

impl<T: Saved + Clone, const LEAF: usize> Saved for Pages<T, LEAF> {
    fn save(&self, out: &mut Writer) {
        save_all(self.len(), self.iter(), out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Self, Flaw> {
        let mut pages = Pages::default();
        for _ in 0..input.length()? {
            pages.push(T::load(input)?);
        }
        Ok(pages)
    }
}

impl<T: Saved + Send + Sync + 'static, const LEAF: usize> SavedByPages for Pages<T, LEAF> {
    fn save_pages(&self, out: &mut Writer) {
        let Pages { root, tail, in_leaves: _ } = self;
        root.save(out);
        tail.save(out);
    }

    fn load_pages(input: &mut Reader<'_>) -> Result<Self, Flaw> {
        let (root, tail) = <(PageArc<Vec<Middle<T>>>, PageArc<Vec<T>>)>::load(input)?;
        let place = PageArc::as_ptr(&root) as usize;
        let is_full = |(at, middle): (usize, &Middle<T>)| match at + 1 == root.len() {
            true => (1..=MIDDLE).contains(&middle.len()),
            false => middle.len() == MIDDLE,
        };
        let mut leaves = root.iter().flat_map(|middle| middle.iter());
        let is_sound = tail.len() < LEAF
            && (input.sound == place
                || root.iter().enumerate().all(is_full) && leaves.all(|leaf| leaf.len() == LEAF));
        if !is_sound {
            return Err(Flaw::Disagrees("the pages of a table do not fit together".into()));
        }
        input.sound = place;
        let in_leaves = root.iter().map(|middle| middle.len() * LEAF).sum();
        Ok(Pages { root, tail, in_leaves })
    }
}

impl<T: Clone, const LEAF: usize> Index<usize> for Pages<T, LEAF> {
    type Output = T;

    /// The record at an index that the state itself handed out.
    #[inline]
    fn index(&self, index: usize) -> &T {
        if index >= self.in_leaves {
            return &self.tail[index - self.in_leaves];
        }
        let leaf = index / LEAF;
        &self.root[leaf / MIDDLE][leaf % MIDDLE][index % LEAF]
    }
}

impl<T: Clone, const LEAF: usize> FromIterator<T> for Pages<T, LEAF> {
    fn from_iter<I: IntoIterator<Item = T>>(records: I) -> Self {
        let mut pages = Pages::default();
        let mut records = records.into_iter();
        loop {
            let mut leaf = Vec::with_capacity(records.size_hint().0.min(LEAF));
            leaf.extend(records.by_ref().take(LEAF));
            if leaf.len() < LEAF {
                pages.tail = PageArc::new(leaf);
                return pages;
            }
            pages.push_leaf(leaf.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pages;

    type Table = Pages<u32, 4>;

    #[test]
    fn pushes_and_pops_across_leaves_and_middles() {
        let many = 4 * 64 * 3 + 7;
        let mut table: Table = (0..many).collect();
        assert_eq!(table.len(), many as usize);
        assert!(table.iter().copied().eq(0..many));
        for expected in (0..many).rev() {
            assert_eq!(table.pop(), Some(expected));
            assert_eq!(table.len(), expected as usize);
        }
        assert_eq!(table.pop(), None);
    }

    #[test]
    fn a_write_to_a_copy_leaves_the_original_alone() {
        let original: Table = (0..1_000).collect();
        let mut copy = original.clone();
        for index in [0, 3, 4, 255, 256, 999] {
            *copy.get_mut(index).unwrap() = 7_777;
        }
        copy.push(1_000);
        assert!(original.iter().copied().eq(0..1_000));
        assert_eq!(copy[256], 7_777);
        assert_eq!(copy[1], 1);
        assert_eq!(copy.len(), 1_001);
    }

    #[test]
    fn an_index_beyond_the_end_is_no_record() {
        let mut table: Table = (0..6).collect();
        assert_eq!(table.get(6), None);
        assert_eq!(table.get_mut(6), None);
        let mut reader = table.reader();
        let read = [0, 3, 5, 1, 6, 99, 4].map(|index| reader.get(index).copied());
        assert_eq!(read, [Some(0), Some(3), Some(5), Some(1), None, None, Some(4)]);
        let rest = [0, 3, 4, 5, 6, 99].map(|index| table.rest_of_leaf(index).len());
        assert_eq!(rest, [4, 1, 2, 1, 0, 0]);
        // Across leaves, their lists and the tail, there and back.
        let many = 4 * 32 * 2 + 3;
        let table: Table = (0..many).collect();
        let mut reader = table.reader();
        for index in (0..many).chain((0..many).rev()).chain((0..many).map(|at| at * 101 % many)) {
            assert_eq!(reader.get(index as usize), Some(&index));
        }
        assert_eq!(reader.get(many as usize), None);
    }
}
