//! Writing what is known as bytes and reading it again: numbers of few bytes, lists with their lengths,
//! and what is shared once.
//!
//! In: records. Out: bytes, and records again, or the flaw for which bytes are none. May import `model` and `time`.
//!
//! Bytes may come from anywhere: reading never panics, and makes room only for what is there.

mod basic;
mod collections;
mod documents;
mod reader;
mod sharing;
mod writer;

pub(crate) use self::collections::{save_all, save_option};
pub(crate) use self::documents::{load_json, save_json};
pub(crate) use self::reader::{Flaw, Reader};
pub(crate) use self::sharing::{save_equal, save_equal_by, save_unshared};
pub(crate) use self::writer::Writer;

/// What can be written as bytes and read again.
pub(crate) trait Saved: Sized {
    /// Writes it.
    fn save(&self, out: &mut Writer);

    /// Reads one.
    fn load(input: &mut Reader<'_>) -> Result<Self, Flaw>;
}

/// A table of which many copies are kept, so that what they have in common is written once.
pub(crate) trait SavedByPages: Sized {
    /// Writes it by its pages.
    fn save_pages(&self, out: &mut Writer);

    /// Reads one by its pages.
    fn load_pages(input: &mut Reader<'_>) -> Result<Self, Flaw>;
}

/// Says how a struct is written: field by field, in this order. A field that is not named does not
/// compile. One that came with a later format says so, and is the default in files from before; one that
/// is not for files is `skipped`, and the default again. A list of its own kind that is `listed` is written
/// like any other list. What is `equal` to another one, or each of a list of `equals`, is written once.
///
/// ```text
/// saved!(Delivery { count, token, due, attempts since 2 });
/// ```
macro_rules! saved {
    ($name:ident { $($field:ident $($how:ident $($since:literal)?)?),* $(,)? }) => {
        impl $crate::state::codec::Saved for $name {
            fn save(&self, out: &mut $crate::state::codec::Writer) {
                let $name { $($field),* } = self;
                $( $crate::state::codec::saved!(@save $field, out $(, $how)?); )*
            }

            fn load(
                input: &mut $crate::state::codec::Reader<'_>,
            ) -> Result<Self, $crate::state::codec::Flaw> {
                Ok($name {
                    $( $field: $crate::state::codec::saved!(@load input $(, $how $($since)?)?), )*
                })
            }
        }
    };
    (@save $field:ident, $out:ident) => {
        $crate::state::codec::Saved::save($field, $out)
    };
    (@save $field:ident, $out:ident, since) => {
        $crate::state::codec::Saved::save($field, $out)
    };
    (@save $field:ident, $out:ident, json) => {
        $crate::state::codec::save_json($field, $out)
    };
    (@save $field:ident, $out:ident, pages) => {
        $crate::state::codec::SavedByPages::save_pages($field, $out)
    };
    (@save $field:ident, $out:ident, listed) => {
        $crate::state::codec::save_all($field.len(), $field.iter(), $out)
    };
    (@save $field:ident, $out:ident, equal) => {
        $crate::state::codec::save_equal($field, $out)
    };
    (@save $field:ident, $out:ident, equals) => {
        $out.number($field.len() as u64);
        $field.iter().for_each(|it| $crate::state::codec::save_equal(it, $out));
    };
    (@save $field:ident, $out:ident, skipped) => {
        let _ = $field;
    };
    (@load $input:ident) => {
        $crate::state::codec::Saved::load($input)?
    };
    (@load $input:ident, since $since:literal) => {
        if $input.format() >= $since {
            $crate::state::codec::Saved::load($input)?
        } else {
            Default::default()
        }
    };
    (@load $input:ident, json) => {
        $crate::state::codec::load_json($input)?
    };
    (@load $input:ident, pages) => {
        $crate::state::codec::SavedByPages::load_pages($input)?
    };
    (@load $input:ident, listed) => {
        <Vec<_> as $crate::state::codec::Saved>::load($input)?.into_iter().collect()
    };
    (@load $input:ident, equal) => {
        $crate::state::codec::Saved::load($input)?
    };
    (@load $input:ident, equals) => {
        $crate::state::codec::saved!(@load $input, listed)
    };
    (@load $input:ident, skipped) => {
        Default::default()
    };
}

/// Says which number stands for each of a closed set. One that is not named does not compile, and a number
/// once given stays what it is.
macro_rules! saved_as_number {
    ($name:ident { $($variant:ident = $number:literal),* $(,)? }) => {
        impl $crate::state::codec::Saved for $name {
            fn save(&self, out: &mut $crate::state::codec::Writer) {
                out.byte(match self { $( $name::$variant => $number, )* });
            }

            fn load(
                input: &mut $crate::state::codec::Reader<'_>,
            ) -> Result<Self, $crate::state::codec::Flaw> {
                match input.byte()? {
                    $( $number => Ok($name::$variant), )*
                    _ => Err($crate::state::codec::Flaw::Unknown(stringify!($name))),
                }
            }
        }
    };
}

pub(crate) use saved;
pub(crate) use saved_as_number;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Flaw, Reader, Saved, Writer};

