//! Job files of our own against the documents that they mean.

use std::fs;
use std::path::Path;

use serde_json::Value;
use stowplan::hcl::{self, Inputs};
use stowplan::model::Job;

/// What a document says: without what is `null`.
fn said(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            fields.map(|(key, value)| (key.clone(), said(value))).collect()
        }
        Value::Array(items) => items.iter().map(said).collect(),
        value => value.clone(),
    }
}

#[test]
fn mean_their_documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hcl/files");
    let mut other = Vec::new();
    for name in ["web.hcl", "nightly.nomad"] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let document =
            hcl::document(&text, &Inputs::new()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let document = said(&document);
        let path = folder.join(name).with_extension("json");
        let wanted = fs::read_to_string(&path).unwrap_or_else(|_| "null".to_owned());
        let wanted: Value = serde_json::from_str(&wanted).unwrap();
        if document != wanted {
            other.push(format!("{name} means\n{document:#}"));
        }
        Job::new(hcl::job(&text, &Inputs::new()).unwrap()).unwrap();
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
}
