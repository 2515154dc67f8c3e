//! Lists, maps, tables, and what may be missing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher, Hash};

use indexmap::{IndexMap, IndexSet};

use super::{Flaw, Reader, Saved, Writer};

/// For how many things room is made before they were seen.
const AT_FIRST: usize = 1 << 12;

/// Writes what may be missing.
pub(crate) fn save_option<T: Saved>(it: Option<&T>, out: &mut Writer) {
    out.byte(u8::from(it.is_some()));
    if let Some(it) = it {
        it.save(out);
    }
}

impl<T: Saved> Saved for Option<T> {
    fn save(&self, out: &mut Writer) {
        save_option(self.as_ref(), out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Option<T>, Flaw> {
        Ok(match bool::load(input)? {
            false => None,
            true => Some(T::load(input)?),
        })
    }
}

impl<T: Saved> Saved for Box<T> {
    fn save(&self, out: &mut Writer) {
        T::save(self, out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Box<T>, Flaw> {
        T::load(input).map(Box::new)
    }
}

macro_rules! tuple {
    ($($name:ident),*) => {
        impl<$($name: Saved),*> Saved for ($($name,)*) {
            #[allow(non_snake_case, reason = "a part is named by its type")]
            fn save(&self, out: &mut Writer) {
                let ($($name,)*) = self;
                $( $name.save(out); )*
            }

            fn load(input: &mut Reader<'_>) -> Result<Self, Flaw> {
                Ok(($($name::load(input)?,)*))
            }
        }
    };
}

tuple!(A, B);
tuple!(A, B, C);

/// Writes a list of which the length is known.
pub(crate) fn save_all<'a, T: Saved + 'a>(
    length: usize,
    all: impl Iterator<Item = &'a T>,
    out: &mut Writer,
) {
    out.number(length as u64);
    all.for_each(|it| it.save(out));
}

impl<T: Saved> Saved for Vec<T> {
    fn save(&self, out: &mut Writer) {
        save_all(self.len(), self.iter(), out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Vec<T>, Flaw> {
        let length = input.length()?;
        let mut all = Vec::with_capacity(length.min(AT_FIRST));
        for _ in 0..length {
            all.push(T::load(input)?);
        }
        Ok(all)
    }
}

impl<T: Saved> Saved for VecDeque<T> {
    fn save(&self, out: &mut Writer) {
        save_all(self.len(), self.iter(), out);
    }

    fn load(input: &mut Reader<'_>) -> Result<VecDeque<T>, Flaw> {
        Vec::load(input).map(VecDeque::from)
    }
}

impl<K: Saved + Ord, V: Saved> Saved for BTreeMap<K, V> {
    fn save(&self, out: &mut Writer) {
        out.number(self.len() as u64);
        for (key, value) in self {
            key.save(out);
            value.save(out);
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<Self, Flaw> {
        let length = input.length()?;
        (0..length).map(|_| Ok((K::load(input)?, V::load(input)?))).collect()
    }
}

impl<K: Saved + Ord> Saved for BTreeSet<K> {
    fn save(&self, out: &mut Writer) {
        save_all(self.len(), self.iter(), out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Self, Flaw> {
        let length = input.length()?;
        (0..length).map(|_| K::load(input)).collect()
    }
}

impl<K: Saved + Eq + Hash, V: Saved, S: BuildHasher + Default> Saved for IndexMap<K, V, S> {
    fn save(&self, out: &mut Writer) {
        out.number(self.len() as u64);
        for (key, value) in self {
            key.save(out);
            value.save(out);
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<Self, Flaw> {
        let length = input.length()?;
        let mut map = IndexMap::with_capacity_and_hasher(length.min(AT_FIRST), S::default());
        for _ in 0..length {
            if map.insert(K::load(input)?, V::load(input)?).is_some() {
                return Err(Flaw::Disagrees("a key comes twice".into()));
            }
        }
        Ok(map)
    }
}

impl<K: Saved + Eq + Hash, S: BuildHasher + Default> Saved for IndexSet<K, S> {
    fn save(&self, out: &mut Writer) {
        save_all(self.len(), self.iter(), out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Self, Flaw> {
        let mut set = IndexSet::default();
        for _ in 0..input.length()? {
            if !set.insert(K::load(input)?) {
                return Err(Flaw::Disagrees("a thing comes twice".into()));
            }
        }
        Ok(set)
    }
}