    #[derive(Debug, Default, PartialEq)]
    struct Old {
        name: String,
        numbers: Vec<i64>,
    }

    #[derive(Debug, Default, PartialEq)]
    struct New {
        name: String,
        numbers: Vec<i64>,
        since: Option<u64>,
        made: u8,
    }

    saved!(Old { name, numbers });
    saved!(New { name, numbers, since since 2, made skipped });

    fn bytes_of(it: &impl Saved) -> Vec<u8> {
        let mut out = Writer::default();
        it.save(&mut out);
        out.take()
    }

    #[test]
    fn a_field_that_came_later_is_the_default_in_files_from_before() {
        let old = Old { name: "web".into(), numbers: vec![i64::MIN, -1, 0, 1, i64::MAX] };
        let bytes = bytes_of(&old);
        let read = New::load(&mut Reader::new(&bytes, 1)).unwrap();
        assert_eq!((&read.name, &read.numbers, read.since), (&old.name, &old.numbers, None));
        assert_eq!(New::load(&mut Reader::new(&bytes, 2)), Err(Flaw::Short));
        let new = New { since: Some(u64::MAX), made: 7, ..read };
        let bytes = bytes_of(&new);
        let again = New::load(&mut Reader::new(&bytes, 2)).unwrap();
        assert_eq!(again, New { made: 0, ..new });
    }

    #[test]
    fn what_is_shared_is_shared_again() {
        let (text, list) = (Arc::<str>::from("dc1"), Arc::new(vec![1u32, 2]));
        let all = vec![
            (Arc::clone(&text), Arc::clone(&list)),
            (Arc::from("dc1"), Arc::clone(&list)),
            (text, Arc::new(vec![3])),
        ];
        let bytes = bytes_of(&all);
        let mut input = Reader::new(&bytes, 1);
        let again: Vec<(Arc<str>, Arc<Vec<u32>>)> = Vec::load(&mut input).unwrap();
        assert_eq!((&again, input.left()), (&all, 0));
        assert!(Arc::ptr_eq(&again[0].0, &again[2].0) && Arc::ptr_eq(&again[0].0, &again[1].0));
        assert!(Arc::ptr_eq(&again[0].1, &again[1].1));
        assert_eq!(bytes_of(&again), bytes);
        // A number of another kind of thing leads nowhere.
        let mut out = Writer::default();
        (Arc::new(7u32), ()).save(&mut out);
        out.number(1);
        let bytes = out.take();
        let mut input = Reader::new(&bytes, 1);
        Arc::<u32>::load(&mut input).unwrap();
        assert_eq!(Arc::<u64>::load(&mut input), Err(Flaw::Unknown("thing that is shared")));
    }

    #[test]
    fn lengths_that_lie_make_no_room() {
        for length in [5, 1 << 20, u64::MAX] {
            let mut out = Writer::default();
            out.number(length);
            let bytes = out.take();
            assert_eq!(Vec::<u64>::load(&mut Reader::new(&bytes, 1)), Err(Flaw::Short));
            assert_eq!(String::load(&mut Reader::new(&bytes, 1)), Err(Flaw::Short));
        }
    }
}
