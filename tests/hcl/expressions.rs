//! Expressions and what they come to.

use serde_json::{Value, json};
use stowplan::hcl::{self, HclError, Inputs};

/// The value of an expression, as a driver would get it.
fn value(expression: &str) -> Result<Value, HclError> {
    let text = format!(
        "locals {{\n  n = 3\n  names = [\"a\", \"b\"]\n  racks = {{ r1 = 1, r2 = 2 }}\n}}\n\
         job \"j\" {{\n  task \"t\" {{\n    config {{\n      it = [{expression}]\n    }}\n  }}\n}}\n"
    );
    let mut document = hcl::document(&text, &Inputs::new())?;
    let value = document.pointer_mut("/TaskGroups/0/Tasks/0/Config/it/0").unwrap();
    Ok(value.take())
}

#[track_caller]
fn all(cases: &[(&str, Value)]) {
    for (expression, wanted) in cases {
        match value(expression) {
            Ok(found) => assert_eq!(found, *wanted, "{expression}"),
            Err(error) => panic!("{expression}: {error}"),
        }
    }
}

#[test]
fn operators_and_conditions() {
    all(&[
        ("1 + 2 * 3", json!(7)),
        ("7 / 2", json!(3.5)),
        ("6 / 2", json!(3)),
        ("-7 % 3", json!(-1)),
        ("(1 + 2) * 3 == 9", json!(true)),
        ("1 < 2 && !(2 <= 1) || false", json!(true)),
        ("local.n > 2 ? \"many\" : \"few\"", json!("many")),
        ("false && local.missing", json!(false)),
        ("[1, [2]] == [1, [2]]", json!(true)),
        ("\"1\" == 1", json!(false)),
        ("9223372036854775807 + 1", json!(9_223_372_036_854_775_808.0)),
        ("1e3", json!(1000)),
    ]);
}

#[test]
fn templates() {
    all(&[
        ("\"${local.n}\"", json!(3)),
        ("\"n=${local.n}\"", json!("n=3")),
        ("\"${attr.kernel.name}\"", json!("${attr.kernel.name}")),
        ("\"a ${NOMAD_ALLOC_ID} b\"", json!("a ${NOMAD_ALLOC_ID} b")),
        ("\"${env[\"HOME\"]}/x\"", json!("${env[\"HOME\"]}/x")),
        ("\"$${x} %%{y}\"", json!("${x} %{y}")),
        ("\"%{ if local.n > 2 }yes%{ else }no%{ endif }\"", json!("yes")),
        ("\"%{ for x in local.names }<${x}>%{ endfor }\"", json!("<a><b>")),
        ("\"a  ${~ local.n ~}  b\"", json!("a3b")),
        ("\"tab\\tquote\\\" \\u00e9\"", json!("tab\tquote\" \u{e9}")),
    ]);
}

#[test]
fn loops_and_paths() {
    all(&[
        ("[for x in local.names : upper(x)]", json!(["A", "B"])),
        ("[for i, x in local.names : \"${i}${x}\" if i > 0]", json!(["1b"])),
        ("{ for k, v in local.racks : v => k... }", json!({"1": ["r1"], "2": ["r2"]})),
        ("{ for x in local.names : x => 1 }", json!({"a": 1, "b": 1})),
        ("local.names[1]", json!("b")),
        ("local.names.0", json!("a")),
        ("local.racks[\"r2\"]", json!(2)),
        ("[{ a = 1 }, { a = 2 }][*].a", json!([1, 2])),
        ("[{ a = 1 }, { a = 2 }].*.a", json!([1, 2])),
        ("{ (local.names[0]) = 1, \"x y\" = 2, z : 3 }", json!({"a": 1, "x y": 2, "z": 3})),
    ]);
}

