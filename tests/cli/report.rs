//! What people read.

use std::fs;

use serde_json::json;

use super::documents::{allocation, job, node};
use super::{Folder, example, package};

/// The README shows what its command prints.
#[test]
fn the_readme_shows_the_report_of_the_example() {
    let answer = Folder::new("readme").run(&format!("{} --explain", example()));
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    let readme = fs::read_to_string(package("README.md")).unwrap();
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(shown, Some(answer.stdout.as_str()), "\n{}", answer.stdout);
}

#[test]
fn what_fails_is_told_with_its_reasons_and_fixes() {
    let mut web = job("web", 50, 3, 600);
    web["TaskGroups"][0]["Networks"] = json!([{"DynamicPorts": [{"Label": "http", "To": 80}]}]);
    let mut nodes = json!([node("n1", 1000), node("n2", 500)]);
    for at in [0, 1] {
        nodes[at]["NodeResources"]["Networks"] =
            json!([{"Mode": "host", "Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1"}]);
    }
    let folder = Folder::new("fails").with("nodes.json", nodes).with("job.json", web);
    let answer = folder.run("place --nodes nodes.json --job job.json --seed 7");
    assert_eq!((answer.status, answer.stderr.as_str()), (2, ""));
    let port = answer.stdout.split("http ").nth(1).unwrap().split(' ').next().unwrap();
    let expected = format!(
        "\
Placed: 1 allocation
 Allocation    Node  Datacenter  Class   Score  Ports
 web.group[0]  n1    dc1         small  0.4173  http {port} -> 80

Could not be placed: 2 allocations of 1 group
 Group                                Missing  Why                                  Nearest fixes
 web.group                             2 of 3  2 nodes evaluated; 2 exhausted: 2    - 1 node (`n2`) with 100 MHz more
 asks 600 MHz, 10 MB, 1 dynamic port           cpu; and 1 more allocation alike     CPU free

How full the nodes are, by class
 Class  Nodes  CPU                            Memory                         Dynamic ports
 small      2  ++++++..........   0% ->  40%  ................   0% ->   0%  ................   0% ->   0%
+ placed now, . free

1 job: 1 allocation placed on 1 of 2 nodes, 2 could not be placed
"
    );
    assert_eq!(answer.stdout, expected, "\n{}", answer.stdout);
}

#[test]
fn what_is_evicted_is_named() {
    let mut low = allocation("00000000-0000-0000-0000-000000000001", "low", "n1", 900);
    low["Job"] = job("low", 20, 1, 900);
    let folder = Folder::new("evicts")
        .with("nodes.json", node("n1", 1000))
        .with("allocs.json", json!([low]))
        .with("job.json", job("high", 80, 1, 500));
    let answer =
        folder.run("place --nodes nodes.json --job job.json --allocs allocs.json --preempt");
    assert_eq!(answer.status, 0);
    let explained = folder
        .run("place --nodes nodes.json --job job.json --allocs allocs.json --preempt --explain");
    assert!(explained.stdout.contains("evicts low.group[0]"), "{}", explained.stdout);
    let legend = "\n# in use before, + placed now, . free\n";
    assert!(answer.stdout.contains(legend), "{}", answer.stdout);
    assert!(answer.stdout.contains("Evicts\n"), "{}", answer.stdout);
    assert!(answer.stdout.contains("low.group[0]\n"), "{}", answer.stdout);
    let totals = "1 job: 1 allocation placed on 1 of 1 node, 1 evicted\n";
    assert!(answer.stdout.ends_with(totals), "{}", answer.stdout);
}

#[test]
fn long_tables_are_cut_and_full_shows_all() {
    let nodes: Vec<_> = (0..90).map(|at| node(&format!("n{at:02}"), 1000)).collect();
    let folder = Folder::new("long")
        .with("nodes.json", json!(nodes))
        .with("job.json", job("web", 50, 60, 600));
    let rows = |text: &str| text.lines().filter(|line| line.starts_with(" web.group[")).count();
    let short = folder.run("place --nodes nodes.json --job job.json --explain");
    assert_eq!(rows(&short.stdout), 50);
    assert!(short.stdout.contains("\n10 more; `--full` shows all\n"), "{}", short.stdout);
    assert!(short.stdout.contains("\n`--full` lists every node\n"), "{}", short.stdout);
    let full = folder.run("place --nodes nodes.json --job job.json --explain --full");
    assert_eq!(rows(&full.stdout), 60);
    assert!(!full.stdout.contains("--full"), "{}", full.stdout);
}

/// Names may hold anything but must not command a terminal.
#[test]
fn control_characters_are_written_as_escapes() {
    let mut evil = node("n1", 1000);
    evil["Name"] = json!("\u{1b}[2Jn1\nx\u{202e}\u{2028}");
    let folder =
        Folder::new("control").with("nodes.json", evil).with("job.json", job("web", 50, 1, 600));
    let answer = folder.run("place --nodes nodes.json --job job.json --explain");
    assert_eq!(answer.status, 0);
    assert!(!answer.stdout.contains('\u{1b}'));
    let name = "\\u{1b}[2Jn1\\nx\\u{202e}\\u{2028}";
    assert!(answer.stdout.contains(name), "{}", answer.stdout);
    // The library's messages show the same characters in the same way.
    let mut wrong = job("web", 50, 1, 600);
    wrong["Type"] = json!("\u{1b}\n\u{202e}\u{2028}");
    folder.write("job.json", wrong);
    let answer = folder.run("place --nodes nodes.json --job job.json");
    assert!(answer.stderr.contains("`\\u{1b}\\n\\u{202e}\\u{2028}`"), "{}", answer.stderr);
}

