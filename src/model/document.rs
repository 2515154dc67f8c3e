//! The macro behind every JSON object of the API, and what lenient reading means.
//!
//! A document struct has one public field for each key that scheduling knows, under the API's own
//! name, and `extra` for all the others, so that reading and writing keeps what is not understood.

use serde::{Deserialize, Deserializer};

/// Unknown keys of an object, kept as they came.
pub(crate) type Extra = serde_json::Map<String, serde_json::Value>;

/// Reads `null` as the default value, like an absent key.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Defines a document: a struct whose fields are the keys of a JSON object.
///
/// Every field reads `null` and absence as its default, keys are `PascalCase` unless a field renames
/// itself, and unknown keys go to `extra`.
macro_rules! document {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident: $ty:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(rename_all = "PascalCase", default, expecting = "an object")]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(deserialize_with = "crate::model::document::nullable")]
                pub $field: $ty,
            )*
            /// Keys that scheduling does not use, kept as they came.
            #[serde(flatten)]
            pub extra: crate::model::document::Extra,
        }
    };
}

pub(crate) use document;
