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

#[cfg(test)]
mod tests {
    use super::*;

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
