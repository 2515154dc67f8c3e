//! Documents, written as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Flaw, Reader, Saved, Writer};
use crate::model::document::Extra;

/// Writes a document.
pub(crate) fn save_json<T: Serialize>(document: &T, out: &mut Writer) {
    // A document is written to memory, where writing does not fail.
    let text = serde_json::to_vec(document).unwrap_or_default();
    out.blob(&text);
}

/// Reads a document.
pub(crate) fn load_json<T: DeserializeOwned>(input: &mut Reader<'_>) -> Result<T, Flaw> {
    let text = input.blob()?;
    serde_json::from_slice(text).map_err(|error| Flaw::Document(error.to_string().into()))
}

/// Mostly there are none.
impl Saved for Extra {
    fn save(&self, out: &mut Writer) {
        match self.is_empty() {
            true => out.number(0),
            false => save_json(self, out),
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<Extra, Flaw> {
        match input.blob()? {
            [] => Ok(Extra::new()),
            text => serde_json::from_slice(text)
                .map_err(|error| Flaw::Document(error.to_string().into())),
        }
    }
}