#[test]
fn functions_of_texts() {
    all(&[
        (
            "format(\"%03d|%-4s|%.2f|%q|%x|%%\", 7, \"a\", 1.5, \"b\", 255)",
            json!("007|a   |1.50|\"b\"|ff|%"),
        ),
        ("format(\"%05.1f|%+d|%5s\", -2.25, 3, \"é\")", json!("-02.2|+3|    é")),
        ("formatlist(\"%s-%d\", local.names, 1)", json!(["a-1", "b-1"])),
        ("join(\",\", split(\" \", \"a b c\"))", json!("a,b,c")),
        ("replace(\"a-b-c\", \"-\", \".\")", json!("a.b.c")),
        ("replace(\"a1b22\", \"/[0-9]+/\", \"<$0>\")", json!("a<1>b<22>")),
        ("substr(\"hello\", 1, 3)", json!("ell")),
        ("substr(\"hello\", -3, -1)", json!("llo")),
        (
            "[lower(\"A\"), title(\"hello big world\"), strrev(\"abc\")]",
            json!(["a", "Hello Big World", "cba"]),
        ),
        ("[trim(\"--a--\", \"-\"), trimspace(\" a \"), chomp(\"a\\n\")]", json!(["a", "a", "a"])),
        ("[trimprefix(\"v1\", \"v\"), trimsuffix(\"a.go\", \".go\")]", json!(["1", "a"])),
        ("indent(2, \"a\\nb\")", json!("a\n  b")),
        (
            "[startswith(\"abc\", \"ab\"), endswith(\"abc\", \"x\"), strcontains(\"abc\", \"b\")]",
            json!([true, false, true]),
        ),
        ("regex(\"([a-z]+)-([0-9]+)\", \"web-12\")", json!(["web", "12"])),
        ("regex(\"(?P<name>[a-z]+)\", \"web-12\")", json!({"name": "web"})),
        ("regexall(\"[0-9]+\", \"1 22 x\")", json!(["1", "22"])),
        ("regex_replace(\"aaa\", \"a\", \"b\")", json!("bbb")),
        ("length(\"é\")", json!(1)),
    ]);
}

#[test]
fn functions_of_collections() {
    all(&[
        ("compact([\"a\", \"\", \"b\", null])", json!(["a", "b"])),
        ("concat([1], [2, 3])", json!([1, 2, 3])),
        ("flatten([1, [2, [3]]])", json!([1, 2, 3])),
        ("distinct([\"b\", \"a\", \"b\"])", json!(["b", "a"])),
        ("toset([\"b\", \"a\", \"b\"])", json!(["a", "b"])),
        ("setproduct([\"a\", \"b\"], [1, 2])", json!([["a", 1], ["a", 2], ["b", 1], ["b", 2]])),
        ("setunion([\"b\"], [\"a\", \"b\"])", json!(["a", "b"])),
        ("setintersection([1, 2, 3], [2, 3], [3])", json!([3])),
        ("[contains(local.names, \"b\"), index(local.names, \"b\")]", json!([true, 1])),
        ("element(local.names, 5)", json!("b")),
        ("lookup(local.racks, \"r9\", 0)", json!(0)),
        ("merge({ a = 1, b = 1 }, { b = 2 })", json!({"a": 1, "b": 2})),
        ("[keys(local.racks), values(local.racks)]", json!([["r1", "r2"], [1, 2]])),
        ("range(3)", json!([0, 1, 2])),
        ("range(1, 8, 3)", json!([1, 4, 7])),
        ("range(3, 0)", json!([3, 2, 1])),
        (
            "[reverse([1, 2]), slice([1, 2, 3], 1, 3), sort([\"b\", \"a\"])]",
            json!([[2, 1], [2, 3], ["a", "b"]]),
        ),
        ("zipmap(local.names, [1, 2])", json!({"a": 1, "b": 2})),
        ("chunklist([1, 2, 3], 2)", json!([[1, 2], [3]])),
        ("coalesce(null, \"\", \"x\")", json!("x")),
        ("[alltrue([true, \"true\"]), anytrue([]), one([5])]", json!([true, false, 5])),
        ("max(concat([1], [9, 4])...)", json!(9)),
    ]);
}

