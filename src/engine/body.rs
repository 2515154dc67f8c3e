//! What the bodies of commands have in common: how they are read and written.

/// Defines the body of a command: its fields by their keys; `null` and absence are the default, and
/// unknown keys are ignored.
macro_rules! bodies {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* $key:literal => pub $field:ident: $ty:ty, )*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, expecting = "an object")]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(rename = $key, deserialize_with = "crate::model::document::nullable")]
                pub $field: $ty,
            )*
        }

        impl crate::model::keys::Keyed for $name {
            const KIND: crate::model::keys::Kind =
                crate::model::keys::Kind::One(&crate::model::keys::Object(&[
                    $(($key, <$ty as crate::model::keys::Keyed>::KIND),)*
                ]));
        }
    )*};
}

pub(super) use bodies;
