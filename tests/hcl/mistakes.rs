//! Files that are wrong, and files that ask for too much.

use stowplan::hcl::{self, HclError, Inputs};

fn error(text: &str) -> HclError {
    match hcl::document(text, &Inputs::new()) {
        Err(error) => error,
        Ok(_) => panic!("this was read: {}", text.chars().take(500).collect::<String>()),
    }
}

/// A job with something in its one group.
fn group(inside: &str) -> String {
    format!("job \"j\" {{\n  group \"g\" {{\n{inside}\n  }}\n}}\n")
}

/// A job with a variable of the value 3 that has a rule.
fn validated(condition: &str, message: &str) -> String {
    format!(
        "variable \"x\" {{\n  default = 3\n  validation {{\n    condition = {condition}\n    error_message = \"{message}\"\n  }}\n}}\njob \"j\" {{\n}}\n"
    )
}

#[test]
fn a_value_that_its_rules_allow_is_taken() {
    let rule =
        validated("length(regexall(\"^[0-9]$\", var.x)) == 1 && contains([1, 3], var.x)", "odd");
    assert!(hcl::document(&rule, &Inputs::new()).is_ok(), "{rule}");
}

#[test]
fn every_mistake_has_its_place() {
    for (text, wanted) in [
        ("", "line 1, column 1: the file has no block `job"),
        ("job \"x\" {", "line 1, column 10: the text ends too early"),
        (
            "job \"a\" {\n  name = \"b\n}\n",
            "line 2, column 10: a string begins here and is not closed",
        ),
        (
            &group("    task \"t\" {\n      driver = \"docker\n      user = \"a\"\n    }"),
            "line 4, column 16: a string begins here and is not closed on its line",
        ),
        (
            &group("    meta {\n      a = \"one\ntwo\"\n    }"),
            "line 4, column 11: a string begins here and is not closed on its line",
        ),
        ("job {\n}\n", "line 1, column 1: expected one label, found 0: `job \"name\" {`"),
        ("job \"a\" {\n}\njob \"b\" {\n}\n", "line 3, column 1: a second job"),
        ("jobs \"a\" {\n}\n", "line 1, column 1: unknown `jobs` at the top"),
        (
            &group("    cuont = 3"),
            "line 3, column 5: unknown argument `cuont` in `group`; did you mean `count`?",
        ),
        (&group("    count = \"x\""), "line 3, column 13: expected a number, found `x`"),
        (&group("    count = 1.5"), "line 3, column 13: expected an integer, found 1.5"),
        (&group("    update = {}"), "line 3, column 5: `update` is a block: write `update {`"),
        (&group("    count {\n}"), "line 3, column 5: `count` is an argument: write `count = ...`"),
        (&group("    shutdown_delay = \"1d\""), "a day is `24h`"),
        (
            &group("    update {\n    }\n    update {\n    }"),
            "line 5, column 5: a second block `update`",
        ),
        (&group("    volume \"a\" {\n    }\n    volume \"a\" {\n    }"), "a second `a`"),
        (&group("    task \"t\" {\n      network {\n      }\n    }"), "of their group"),
        (
            &group("    constraint {\n      regexp = \"a\"\n      version = \"1\"\n    }"),
            "one operator",
        ),
        (&group("    meta {\n      \"a.b\" = 1\n    }"), "meta = {"),
        (&group("    dynamic \"task\" {\n    }"), "`dynamic` needs `for_each"),
        ("variable \"x\" {\n}\njob \"j\" {\n}\n", "`x` has no default"),
        (
            "variable \"x\" {\n  type    = number\n  default = \"y\"\n}\njob \"j\" {\n}\n",
            "line 3, column 13",
        ),
        (
            &validated("var.x > 5", "has to be more than 5, and ${var.x} is not"),
            "line 3, column 3: the value of the variable `x` is not allowed: has to be more than 5, and 3 is not",
        ),
        (
            &validated("\"${var.x}y\"", "odd"),
            "line 4, column 17: expected `true` or `false`, found `3y`",
        ),
        (&validated("var.y == 1", "odd"), "line 4, column 17: unknown variable `y`"),
        (&validated("true\n    other = 1", "odd"), "line 5, column 5: unknown argument `other`"),
        (
            "variable \"x\" {\n  default = 1\n  validation {\n    condition = true\n  }\n}\njob \"j\" {\n}\n",
            "line 3, column 3: a `validation` has a `condition` and an `error_message`",
        ),
        ("variable \"x\" {\n  type = strin\n}\njob \"j\" {\n}\n", "unknown type `strin`"),
        (
            "locals {\n  a = local.b\n  b = local.a\n}\njob \"j\" {\n  name = local.a\n}\n",
            "needs itself",
        ),
        ("job \"j\" {\n  name = \"${FOO:-bar}\"\n}\n", "write `$${`"),
    ] {
        let error = error(text).to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
}

#[test]
fn values_for_variables_are_checked() {
    let text = "variable \"n\" {\n  type    = list(number)\n  default = [1]\n}\n\
                job \"j\" {\n  priority = var.n[0]\n}\n";
    let mut inputs = Inputs::new();
    inputs.set("n", "[70, 80]");
    assert_eq!(hcl::job(text, &inputs).unwrap().priority, Some(70));
    inputs.set("n", "[\"x\"]");
    let error = hcl::job(text, &inputs).unwrap_err().to_string();
    assert!(error.contains("the value for the variable `n`: expected a number"), "{error}");
    inputs.set("n", "[");
    assert!(hcl::job(text, &inputs).is_err());
    let mut inputs = Inputs::new();
    inputs.set("m", "1");
    let error = hcl::job(text, &inputs).unwrap_err().to_string();
    assert!(error.contains("`m`, which the file does not declare"), "{error}");
    inputs = Inputs::new();
    inputs.read_variables("n = [40 + 2]\n").unwrap();
    assert_eq!(hcl::job(text, &inputs).unwrap().priority, Some(42));
    assert!(inputs.read_variables("n = local.x\n").is_err());
}

/// What would take the machine's memory or days is refused, and soon.
#[test]
fn expansions_are_bounded() {
    let doubled = |what: &str| {
        let mut text = format!("locals {{\n  x0 = {what}\n");
        for at in 1..60 {
            let before = at - 1;
            text.push_str(&match what.starts_with('[') {
                true => format!("  x{at} = [local.x{before}, local.x{before}]\n"),
                false => format!("  x{at} = \"${{local.x{before}}}${{local.x{before}}}\"\n"),
            });
        }
        text + "}\njob \"j\" {\n  task \"t\" {\n    config {\n      it = local.x59\n    }\n  }\n}\n"
    };
    let dynamic = "dynamic \"service\" {\n for_each = range(1000)\n content {\n dynamic \"check\" {\n \
                   for_each = range(1000)\n content {\n }\n }\n }\n }";
    let loops = "count = length([for a in range(1000) : [for b in range(1000) : [for c in \
                 range(1000) : c]]])";
    for text in [
        doubled("[1]"),
        doubled("\"0123456789abcdef\""),
        group(dynamic),
        group(loops),
        group("count = length(setproduct(range(1000), range(1000), range(1000)))"),
        group("count = length(format(\"%999s\", \"a\") == indent(1000000000, \"a\\nb\") ? 1 : 2)"),
        group(&format!("count = {}1", "1 + ".repeat(5_000))),
        group(&format!("count = {}1{}", "(".repeat(3_000), ")".repeat(3_000))),
        group(&format!("count = {}1", "-".repeat(3_000))),
        group(&format!("count = {}1{}", "[".repeat(300_000), "]".repeat(300_000))),
        group(&format!("meta = {{\n{}}}\n", "a = 1\n".repeat(30_000))),
        format!("job \"j\" {{\n{}", "group \"g\" {\n".repeat(5_000)),
        group(&format!("count = \"{}1{}\"", "${\"".repeat(200), "\"}".repeat(200))),
        " ".repeat(2 << 20),
    ] {
        error(&text);
    }
}

/// Locals that need one another over many steps.
#[test]
fn chains_of_locals_end() {
    let mut text = String::from("locals {\n  x0 = 1\n");
    for at in 1..10_000 {
        text.push_str(&format!("  x{at} = [local.x{}]\n", at - 1));
    }
    text.push_str("}\njob \"j\" {\n  priority = local.x9999\n}\n");
    assert!(error(&text).to_string().contains("deep"));
}
