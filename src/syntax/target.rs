//! Targets: what the sides of a constraint name (docs/placement.md, sections 2.5 and 5.1).

use super::{SyntaxError, excerpt};

/// What one side of a constraint on nodes names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// The text itself, which is always found.
    Literal(Box<str>),
    /// `${node.unique.id}`, always found.
    NodeId,
    /// `${node.unique.name}`, always found.
    NodeName,
    /// `${node.datacenter}`, always found.
    Datacenter,
    /// `${node.class}`, always found, perhaps empty.
    NodeClass,
    /// `${node.pool}`, always found.
    NodePool,
    /// `${attr.<key>}`, found where the node has the attribute.
    Attribute(Box<str>),
    /// `${meta.<key>}`, found where the node has the entry.
    Meta(Box<str>),
    /// Any other text that starts with `${`; never found.
    Unknown(Box<str>),
}

/// Why a target that is written well is none.
const NO_SUCH_NAME: &str = "there is nothing of that name";

/// What [`Target::validate_left`] allows, but for the spellings of the first API.
const ALLOWED: &str = "`${node.unique.id}`, `${node.unique.name}`, `${node.datacenter}`, \
    `${node.class}`, `${node.pool}`, `${attr.<key>}` and `${meta.<key>}`";

impl Target {
    /// Reads a left side. Beside what [`Target::right`] reads, a bare dotted name such as `kernel.name`
    /// is the attribute of that name, as the original's own documents use it.
    pub(crate) fn left(text: &str) -> Self {
        if is_bare_name(text) { Target::Attribute(text.into()) } else { Target::right(text) }
    }

    /// Reads a right side: a target if it starts with `${` or is one of the first API, a literal
    /// otherwise.
    pub(crate) fn right(text: &str) -> Self {
        if !text.starts_with("${") {
            return Target::of_first_api(text).unwrap_or_else(|| Target::Literal(text.into()));
        }
        match text {
            "${node.unique.id}" => Target::NodeId,
            "${node.unique.name}" => Target::NodeName,
            "${node.datacenter}" => Target::Datacenter,
            "${node.class}" => Target::NodeClass,
            "${node.pool}" => Target::NodePool,
            _ => {
                if let Some(key) = key(text, "${attr.") {
                    Target::Attribute(key.into())
                } else if let Some(key) = key(text, "${meta.") {
                    Target::Meta(key.into())
                } else {
                    Target::Unknown(text.into())
                }
            }
        }
    }

    /// Reads a target as the first API writes it, without braces: `$node.datacenter`, `$attr.<key>`,
    /// `$meta.<key>`. None if the text is nothing of the kind.
    fn of_first_api(text: &str) -> Option<Self> {
        let name = text.strip_prefix('$').filter(|name| is_bare_name(name))?;
        Some(match name.split_once('.')? {
            ("node", "id") => Target::NodeId,
            ("node", "name") => Target::NodeName,
            ("node", "datacenter") => Target::Datacenter,
            ("node", _) => Target::Unknown(text.into()),
            ("attr", key) => Target::Attribute(key.into()),
            ("meta", key) => Target::Meta(key.into()),
            _ => return None,
        })
    }

    /// Whether a text is sensible as a left side, for validation.
    ///
    /// It is an error if the text contains `$` without `{` and is no target of the first API, if a brace
    /// is not closed, if the target is unknown, or if there is text around it: nothing is substituted
    /// inside longer text.
    pub(crate) fn validate_left(text: &str) -> Result<(), SyntaxError> {
        match Target::of_first_api(text) {
            None => {}
            Some(Target::Unknown(_)) => return Err(mistake(text, NO_SUCH_NAME, ALLOWED)),
            Some(_) => return Ok(()),
        }
        validate(text, ALLOWED, |text| !matches!(Target::right(text), Target::Unknown(_)))
    }

    /// The text of a literal.
    pub(crate) fn literal(&self) -> Option<&str> {
        if let Target::Literal(text) = self { Some(text) } else { None }
    }
}