#[test]
fn functions_of_numbers_encodings_and_dates() {
    all(&[
        (
            "[abs(-3), ceil(1.2), floor(-1.2), signum(-9), min(2, 1), sum([1, 2.5])]",
            json!([3, 2, -2, -1, 1, 3.5]),
        ),
        ("[pow(2, 10), parseint(\"ff\", 16)  , pow(2, -1)]", json!([1024, 255, 0.5])),
        ("[tonumber(\"4\"), tostring(4), tobool(\"true\")]", json!([4, "4", true])),
        ("[base64encode(\"hello\"), base64decode(\"aGVsbG8=\")]", json!(["aGVsbG8=", "hello"])),
        ("jsondecode(\"{\\\"a\\\": [1, null, 1.5]}\")", json!({"a": [1, null, 1.5]})),
        ("jsonencode({ b = [true, \"x\\\"\"], a = 1 })", json!("{\"a\":1,\"b\":[true,\"x\\\"\"]}")),
        ("urlencode(\"a b/ü\")", json!("a+b%2F%C3%BC")),
        (
            "[cidrhost(\"10.1.0.0/16\", 258), cidrnetmask(\"10.0.0.0/12\")]",
            json!(["10.1.1.2", "255.240.0.0"]),
        ),
        (
            "[cidrsubnet(\"10.0.0.0/8\", 8, 2), cidrhost(\"10.0.0.0/8\", -1)]",
            json!(["10.2.0.0/16", "10.255.255.255"]),
        ),
        ("cidrsubnets(\"10.0.0.0/8\", 1, 2)", json!(["10.0.0.0/9", "10.128.0.0/10"])),
        ("[basename(\"/a/b.txt\"), dirname(\"/a/b.txt\")]", json!(["b.txt", "/a"])),
        ("timeadd(\"2026-01-31T23:30:00Z\", \"1h\")", json!("2026-02-01T00:30:00Z")),
        (
            "formatdate(\"EEE, DD MMM YYYY hh:mm:ss 'o''clock' ZZZ\", \"2026-11-27T13:05:09Z\")",
            json!("Fri, 27 Nov 2026 13:05:09 o'clock UTC"),
        ),
        ("formatdate(\"D.M.YY H:m AA\", \"1969-12-31T00:05:09Z\")", json!("31.12.69 12:5 AM")),
        ("timecmp(\"2026-01-01T00:00:00Z\", \"2026-01-01T01:00:00+02:00\")", json!(1)),
        (
            "[can(local.missing), try(local.missing, 1), convert([1], list(string))]",
            json!([false, 1, ["1"]]),
        ),
    ]);
}

#[test]
fn mistakes_say_what_is_wrong() {
    for (expression, wanted) in [
        ("local.mane", "unknown local `mane`; set it"),
        ("local.nmaes", "did you mean `names`?"),
        ("var.x", "unknown variable `x`; declare it"),
        ("attr.kernel.name", "in quotes"),
        ("uper(\"a\")", "unknown function `uper`; did you mean `upper`?"),
        ("upper()", "`upper`: expected 1 argument, found 0"),
        ("timestamp()", "the clock is not read"),
        ("file(\"/etc/passwd\")", "not allowed here"),
        ("1 / 0", "division by 0"),
        ("\"a\" + 1", "expected a number, found `a`"),
        ("local.names[7]", "the list has 2"),
        ("local.racks.r7", "did you mean `r1`?"),
        ("range(1e9)", "more than 1024 numbers"),
        ("range(0, 5, -1)", "does not lead"),
        ("{ for x in [\"a\", \"a\"] : x => 1 }", "comes twice"),
        ("format(\"%d\", \"x\")", "expected a number, found `x`"),
        ("format(\"%s\")", "more values than there are arguments"),
        ("regex(\"(\", \"x\")", "not a usable regular expression"),
        ("pow(10, 400)", "too large"),
        ("\"${local.names}\" == \"x${local.names}\"", "expected a string, found a list"),
    ] {
        let error = value(expression).expect_err(expression).to_string();
        assert!(error.contains(wanted), "{expression}: {error}");
        assert!(error.starts_with("line 9, column "), "{expression}: {error}");
    }
}
