//! Names that many nodes share, each kept once.

use std::sync::Arc;

use indexmap::IndexSet;

use super::codec::{Flaw, Reader, Saved, Writer};

/// A name, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name(pub(crate) u32);

impl Saved for Name {
    fn save(&self, out: &mut Writer) {
        self.0.save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Name, Flaw> {
        u32::load(input).map(Name)
    }
}

impl Saved for Names {
    fn save(&self, out: &mut Writer) {
        let Names { texts, empty: _ } = self;
        texts.save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Names, Flaw> {
        Ok(Names { texts: Saved::load(input)?, empty: Arc::default() })
    }
}

impl Name {
    /// No name.
    pub(crate) const NONE: Name = Name(u32::MAX);
}

/// Names by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    texts: Arc<IndexSet<Arc<str>>>,
    empty: Arc<str>,
}

impl Names {
    /// The number of a name, made if the name is new.
    pub(crate) fn intern(&mut self, text: &str) -> Name {
        let at = match self.texts.get_index_of(text) {
            Some(at) => at,
            None => Arc::make_mut(&mut self.texts).insert_full(text.into()).0,
        };
        Name(at as u32)
    }

    /// The name of a number.
    pub(crate) fn text(&self, name: Name) -> &Arc<str> {
        self.texts.get_index(name.0 as usize).unwrap_or(&self.empty)
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Forgets the names from a number on; true if there are any.
    pub(super) fn truncate(&mut self, length: usize) -> bool {
        let is_longer = self.texts.len() > length;
        if is_longer {
            Arc::make_mut(&mut self.texts).truncate(length);
        }
        is_longer
    }
}