/// What one side of a constraint on devices names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DeviceTarget {
    /// The text itself, which is read as a typed value.
    Literal(Box<str>),
    /// `${device.model}`, always found.
    Model,
    /// `${device.vendor}`, always found.
    Vendor,
    /// `${device.type}`, always found.
    Type,
    /// `${device.ids}`, the ids of the group's instances with commas between them, always found.
    Ids,
    /// `${device.attr.<key>}`, found where the device has the attribute.
    Attribute(Box<str>),
    /// Any other text that starts with `${`; never found.
    Unknown(Box<str>),
}

/// What [`DeviceTarget::validate_left`] allows.
const DEVICE_ALLOWED: &str = "`${device.model}`, `${device.vendor}`, `${device.type}`, \
    `${device.ids}` and `${device.attr.<key>}`";

impl DeviceTarget {
    /// Reads either side.
    pub(crate) fn parse(text: &str) -> Self {
        if !text.starts_with("${") {
            return DeviceTarget::Literal(text.into());
        }
        match text {
            "${device.model}" => DeviceTarget::Model,
            "${device.vendor}" => DeviceTarget::Vendor,
            "${device.type}" => DeviceTarget::Type,
            "${device.ids}" => DeviceTarget::Ids,
            _ => match key(text, "${device.attr.") {
                Some(key) => DeviceTarget::Attribute(key.into()),
                None => DeviceTarget::Unknown(text.into()),
            },
        }
    }

    /// Whether a text is sensible as a left side; the errors are those of [`Target::validate_left`].
    pub(crate) fn validate_left(text: &str) -> Result<(), SyntaxError> {
        let known = |text: &str| !matches!(DeviceTarget::parse(text), DeviceTarget::Unknown(_));
        validate(text, DEVICE_ALLOWED, known)
    }
}

/// The text after a prefix, without one closing brace, which may be missing.
fn key<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let key = text.strip_prefix(prefix)?;
    Some(key.strip_suffix('}').unwrap_or(key))
}

/// Whether a text is a dotted name that starts with a letter, such as `kernel.name`: parts of letters,
/// digits, `_` and `-`, at least two of them. `linux` and `1.2` are literals.
fn is_bare_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.contains('.')
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(allowed))
}

fn mistake(text: &str, reason: &'static str, allowed: &'static str) -> SyntaxError {
    SyntaxError::Target { text: excerpt(text), reason, allowed }
}

