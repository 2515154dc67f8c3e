//! Identities as the API takes them: what is said of those that are none.

use super::refusal::Refusal;
use super::text::excerpt;

/// How long an identity is.
const LENGTH: usize = 36;

/// Says of an identity that was not found whether it is one at all: whole ones are needed.
pub(super) fn check_id(id: &str, noun: &str) -> Result<(), Refusal> {
    match id.len() {
        LENGTH => Ok(()),
        _ => {
            let text = "lookup failed: index error: UUID must be 36 characters";
            Err(Refusal::failed(format!("{noun} {text}")))
        }
    }
}

/// Says of a beginning under which nothing was found whether it can be one.
pub(super) fn check_prefix(prefix: &str, noun: &str) -> Result<(), Refusal> {
    let failed =
        |what: String| Err(Refusal::failed(format!("{noun} lookup failed: index error: {what}")));
    let digits: Vec<char> = prefix.chars().filter(|sign| *sign != '-').collect();
    if digits.len() % 2 == 1 {
        return failed("Input (without hyphens) must be even length".to_owned());
    }
    if prefix.chars().count() > LENGTH {
        return failed(format!("Invalid UUID length: {}", excerpt(prefix)));
    }
    match digits.iter().find(|sign| !sign.is_ascii_hexdigit()) {
        Some(sign) => {
            let code = u32::from(*sign);
            failed(format!(
                "Invalid UUID: encoding/hex: invalid byte: U+{code:04X} '{}'",
                sign.escape_default()
            ))
        }
        None => Ok(()),
    }
}

/// An identity that is the same whenever it is derived from the same texts.
pub(super) fn derived(texts: &[&str]) -> String {
    // The hash of Fowler, Noll and Vo, of 128 bits, with something between the texts.
    const PRIME: u128 = (1 << 88) + 0x13b;
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in bytes {
        hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    }
    let digits = format!("{hash:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_derived_from_texts() {
        let (a, b) = (derived(&["a", "bc"]), derived(&["ab", "c"]));
        assert!(a != b && a == derived(&["a", "bc"]) && check_id(&a, "policy").is_ok());
    }

    #[test]
    fn what_is_no_identity_is_called_so_in_the_original_words() {
        let text = |refused: Result<(), Refusal>| refused.unwrap_err().text().to_owned();
        let short = text(check_id("6536fa8f", "node"));
        assert_eq!(short, "node lookup failed: index error: UUID must be 36 characters");
        let odd = text(check_prefix("abc", "node"));
        assert_eq!(
            odd,
            "node lookup failed: index error: Input (without hyphens) must be even length"
        );
        let strange = text(check_prefix("zz", "node"));
        let words =
            "node lookup failed: index error: Invalid UUID: encoding/hex: invalid byte: U+007A 'z'";
        assert_eq!(strange, words);
        assert_eq!(check_prefix("6536fa8f-4575", "node"), Ok(()));
    }
}
