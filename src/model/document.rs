//! The macro behind every JSON object of the API, and what lenient reading means.
//!
//! A document struct has one public field for each key that scheduling knows, under the API's own
//! name, and `extra` for all the others, so that reading and writing keeps what is not understood.
//!
//! Where an object has a key twice, the key is an error if scheduling knows it; of other keys and in
//! maps whose keys the user chooses (`Meta`, `Attributes`, ...) the last one wins.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Unknown keys of an object, kept as they came.
pub(crate) type Extra = serde_json::Map<String, serde_json::Value>;

/// What all document structs have in common, so that validation can look for misspelt keys.
pub(crate) trait Document {
    /// The keys that are fields of their own.
    const KEYS: &'static [&'static str];

    /// The other keys.
    fn extra(&self) -> &Extra;
}

/// Reads `null` as the default value, like an absent key.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Whether a value says no more than an absent key: what many keys are left out for in writing.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes an empty map as `null`, as the original does.
pub(crate) fn null_when_empty<S, V>(
    map: &IndexMap<String, V>,
    serializer: S,
) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    V: Serialize,
{
    if map.is_empty() { serializer.serialize_none() } else { serializer.collect_map(map) }
}

/// Writes an empty list as `null`, as the original does.
pub(crate) fn null_without_elements<S, V>(list: &[V], serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    V: Serialize,
{
    if list.is_empty() { serializer.serialize_none() } else { serializer.collect_seq(list) }
}

/// Defines a document: a struct whose fields are the keys of a JSON object.
///
/// Every field follows its key; it reads `null` and absence as its default. Unknown keys go to
/// `extra`. After the fields may come `instants`: keys whose values are instants in RFC 3339, absent
/// where they are `null`, empty or Go's zero time, and written as `null` where they are absent. With
/// `remote "Self"` at the end, the type says itself how it is read and written, by means of the
/// functions `deserialize` and `serialize` that this makes for it.
macro_rules! document {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* $key:literal => pub $field:ident: $ty:ty, )*
        }
        $(instants {
            $( $(#[$instant_meta:meta])* $instant_key:literal => pub $instant:ident, )*
        })?
        $(remote $remote:literal)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(default, expecting = "an object" $(, remote = $remote)?)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(rename = $key, deserialize_with = "crate::model::document::nullable")]
                pub $field: $ty,
            )*
            $($(
                $(#[$instant_meta])*
                #[serde(
                    rename = $instant_key,
                    deserialize_with = "crate::time::rfc3339::deserialize"
                )]
                pub $instant: Option<crate::time::Timestamp>,
            )*)?
            /// Keys that scheduling does not use, kept as they came.
            #[serde(flatten)]
            pub extra: crate::model::document::Extra,
        }

        impl crate::model::document::Document for $name {
            const KEYS: &'static [&'static str] = &[$($key,)* $($($instant_key,)*)?];

            fn extra(&self) -> &crate::model::document::Extra {
                &self.extra
            }
        }
    };
}

pub(crate) use document;
