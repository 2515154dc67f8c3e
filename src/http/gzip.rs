//! Bodies packed on request.

use std::io::Write as _;

use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Smaller bodies are sent as they are: little is gained.
const PACKED_MIN: usize = 1_400;

/// Whether who sent these headers can unpack what is packed.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let values =
        || headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|it| it.to_str().ok());
    let codings = || values().flat_map(|it| it.split(','));
    // What is said of all codings goes for those that are not named (RFC 9110, section 12.5.3).
    is_wanted(codings(), "gzip").or_else(|| is_wanted(codings(), "*")).unwrap_or(false)
}

/// Whether a coding is wanted; none if nothing is said of it.
fn is_wanted<'a>(mut codings: impl Iterator<Item = &'a str>, wanted: &str) -> Option<bool> {
    codings.find_map(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = quality.trim().strip_prefix("q=").unwrap_or("1");
        let is_it = name.trim().eq_ignore_ascii_case(wanted);
        is_it.then(|| quality.parse::<f32>().is_ok_and(|quality| quality > 0.0))
    })
}

/// Bytes, packed; none if they are few.
pub(super) fn gzipped(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() < PACKED_MIN {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn who_takes_it_says_so() {
        let says = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            takes_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]))
        };
        for text in ["gzip", "deflate, gzip;q=0.5", "*", "gzip ; q=1.0", "GZip", "br;q=0, *"] {
            assert!(says(text), "{text}");
        }
        for text in ["", "deflate", "gzip;q=0", "gzip;q=x", "gzip;q=0, *", "*, gzip;q=0.0", "*;q=0"]
        {
            assert!(!says(text), "{text}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
