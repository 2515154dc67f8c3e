//! Tests of `device.rs`.

use super::*;
use crate::model::constraint::{Affinity, Constraint};
use crate::model::device::DeviceInstance;

/// Two healthy instances and an unhealthy one of a graphics card with every kind of attribute.
fn card() -> DeviceFacts {
    let attribute = |json: &str| serde_json::from_str::<DeviceAttribute>(json).unwrap();
    let instance =
        |id: &str, healthy| DeviceInstance { id: id.into(), healthy, ..Default::default() };
    DeviceFacts::new(&NodeDevice {
        vendor: "nvidia".into(),
        device_type: "gpu".into(),
        name: "1080ti".into(),
        attributes: [
            ("memory", r#"{"Int": 4, "Unit": "GiB"}"#),
            ("bandwidth", r#"{"Int": 995, "Unit": "MiB/s"}"#),
            ("total", r#"{"Int": 11, "Unit": "GiB"}"#),
            ("power", r#"{"Int": 1000, "Unit": "mW"}"#),
            ("small", r#"{"Int": 1, "Unit": "GiB"}"#),
            ("cores", r#"{"Int": 3584}"#),
            ("clock", r#"{"Float": 1.5, "Unit": "GHz"}"#),
            ("driver", r#"{"String": "470.57.2"}"#),
            ("api", r#"{"Int": 11}"#),
            ("tags", r#"{"String": "fast,quiet"}"#),
            ("ecc", r#"{"Bool": true}"#),
            ("empty", "{}"),
        ]
        .map(|(key, json)| (key.to_owned(), attribute(json)))
        .into_iter()
        .collect(),
        instances: vec![instance("u1", true), instance("u2", true), instance("u3", false)],
        ..Default::default()
    })
}

fn request(name: &str, rules: &[(&str, &str, &str)]) -> DeviceRequest {
    let constraints = rules.iter().map(|(left, operand, right)| Constraint {
        l_target: (*left).into(),
        operand: Operand::from(*operand),
        r_target: (*right).into(),
        ..Default::default()
    });
    DeviceRequest::new(&RequestedDevice {
        name: name.into(),
        constraints: constraints.collect(),
        ..Default::default()
    })
}

fn holds(left: &str, operand: &str, right: &str) -> bool {
    request("", &[(left, operand, right)]).matches(&card())
}

/// As `holds`, on an attribute.
fn attribute(key: &str, operand: &str, right: &str) -> bool {
    holds(&format!("${{device.attr.{key}}}"), operand, right)
}

#[test]
fn row_41_typed_attributes() {
    assert!(attribute("memory", ">", "1320.5 MB"));
    assert!(attribute("bandwidth", "<=", ".98   GiB/s"));
    assert!(attribute("total", "is", "11264 MiB"));
    assert!(attribute("power", "=", "1 W"));
    assert!(attribute("small", "<", "1025 MiB"));
}

#[test]
fn names_match_part_by_part() {
    let yes =
        ["gpu", "nvidia/gpu", "nvidia/gpu/1080ti", "", "/gpu", "nvidia/", "//1080ti", "/gpu/"];
    for name in yes {
        assert!(request(name, &[]).matches(&card()), "{name}");
    }
    for name in ["nvidia", "amd/gpu", "nvidia/gpu/2080ti", "GPU", "nvidia/gpu/1080ti/x", "1080ti"] {
        assert!(!request(name, &[]).matches(&card()), "{name}");
    }
}

#[test]
fn literals_are_typed() {
    assert!(holds("${device.model}", "=", "1080ti"));
    assert!(!holds("${device.model}", "=", "1080"));
    assert!(!holds("${device.model}", "!=", "1080"));
    assert!(attribute("cores", ">=", "3000"));
    assert!(attribute("cores", "=", "3584.0"));
    assert!(attribute("ecc", "=", "T"));
    assert!(!attribute("ecc", "=", "yes"));
    assert!(attribute("clock", ">", "1.3 GHz"));
    assert!(!attribute("clock", ">", "1.3"));
    assert!(holds("2080", "<", "2081"));
}

#[test]
fn missing_values() {
    assert!(attribute("nope", "!=", "1"));
    assert!(!holds("${device.attr.nope}", "!=", "${device.attr.empty}"));
    assert!(holds("1", "!=", "${device.attr.nope}"));
    assert!(!attribute("nope", "=", "1"));
    assert!(!attribute("nope", "<", "1"));
    assert!(attribute("nope", "is_not_set", ""));
    assert!(attribute("empty", "is_not_set", ""));
    assert!(attribute("cores", "is_set", ""));
    assert!(!holds("${attr.cores}", "is_set", ""));
    assert!(!attribute("cores", "!=", "1 GiB"));
}

#[test]
fn versions_take_texts_and_whole_numbers() {
    assert!(attribute("driver", "version", ">= 470, < 480"));
    assert!(attribute("driver", "semver", "> 470.57"));
    assert!(attribute("api", "version", "~> 11.0"));
    assert!(attribute("api", "version", "11"));
    assert!(!attribute("clock", "version", "> 1"));
    assert!(!attribute("nope", "version", "> 1"));
}

#[test]
fn sets_need_texts() {
    assert!(attribute("tags", "set_contains", "quiet"));
    assert!(attribute("tags", "set_contains_any", "loud, fast"));
    assert!(!attribute("tags", "set_contains_all", "loud,fast"));
    assert!(!attribute("cores", "set_contains", "3584"));
}

#[test]
#[cfg(feature = "regexp")]
fn patterns_need_texts() {
    assert!(holds("${device.model}", "regexp", "^1080"));
    assert!(!holds("${device.model}", "regexp", "1080"), "the pattern reads as a number");
    assert!(!attribute("cores", "regexp", "^3"));
}

#[test]
fn other_operands_never_hold() {
    assert!(!holds("a", "distinct_hosts", "a"));
    assert!(!holds("a", "~", "a"));
}

#[test]
fn instances_are_judged_one_by_one() {
    let rule = ("${device.ids}", "set_contains_any", "u2,u9");
    let picky = request("gpu", &[rule]);
    assert!(picky.matches(&card()));
    assert!(picky.has_instance_rules());
    assert!(!picky.instance_allowed(&card(), "u1"));
    assert!(picky.instance_allowed(&card(), "u2"));

    let turned = request("gpu", &[("u1,u3", "set_contains_any", "${device.ids}")]);
    assert!(turned.matches(&card()));
    assert!(turned.instance_allowed(&card(), "u1"));
    assert!(!turned.instance_allowed(&card(), "u2"));

    let other = request("gpu", &[("${device.ids}", "!=", "u1")]);
    assert!(other.matches(&card()));
    assert!(!other.instance_allowed(&card(), "u1"));
    assert!(other.instance_allowed(&card(), "u2"));

    // The group as a whole is not `u1`.
    assert!(!holds("${device.ids}", "=", "u1"));

    let easy = request("gpu", &[("${device.vendor}", "=", "nvidia")]);
    assert!(!easy.has_instance_rules());
    assert!(easy.instance_allowed(&card(), "u1"));
}

#[test]
fn affinities_sum_their_weights() {
    let affinity = |left: &str, right: &str, weight| Affinity {
        l_target: left.into(),
        r_target: right.into(),
        weight,
        ..Default::default()
    };
    let soft = Constraint {
        l_target: "${device.vendor}".into(),
        r_target: "amd".into(),
        hard: Some(false),
        weight: Some(-5),
        ..Default::default()
    };
    let request = DeviceRequest::new(&RequestedDevice {
        name: "gpu".into(),
        count: Some(2),
        constraints: vec![soft],
        affinities: vec![
            affinity("${device.vendor}", "nvidia", Some(30)),
            affinity("${device.model}", "1080ti", Some(-10)),
            affinity("${device.model}", "2080ti", None),
        ],
        ..Default::default()
    });
    assert_eq!(request.count(), 2);
    assert!(request.matches(&card()));
    assert_eq!(request.affinity(&card()), 20.0);
    assert_eq!(request.weight_sum(), 95.0);
}

#[test]
fn defaults() {
    let plain = request("gpu", &[]);
    assert_eq!(plain.count(), 1);
    assert_eq!(plain.weight_sum(), 0.0);
    assert_eq!(card().healthy(), 2);
}
