//! Job files in HCL, where the program reads them.

use serde_json::json;

use super::Folder;
use super::documents::{job, node};

const WEB: &str = r#"
variable "count" {
  type    = number
  default = 1
}

variable "zone" {}

job "web" {
  group "front" {
    count = var.count

    task "nginx" {
      driver = "docker"

      meta {
        zone = var.zone
        note = file("note.txt")
      }

      resources {
        cpu    = 100
        memory = 10
      }
    }
  }
}
"#;

fn folder(name: &str) -> Folder {
    Folder::new(name)
        .with("nodes.json", json!([node("n1", 1000)]))
        .with("web.nomad.hcl", WEB)
        .with("web.job", WEB)
        .with("note.txt", "a note")
        .with("values.hcl", "count = 2\nzone = \"a\"\n")
        .with("broken.nomad", "job \"web\" {\n  cuont = 1\n}\n")
        .with("garbage.hcl", "\u{1}")
}

#[test]
fn jobs_are_read_with_values_for_their_variables() {
    let folder = folder("hcl");
    for job in ["web.nomad.hcl", "web.job"] {
        let command = format!("place --nodes nodes.json --job {job} --var zone=a --json");
        let answer = folder.run(&command).json();
        assert_eq!(answer["Allocations"].as_array().unwrap().len(), 1, "{answer}");
    }
    let command = "place --nodes nodes.json --job web.nomad.hcl --var-file values.hcl --json";
    let answer = folder.run(command).json();
    assert_eq!(answer["Allocations"].as_array().unwrap().len(), 2);
    let command = "plan --nodes nodes.json --job web.nomad.hcl --var-file values.hcl --var count=3";
    let answer = folder.run(command);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let answer = folder.run("explain --nodes nodes.json --job web.nomad.hcl --var zone=b");
    assert_eq!(answer.status, 0, "{}", answer.stderr);
}

#[test]
fn mistakes_say_where_they_are() {
    let folder = folder("hcl-mistakes");
    for (arguments, expected) in [
        (
            "--job web.nomad.hcl",
            "web.nomad.hcl: line 7, column 1: the variable `zone` has no default and was given no \
             value\n",
        ),
        (
            "--job broken.nomad",
            "broken.nomad: line 2, column 3: unknown argument `cuont` in `job`; there are ",
        ),
        ("--job garbage.hcl", "garbage.hcl: line 1, column 1: "),
        ("--job web.nomad.hcl --var-file nope.hcl", "nope.hcl: there is no such file\n"),
        ("--job web.nomad.hcl --var-file web.job", "web.job: line 2, column 1: expected lines"),
        (
            "--job web.nomad.hcl --var zone=a --var count=x",
            "web.nomad.hcl: line 2, column 1: the value for the variable `count`: ",
        ),
    ] {
        let answer = folder.run(&format!("place --nodes nodes.json {arguments}"));
        assert_eq!(answer.status, 1, "{arguments}");
        assert!(answer.stderr.starts_with(expected), "{arguments}: {}", answer.stderr);
    }
    let answer = folder.run("place --nodes nodes.json --job web.job --var zone");
    assert!(answer.stderr.contains("expected a name and a value"), "{}", answer.stderr);
}

#[test]
fn values_that_no_job_file_takes_are_told() {
    let folder = folder("hcl-unheeded").with("web.json", json!({"Job": job("web", 50, 1, 100)}));
    let said = "`--var` and `--var-file` say nothing here: no job file is in HCL\n";
    for values in ["--var zone=a", "--var-file values.hcl"] {
        let command = format!("place --nodes nodes.json --job web.json {values}");
        let answer = folder.run(&command);
        assert_eq!((answer.status, answer.stderr), (0, format!("warning: {said}")), "{command}");
        let strict = folder.run(&format!("{command} --strict"));
        assert_eq!((strict.status, strict.stderr.as_str()), (1, said), "{command}");
        // One that takes them is enough.
        let answer = folder.run(&format!("{command} --var zone=b --job web.nomad.hcl"));
        assert!(!answer.stderr.contains("say nothing"), "{}", answer.stderr);
    }
}