/// The rules of both validations. `known` is asked about texts of the form `${...}` only.
fn validate(
    text: &str,
    allowed: &'static str,
    known: impl Fn(&str) -> bool,
) -> Result<(), SyntaxError> {
    let error = |reason| Err(mistake(text, reason, allowed));
    let Some((before, from_dollar)) = text.split_once('$') else {
        return Ok(());
    };
    let Some(inside) = from_dollar.strip_prefix('{') else {
        return error("the name after `$` needs braces around it");
    };
    let Some((name, after)) = inside.split_once('}') else {
        return error("its brace is not closed");
    };
    if !before.is_empty() || !after.is_empty() {
        return error("nothing is substituted inside longer text");
    }
    if name.ends_with('.') || name.contains(['$', '{']) || !known(text) {
        return error(NO_SUCH_NAME);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        let attribute = |key: &str| Target::Attribute(key.into());
        let cases = [
            ("${node.unique.id}", Target::NodeId),
            ("${node.unique.name}", Target::NodeName),
            ("${node.datacenter}", Target::Datacenter),
            ("${node.class}", Target::NodeClass),
            ("${node.pool}", Target::NodePool),
            ("${attr.kernel.name}", attribute("kernel.name")),
            ("${attr.kernel.name", attribute("kernel.name")),
            ("${attr.a}}", attribute("a}")),
            ("${attr.}", attribute("")),
            ("${attr.a}-x", attribute("a}-x")),
            ("${meta.rack}", Target::Meta("rack".into())),
            ("${node.id}", Target::Unknown("${node.id}".into())),
            ("${node.region}", Target::Unknown("${node.region}".into())),
            ("${node.class", Target::Unknown("${node.class".into())),
            ("${", Target::Unknown("${".into())),
            ("x${node.class}", Target::Literal("x${node.class}".into())),
            ("$node.id", Target::NodeId),
            ("$node.name", Target::NodeName),
            ("$node.datacenter", Target::Datacenter),
            ("$node.class", Target::Unknown("$node.class".into())),
            ("$attr.kernel.name", attribute("kernel.name")),
            ("$meta.rack", Target::Meta("rack".into())),
            ("$meta", Target::Literal("$meta".into())),
            ("$meta.", Target::Literal("$meta.".into())),
            ("$meta.a}", Target::Literal("$meta.a}".into())),
            ("$kernel.name", Target::Literal("$kernel.name".into())),
            ("x$meta.rack", Target::Literal("x$meta.rack".into())),
            ("", Target::Literal("".into())),
        ];
        for (text, target) in cases {
            assert_eq!(Target::left(text), target, "{text}");
            assert_eq!(Target::right(text), target, "{text}");
        }
    }

    #[test]
    fn bare_names_are_attributes_on_the_left() {
        for text in ["kernel.name", "driver.docker", "a.b-c_d.1", "cpu.0"] {
            assert_eq!(Target::left(text), Target::Attribute(text.into()));
            assert_eq!(Target::right(text), Target::Literal(text.into()));
        }
        for text in
            ["linux", "1.2", "a.", ".a", "a..b", "a b.c", "a.b,c", "ä.b", "_a.b", "10.5 GHz"]
        {
            assert_eq!(Target::left(text), Target::Literal(text.into()));
        }
    }

    /// A host network is resolved like a right side; the key found here has a brace in it, and no
    /// node has such an entry.
    #[test]
    fn row_40_text_after_a_target_never_resolves() {
        let target = Target::right("${meta.private_network}-x");
        assert_eq!(target, Target::Meta("private_network}-x".into()));
    }

    #[test]
    fn validation_accepts_what_can_be_found() {
        let fine = [
            "${node.unique.id}",
            "${node.class}",
            "${node.pool}",
            "${attr.kernel.name}",
            "${meta.rack}",
            "${meta.a b}",
            "$attr.kernel.name",
            "$meta.rack",
            "$node.datacenter",
            "linux",
            "kernel.name",
            "",
            "a}b",
        ];
        for text in fine {
            assert_eq!(Target::validate_left(text), Ok(()), "{text}");
        }
        for text in ["${device.model}", "${device.ids}", "${device.attr.memory}", "2080"] {
            assert_eq!(DeviceTarget::validate_left(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn validation_refuses_what_cannot_be_found() {
        let reason = |text| match Target::validate_left(text) {
            Err(SyntaxError::Target { reason, .. }) => reason,
            other => panic!("{text}: {other:?}"),
        };
        assert!(reason("$kernel.name").contains("braces"));
        assert!(reason("$meta.a}").contains("braces"));
        assert!(reason("a$b").contains("braces"));
        assert!(reason("${attr.kernel.name").contains("not closed"));
        assert!(reason("${").contains("not closed"));
        assert!(reason("${meta.a}-x").contains("longer text"));
        assert!(reason("x${meta.a}").contains("longer text"));
        for text in [
            "$node.region",
            "${node.region}",
            "${foo}",
            "${node.id}",
            "${}",
            "${attr.}",
            "${attr.${x}",
        ] {
            assert!(reason(text).contains("nothing of that name"), "{text}");
        }
        let error = DeviceTarget::validate_left("${attr.x}").unwrap_err().to_string();
        assert_eq!(
            error,
            "`${attr.x}` is not a target: there is nothing of that name; allowed are \
             `${device.model}`, `${device.vendor}`, `${device.type}`, `${device.ids}` and \
             `${device.attr.<key>}`"
        );
    }

    #[test]
    fn device_targets_are_read() {
        let cases = [
            ("${device.model}", DeviceTarget::Model),
            ("${device.vendor}", DeviceTarget::Vendor),
            ("${device.type}", DeviceTarget::Type),
            ("${device.ids}", DeviceTarget::Ids),
            ("${device.attr.memory}", DeviceTarget::Attribute("memory".into())),
            ("${attr.memory}", DeviceTarget::Unknown("${attr.memory}".into())),
            ("device.attr.memory", DeviceTarget::Literal("device.attr.memory".into())),
            ("11 GiB", DeviceTarget::Literal("11 GiB".into())),
        ];
        for (text, target) in cases {
            assert_eq!(DeviceTarget::parse(text), target, "{text}");
        }
    }
}
