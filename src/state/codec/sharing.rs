//! What several records share: written where it comes first, and by its number from then on.

use std::any::Any;
use std::hash::{BuildHasher, BuildHasherDefault, Hash};
use std::sync::Arc;

use smol_str::SmolStr;

use super::collections::save_all;
use super::{Flaw, Reader, Saved, Writer};
use crate::state::fast_map::FastHasher;
use crate::state::page_arc::PageArc;
use crate::state::slot_list::SlotList;
use crate::state::small_list::SmallList;

impl<T: Saved + Any + Send + Sync> Saved for Arc<T> {
    fn save(&self, out: &mut Writer) {
        save_shared(self, 0, out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Arc<T>, Flaw> {
        match input.number()? {
            0 => load_new(input),
            number => known(input, number - 1),
        }
    }
}

/// Writes a thing with `before`, or, if it was written already, its number counted from there.
fn save_shared<T: Saved>(it: &Arc<T>, before: u64, out: &mut Writer) {
    let place = Arc::as_ptr(it) as usize;
    if let Some(&number) = out.shared.get(&place) {
        out.number(before + 1 + number);
        return;
    }
    out.number(before);
    T::save(it, out);
    // What is in it has its number before it.
    let number = out.shared.len() as u64;
    out.shared.insert(place, number);
}

/// Writes a thing that was made for being written, as the content of an [`Arc`] that nothing else shares. It
/// may lie where another one was that is gone, so that its place says nothing.
pub(crate) fn save_unshared<T: Saved>(it: &T, out: &mut Writer) {
    save_alone(0, out, |out| it.save(out));
}

/// Writes a thing of which all that are equal are one in the file, whoever shared what before.
pub(crate) fn save_equal<T>(it: &Arc<T>, out: &mut Writer)
where
    T: Saved + Any + Send + Sync + Hash + Eq,
{
    let hash = |it: &T| BuildHasherDefault::<FastHasher>::default().hash_one(it);
    save_equal_by(it, hash, T::eq, out);
}

/// The same by a hash that equal things have in common, and by what is equal.
pub(crate) fn save_equal_by<T: Saved + Any + Send + Sync>(
    it: &Arc<T>,
    hash: impl Fn(&T) -> u64,
    are_equal: impl Fn(&T, &T) -> bool,
    out: &mut Writer,
) {
    let place = Arc::as_ptr(it) as usize;
    let hash = match out.shared.contains_key(&place) {
        true => None,
        false => Some(hash(it)),
    };
    let equal = hash.and_then(|hash| out.equal.get(&hash)).map(Vec::as_slice).unwrap_or_default();
    let known = equal
        .iter()
        .find(|(known, _)| known.downcast_ref().is_some_and(|known| are_equal(known, it)));
    match known {
        Some((_, number)) => {
            let number = *number;
            out.number(1 + number);
        }
        None => save_shared(it, 0, out),
    }
    if let (Some(hash), Some(&number)) = (hash, out.shared.get(&place)) {
        out.equal.entry(hash).or_default().push((Arc::<T>::clone(it), number));
    }
}

/// Writes a thing with `before` that nothing else shares, but that has a number like what may be shared.
fn save_alone(before: u64, out: &mut Writer, save: impl FnOnce(&mut Writer)) {
    out.number(before);
    save(out);
    let number = out.shared.len() as u64;
    // What is shared lies at even places.
    out.shared.insert(out.shared.len() << 1 | 1, number);
}

fn load_new<T: Saved + Any + Send + Sync>(input: &mut Reader<'_>) -> Result<Arc<T>, Flaw> {
    let it = Arc::new(T::load(input)?);
    input.shared.push(it.clone());
    Ok(it)
}

fn known<T: Any + Send + Sync>(input: &Reader<'_>, number: u64) -> Result<Arc<T>, Flaw> {
    let it = usize::try_from(number).ok().and_then(|number| input.shared.get(number));
    let it = it.and_then(|it| Arc::clone(it).downcast().ok());
    it.ok_or(Flaw::Unknown("thing that is shared"))
}

/// What pages of a table hang on. As nothing else does, a pointer to the pointer is kept of it.
impl<T: Saved + Send + Sync + 'static> Saved for PageArc<T> {
    fn save(&self, out: &mut Writer) {
        save_page(self.as_ptr() as usize, out, |out| T::save(self, out));
    }

    fn load(input: &mut Reader<'_>) -> Result<PageArc<T>, Flaw> {
        load_page(input, |input| Ok(PageArc::new(T::load(input)?)))
    }
}

/// A page of a table.
impl<T: Saved + Send + Sync + 'static> Saved for PageArc<[T]> {
    fn save(&self, out: &mut Writer) {
        let place = self.as_ptr().cast::<T>() as usize;
        save_page(place, out, |out| save_all(self.len(), self.iter(), out));
    }