/// Groups alike are one row, whose counts are those of the first; what was not tried is counted.
#[test]
fn failures_alike_are_one_row() {
    let mut small = node("n2", 9_000);
    small["NodeResources"]["Disk"]["DiskMB"] = json!(200);
    let jobs = [job("a", 50, 3, 20_000), job("b", 50, 3, 20_000)];
    let folder = Folder::new("alike")
        .with("nodes.json", json!([node("n1", 9_000), small]))
        .with("jobs.json", json!(jobs));
    let answer = folder.run("place --nodes nodes.json --job jobs.json");
    for part in [
        " 6 of 6  2 nodes evaluated; 2 exhausted: 2 cpu;",
        " and 2 more allocations alike",
        " and 1 more alike",
        "(these are the counts of the first)",
        "asks 20,000 MHz, 10 MB",
        "with 11,000 MHz more CPU free",
    ] {
        assert!(answer.stdout.contains(part), "{part}: {}", answer.stdout);
    }
}

/// What has a colon of its own is set apart, and numbers of the sentence have commas.
#[test]
fn what_ran_out_is_told_apart_from_the_sentence() {
    let mut web = job("web", 50, 1, 10);
    web["TaskGroups"][0]["Networks"] =
        json!([{"Mode": "host", "ReservedPorts": [{"Label": "http", "Value": 8080}]}]);
    let mut nodes: Vec<_> = (0..1_200).map(|at| node(&format!("n{at}"), 1000)).collect();
    for node in &mut nodes {
        node["ReservedResources"]["Networks"]["ReservedHostPorts"] = json!("8080");
        node["NodeResources"]["Networks"] =
            json!([{"Mode": "host", "Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1"}]);
    }
    let folder = Folder::new("taken").with("nodes.json", json!(nodes)).with("job.json", web);
    let answer = folder.run("place --nodes nodes.json --job job.json --explain");
    let parts =
        ["1,200 nodes evaluated; 1,200", "exhausted: 1,200 `network:", "http=8080`", "1 static"];
    for part in parts {
        assert!(answer.stdout.contains(part), "{part}: {}", answer.stdout);
    }
    let verdict = "`network: reserved port collision http=8080`\n";
    assert!(answer.stdout.contains(verdict), "{}", answer.stdout);
}

/// Where jobs ask for devices, ports or cores, the report says how many of them are in use.
#[test]
fn what_jobs_ask_for_is_shown_of_the_nodes() {
    let mut gpu = node("n1", 4000);
    gpu["NodeResources"]["Networks"] =
        json!([{"Mode": "host", "Device": "eth0", "IP": "10.0.0.1", "CIDR": "10.0.0.1/32"}]);
    gpu["NodeResources"]["Cpu"]["TotalCpuCores"] = json!(4);
    let device = |name: &str, ids: &[&str]| {
        let instances: Vec<_> = ids.iter().map(|id| json!({"ID": id, "Healthy": true})).collect();
        json!({"Vendor": "nvidia", "Type": "gpu", "Name": name, "Instances": instances})
    };
    gpu["NodeResources"]["Devices"] = json!([
        device("t4", &["a", "b"]),
        device("v100", &["c", "d"]),
        {"Vendor": "intel", "Type": "fpga", "Name": "f", "Instances": [{"ID": "e", "Healthy": true}]},
    ]);
    let mut web = job("web", 50, 1, 100);
    web["TaskGroups"][0]["Networks"] = json!([{"Mode": "host", "DynamicPorts": [{"Label": "a"}]}]);
    web["TaskGroups"][0]["Tasks"][0]["Resources"] =
        json!({"Cores": 1, "MemoryMB": 64, "Devices": [{"Name": "nvidia/gpu", "Count": 1}]});
    let folder = Folder::new("asked-for")
        .with("nodes.json", json!([gpu]))
        .with("web.json", web)
        .with("plain.json", job("plain", 50, 1, 100));
    let answer = folder.run("place --nodes nodes.json --job web.json");
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    let words = |begin: &str| -> Vec<String> {
        let line = answer.stdout.lines().find(|line| line.trim_start().starts_with(begin));
        let line = line.unwrap_or_else(|| panic!("no {begin}: {}", answer.stdout));
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(words("Class").join(" "), "Class Nodes CPU Memory Cores Dynamic ports");
    assert!(words("small").join(" ").contains("0% -> 25%"), "{}", answer.stdout);
    let used: i64 = ["nvidia/gpu/t4", "nvidia/gpu/v100"]
        .map(|model| words(model)[7].parse::<i64>().unwrap())
        .iter()
        .sum();
    assert_eq!(used, 1, "{}", answer.stdout);
    assert!(!answer.stdout.contains("intel"), "{}", answer.stdout);
    let answer = folder.run("place --nodes nodes.json --job plain.json");
    for word in ["Cores", "Dynamic", "Model"] {
        assert!(!answer.stdout.contains(word), "{}", answer.stdout);
    }
}