    fn load(input: &mut Reader<'_>) -> Result<PageArc<[T]>, Flaw> {
        load_page(input, |input| Ok(Vec::load(input)?.into()))
    }
}

/// Writes what lies at a place, or, if it was written already, its number.
fn save_page(place: usize, out: &mut Writer, save: impl FnOnce(&mut Writer)) {
    if let Some(&number) = out.shared.get(&place) {
        out.number(1 + number);
        return;
    }
    out.number(0);
    save(out);
    let number = out.shared.len() as u64;
    out.shared.insert(place, number);
}

fn load_page<T: ?Sized + Send + Sync + 'static>(
    input: &mut Reader<'_>,
    load: impl FnOnce(&mut Reader<'_>) -> Result<PageArc<T>, Flaw>,
) -> Result<PageArc<T>, Flaw> {
    match input.number()? {
        0 => {
            let page = load(input)?;
            input.shared.push(Arc::new(page.clone()));
            Ok(page)
        }
        number => known::<PageArc<T>>(input, number - 1).map(|page| PageArc::clone(&*page)),
    }
}

impl Saved for Arc<str> {
    fn save(&self, out: &mut Writer) {
        if let Some(&number) = out.texts.get(self) {
            out.number(1 + number);
            return;
        }
        out.number(0);
        out.blob(self.as_bytes());
        let number = out.texts.len() as u64;
        out.texts.insert(Arc::clone(self), number);
    }

    fn load(input: &mut Reader<'_>) -> Result<Arc<str>, Flaw> {
        let number = input.number()?;
        if number > 0 {
            let text = usize::try_from(number - 1).ok().and_then(|at| input.texts.get(at));
            return text.cloned().ok_or(Flaw::Unknown("text"));
        }
        let text: Arc<str> = input.text()?.into();
        input.texts.push(text.clone());
        Ok(text)
    }
}

/// Written like a shared text.
impl Saved for SmolStr {
    fn save(&self, out: &mut Writer) {
        match out.texts.get(self.as_str()) {
            Some(&number) => out.number(1 + number),
            None => Arc::<str>::from(self.as_str()).save(out),
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<SmolStr, Flaw> {
        Ok(SmolStr::from(Arc::<str>::load(input)?))
    }
}

/// Mostly nothing or one thing; longer ones are shared.
impl<T: Saved + Any + Send + Sync> Saved for SmallList<T> {
    fn save(&self, out: &mut Writer) {
        match self {
            SmallList::None => out.number(0),
            SmallList::One(it) => {
                out.number(1);
                it.save(out);
            }
            SmallList::Many(all) => save_shared(all, 2, out),
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<SmallList<T>, Flaw> {
        Ok(match input.number()? {
            0 => SmallList::None,
            1 => SmallList::One(T::load(input)?),
            2 => SmallList::Many(load_new(input)?),
            number => SmallList::Many(known(input, number - 3)?),
        })
    }
}

/// Like the other short lists, but that no two share one.
impl<S: Saved + Copy + Any + Send + Sync> Saved for SlotList<S> {
    fn save(&self, out: &mut Writer) {
        match &**self {
            [] => out.number(0),
            [slot] => {
                out.number(1);
                slot.save(out);
            }
            slots => save_alone(2, out, |out| save_all(slots.len(), slots.iter(), out)),
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<SlotList<S>, Flaw> {
        let list = SmallList::<S>::load(input)?;
        Ok(SlotList::from(&*list))
    }
}
