//! Nodes, jobs and allocations of a scenario, as documents of the API.
//!
//! What a scenario leaves out gets a value that does no harm: nodes are large, tasks are run by
//! `docker`, and every node has that.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::words::{Line, numbers};

const NODE_WORDS: &str = "id= cpu= memory= disk= dc= class= pool= status= draining ineligible \
    max-allocs= ports= reserved-cpu= reserved-memory= reserved-disk= reserved-ports= \
    reserved-cores= total-cores= attr. meta. no-docker";
const JOB_WORDS: &str = "id= name= type= priority= dc= pool= namespace= all-at-once";
const GROUP_WORDS: &str = "count= disk= max-parallel=";
const TASK_WORDS: &str = "driver= env. cpu= memory= memory-max= cores= secrets-mb= task-disk=";

/// What may stand below a job or a group.
const RULES: &str = "constraint affinity spread json";
const GROUP_LINES: &str = "network volume task update reschedule disconnect";
const TASK_LINES: &str = "lifecycle device secret task-network";

/// The document of `node NAME ...`.
pub(crate) fn node(line: &Line) -> Value {
    line.only(2, NODE_WORDS);
    line.only_below("driver cores network address device volume json");
    let name = line.word(1);
    let mut attributes: Map<String, Value> = Map::new();
    if !line.has("no-docker") {
        attributes.insert("driver.docker".into(), "1".into());
    }
    attributes.extend(line.pairs("attr.").map(|(key, value)| (key.into(), value.into())));
    let meta: Map<String, Value> =
        line.pairs("meta.").map(|(key, value)| (key.into(), value.into())).collect();
    let mut node = json!({
        "ID": line.value("id").unwrap_or(name),
        "Name": name,
        "Datacenter": line.value("dc").unwrap_or("dc1"),
        "NodeClass": line.value("class").unwrap_or(""),
        "NodePool": line.value("pool").unwrap_or(""),
        "Status": line.value("status").unwrap_or(""),
        "SchedulingEligibility": if line.has("ineligible") { "ineligible" } else { "" },
        "DrainStrategy": line.has("draining").then(|| json!({})),
        "NodeMaxAllocs": line.number("max-allocs").unwrap_or(0),
        "Attributes": attributes,
        "Meta": meta,
        "Drivers": line.below("driver").map(driver).collect::<Map<String, Value>>(),
        "HostVolumes": line.below("volume").map(host_volume).collect::<Map<String, Value>>(),
        "NodeResources": node_resources(line),
        "ReservedResources": {
            "Cpu": {
                "CpuShares": line.number("reserved-cpu").unwrap_or(0),
                "ReservedCpuCores": line.value("reserved-cores").map(numbers),
            },
            "Memory": {"MemoryMB": line.number("reserved-memory").unwrap_or(0)},
            "Disk": {"DiskMB": line.number("reserved-disk").unwrap_or(0)},
            "Networks": {"ReservedHostPorts": line.value("reserved-ports").unwrap_or("")},
        },
    });
    add_json(line, &mut node);
    node
}

fn node_resources(line: &Line) -> Value {
    let ports = line.value("ports").map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        (first.parse::<i64>().unwrap(), last.parse::<i64>().unwrap())
    });
    let (first_port, last_port) = ports.unwrap_or((0, 0));
    let cores = line.below("cores").next();
    json!({
        "Cpu": {
            "CpuShares": line.number("cpu").unwrap_or(4000),
            "TotalCpuCores": line.number("total-cores").unwrap_or(0),
        },
        "Processors": cores.map(|cores| processors(cores, line.number("cpu"))),
        "Memory": {"MemoryMB": line.number("memory").unwrap_or(8192)},
        "Disk": {"DiskMB": line.number("disk").unwrap_or(100_000)},
        "Networks": line.below("network").map(node_network).collect::<Vec<_>>(),
        "NodeNetworks": line.below("address").map(address).collect::<Vec<_>>(),
        "Devices": line.below("device").map(node_device).collect::<Vec<_>>(),
        "MinDynamicPort": first_port,
        "MaxDynamicPort": last_port,
    })
}

fn driver(line: &Line) -> (String, Value) {
    line.only(2, "healthy unhealthy undetected");
    let driver = json!({"Detected": !line.has("undetected"), "Healthy": !line.has("unhealthy")});
    (line.word(1).into(), driver)
}

/// `cores 0-3 speed=1000 [disabled=2,3]`: the node's CPU is their sum unless the node names it.
fn processors(line: &Line, cpu: Option<i64>) -> Value {
    line.only(2, "speed= disabled=");
    let disabled = line.value("disabled").map(numbers).unwrap_or_default();
    let core = |id: i64| {
        let speed = line.number("speed").unwrap_or(1000);
        json!({"ID": id, "BaseSpeed": speed, "Disable": disabled.contains(&id)})
    };
    let cores: Vec<Value> = numbers(line.word(1)).into_iter().map(core).collect();
    json!({"Topology": {"Cores": cores, "OverrideTotalCompute": cpu.unwrap_or(0)}})
}

fn node_network(line: &Line) -> Value {
    line.only(2, "mode= cidr= ip= mbits=");
    json!({
        "Device": line.word(1),
        "Mode": line.value("mode").unwrap_or("host"),
        "CIDR": line.value("cidr").unwrap_or(""),
        "IP": line.value("ip").unwrap_or(""),
        "MBits": line.number("mbits").unwrap_or(0),
    })
}

/// `address alias:ip`: a network with one address.
fn address(line: &Line) -> Value {
    line.only(2, "mode= reserved=");
    let Some((alias, ip)) = line.word(1).split_once(':') else { line.fail("expected alias:ip") };
    let reserved = line.value("reserved").unwrap_or("");
    json!({
        "Mode": line.value("mode").unwrap_or("host"),
        "Device": "eth0",
        "Addresses": [{"Alias": alias, "Address": ip, "ReservedPorts": reserved}],
    })
}

/// `device vendor/type/model [count=4] [unhealthy=1] [ids=a,b]`. Instances are named `model-0`, `model-1`
/// and so on; the unhealthy ones are the last.
fn node_device(line: &Line) -> Value {
    line.only(2, "count= unhealthy= ids=");
    line.only_below("attr");
    let [vendor, device_type, name] = parts(line, line.word(1));
    let count = line.number("count").unwrap_or(1);
    let ids: Vec<String> = match line.value("ids") {
        Some(ids) => ids.split(',').map(str::to_owned).collect(),
        None => (0..count).map(|at| format!("{name}-{at}")).collect(),
    };
    let healthy = ids.len() as i64 - line.number("unhealthy").unwrap_or(0);
    let instance = |(at, id): (usize, &String)| json!({"ID": id, "Healthy": (at as i64) < healthy});
    let attributes: Map<String, Value> = line
        .below("attr")
        .flat_map(|line| line.words.iter().skip(1).filter_map(|word| word.split_once('=')))
        .map(|(key, value)| (key.to_owned(), typed(value)))
        .collect();
    json!({
        "Vendor": vendor,
        "Type": device_type,
        "Name": name,
        "Attributes": attributes,
        "Instances": ids.iter().enumerate().map(instance).collect::<Vec<_>>(),
    })
}

pub(crate) fn parts<'a>(line: &Line, name: &'a str) -> [&'a str; 3] {
    let parts: Vec<&str> = name.splitn(3, '/').collect();
    parts.try_into().unwrap_or_else(|_| line.fail("expected vendor/type/model"))
}

/// A typed attribute of a device: `11GiB`, `1.5`, `true` or a text.
fn typed(text: &str) -> Value {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || c == '/');
    let unit = &text[digits.len()..];
    if let Ok(int) = digits.parse::<i64>() {
        json!({"Int": int, "Unit": unit})
    } else if let Ok(float) = digits.parse::<f64>() {
        json!({"Float": float, "Unit": unit})
    } else if let Ok(truth) = text.parse::<bool>() {
        json!({"Bool": truth})
    } else {
        json!({"String": text})
    }
}

fn host_volume(line: &Line) -> (String, Value) {
    line.only(2, "read-only id=");
    let volume = json!({
        "Path": "/volumes",
        "ReadOnly": line.has("read-only"),
        "ID": line.value("id").unwrap_or(""),
    });
    (line.word(1).into(), volume)
}

/// The document of `dynamic-volume ID ...`.
pub(crate) fn dynamic_volume(line: &Line) -> Value {
    line.only(2, "namespace= state= modes=");
    let modes = line.value("modes").unwrap_or("single-node-writer").split(',');
    let capability = |mode: &str| json!({"AccessMode": mode, "AttachmentMode": "file-system"});
    json!({
        "ID": line.word(1),
        "Namespace": line.value("namespace").unwrap_or(""),
        "State": line.value("state").unwrap_or("ready"),
        "RequestedCapabilities": modes.map(capability).collect::<Vec<_>>(),
    })
}

/// The document of `job ID ...`. A job without groups has one, called `group`, which takes the words
/// and lines of groups from the job; a group without tasks has one, called `task`, likewise.
pub(crate) fn job(line: &Line) -> Value {
    let groups: Vec<Value> = if line.below("group").next().is_some() {
        line.only(2, JOB_WORDS);
        line.only_below(&format!("group {RULES}"));
        line.below("group").map(|group| self::group(group, group.word(1))).collect()
    } else {
        line.only(2, &format!("{JOB_WORDS} {GROUP_WORDS} {TASK_WORDS}"));
        line.only_below(&format!("{RULES} {GROUP_LINES} {TASK_LINES}"));
        vec![group(line, "group")]
    };
    let datacenters = line.value("dc").unwrap_or("*").split(',');
    let mut job = json!({
        "ID": line.value("id").unwrap_or(line.word(1)),
        "Name": line.value("name").unwrap_or(""),
        "Type": line.value("type").unwrap_or("service"),
        "Priority": line.number("priority"),
        "Namespace": line.value("namespace").unwrap_or(""),
        "AllAtOnce": line.has("all-at-once"),
        "Datacenters": datacenters.collect::<Vec<_>>(),
        "NodePool": line.value("pool").unwrap_or(""),
        "TaskGroups": groups,
    });
    add_rules(line, &mut job);
    add_json(line, &mut job);
    job
}

/// A group. The rules of a line that stands for a job as well are the job's.
fn group(line: &Line, name: &str) -> Value {
    let has_tasks = line.below("task").next().is_some();
    match (line.head(), has_tasks) {
        ("group", true) => {
            line.only(2, GROUP_WORDS);
            line.only_below(&format!("{RULES} {GROUP_LINES}"));
        }
        ("group", false) => {
            line.only(2, &format!("{GROUP_WORDS} {TASK_WORDS}"));
            line.only_below(&format!("{RULES} {GROUP_LINES} {TASK_LINES}"));
        }
        _ => {}
    }
    let tasks: Vec<Value> = match has_tasks {
        true => line.below("task").map(|task| self::task(task, task.word(1))).collect(),
        false => vec![task(line, "task")],
    };
    let disk = line.number("disk").map(|size| json!({"SizeMB": size}));
    let max_parallel = line.number("max-parallel");
    let volumes = line.below("volume").map(volume);
    let mut group = json!({
        "Name": name,
        "Count": line.number("count").unwrap_or(1),
        "EphemeralDisk": disk,
        "Migrate": max_parallel.map(|limit| json!({"MaxParallel": limit})),
        "Networks": line.below("network").map(ask_network).collect::<Vec<_>>(),
        "Volumes": volumes.collect::<Map<String, Value>>(),
        "Tasks": tasks,
    });
    for (head, key, block) in [
        ("update", "Update", update as fn(&Line) -> Value),
        ("reschedule", "ReschedulePolicy", reschedule),
        ("disconnect", "Disconnect", disconnect),
    ] {
        if let Some(line) = line.below(head).next() {
            group[key] = block(line);
        }
    }
    if line.head() == "group" {
        add_rules(line, &mut group);
        add_json(line, &mut group);
    }
    group
}

fn task(line: &Line, name: &str) -> Value {
    if line.head() == "task" {
        line.only(2, TASK_WORDS);
        line.only_below(&format!("constraint affinity json {TASK_LINES}"));
    }
    let lifecycle = line
        .below("lifecycle")
        .next()
        .map(|lifecycle| json!({"Hook": lifecycle.word(1), "Sidecar": lifecycle.has("sidecar")}));
    let secrets: Vec<Value> =
        line.below("secret").map(|secret| json!({"Provider": secret.word(1)})).collect();
    let mut task = json!({
        "Name": name,
        "Driver": line.value("driver").unwrap_or("docker"),
        "Lifecycle": lifecycle,
        "Secrets": secrets,
        "Env": line.pairs("env.").collect::<BTreeMap<_, _>>(),
        "Resources": {
            "CPU": line.number("cpu"),
            "MemoryMB": line.number("memory"),
            "MemoryMaxMB": line.number("memory-max"),
            "Cores": line.number("cores"),
            "SecretsMB": line.number("secrets-mb"),
            "DiskMB": line.number("task-disk"),
            "Networks": line.below("task-network").map(ask_network).collect::<Vec<_>>(),
            "Devices": line.below("device").map(request).collect::<Vec<_>>(),
        },
    });
    if line.head() == "task" {
        add_rules(line, &mut task);
        add_json(line, &mut task);
    }
    task
}

/// `update max-parallel=1 [canary=..] [auto-promote] [auto-revert]`: how a group changes.
fn update(line: &Line) -> Value {
    line.only(1, "max-parallel= canary= auto-promote auto-revert");
    json!({
        "MaxParallel": line.number("max-parallel"),
        "Canary": line.number("canary").unwrap_or(0),
        "AutoPromote": line.has("auto-promote"),
        "AutoRevert": line.has("auto-revert"),
    })
}

/// `reschedule unlimited|attempts=.. [interval=..] [delay=..] [function=..] [max-delay=..]`.
fn reschedule(line: &Line) -> Value {
    line.only(1, "unlimited attempts= interval= delay= function= max-delay=");
    json!({
        "Unlimited": line.has("unlimited"),
        "Attempts": line.number("attempts").unwrap_or(0),
        "Interval": line.nanos("interval").unwrap_or(0),
        "Delay": line.nanos("delay").unwrap_or(0),
        "DelayFunction": line.value("function").unwrap_or("constant"),
        "MaxDelay": line.nanos("max-delay").unwrap_or(0),
    })
}

/// `disconnect [lost-after=..] [stop-on-client-after=..] [reconcile=..] [never-replace]`.
fn disconnect(line: &Line) -> Value {
    line.only(1, "lost-after= stop-on-client-after= reconcile= never-replace");
    json!({
        "LostAfter": line.nanos("lost-after"),
        "StopOnClientAfter": line.nanos("stop-on-client-after"),
        "Reconcile": line.value("reconcile").unwrap_or(""),
        "Replace": !line.has("never-replace"),
    })
}

/// `network [mode=..] [mbits=..]` with `static label=port` and `dynamic label` below.
fn ask_network(line: &Line) -> Value {
    line.only(1, "mode= mbits=");
    line.only_below("static dynamic");
    let port = |line: &Line| {
        line.only(2, "on= to= ignore-collision");
        let (label, value) = line.word(1).split_once('=').unwrap_or((line.word(1), "0"));
        json!({
            "Label": label,
            "Value": value.parse::<i64>().unwrap(),
            "To": line.number("to").unwrap_or(0),
            "HostNetwork": line.value("on").unwrap_or(""),
            "IgnoreCollision": line.has("ignore-collision"),
        })
    };
    json!({
        "Mode": line.value("mode").unwrap_or(""),
        "MBits": line.number("mbits"),
        "ReservedPorts": line.below("static").map(port).collect::<Vec<_>>(),
        "DynamicPorts": line.below("dynamic").map(port).collect::<Vec<_>>(),
    })
}

fn volume(line: &Line) -> (String, Value) {
    line.only(2, "type= source= access= read-only per-alloc sticky");
    let volume = json!({
        "Type": line.value("type").unwrap_or("host"),
        "Source": line.value("source").unwrap_or(line.word(1)),
        "ReadOnly": line.has("read-only"),
        "PerAlloc": line.has("per-alloc"),
        "Sticky": line.has("sticky"),
        "AccessMode": line.value("access").unwrap_or(""),
    });
    (line.word(1).into(), volume)
}

/// `device name [count=..]` with rules below.
fn request(line: &Line) -> Value {
    line.only(2, "count=");
    line.only_below("constraint affinity");
    let mut request = json!({"Name": line.word(1), "Count": line.number("count")});
    add_rules(line, &mut request);
    request
}

/// Adds the constraints, affinities and spreads below a line.
fn add_rules(line: &Line, document: &mut Value) {
    document["Constraints"] = line.below("constraint").map(rule).collect();
    document["Affinities"] = line.below("affinity").map(rule).collect();
    document["Spreads"] = line.below("spread").map(spread).collect();
}

/// `constraint LEFT OPERAND [RIGHT] [hard=false] [weight=..]`, or `constraint distinct_hosts
/// [RIGHT]`.
fn rule(line: &Line) -> Value {
    let (left, at) = if line.word(1) == "distinct_hosts" { ("", 1) } else { (line.word(1), 2) };
    let operand = line.word(at);
    let mut right = line.words.get(at + 1).map_or("", String::as_str);
    let is_option = |word: &str| word.starts_with("hard=") || word.starts_with("weight=");
    if is_option(right) {
        right = "";
    }
    let mut rule = json!({"LTarget": left, "Operand": operand, "RTarget": right});
    if let Some(hard) = line.value("hard") {
        rule["Hard"] = json!(hard == "true");
    }
    if let Some(weight) = line.number("weight") {
        rule["Weight"] = json!(weight);
    }
    rule
}

/// `spread ATTRIBUTE [weight=..] value:percent ...`.
fn spread(line: &Line) -> Value {
    let targets = line.words.iter().skip(2).filter(|word| !word.starts_with("weight="));
    let target = |word: &String| {
        let Some((value, percent)) = word.split_once(':') else { line.fail("value:percent") };
        json!({"Value": value, "Percent": percent.parse::<i64>().unwrap()})
    };
    json!({
        "Attribute": line.word(1),
        "Weight": line.number("weight"),
        "SpreadTarget": targets.map(target).collect::<Vec<_>>(),
    })
}

/// Lays the objects of `json {...}` over a document.
pub(crate) fn add_json(line: &Line, document: &mut Value) {
    for json in line.below("json") {
        let over: Map<String, Value> = parse_json(json, 1);
        document.as_object_mut().unwrap().extend(over);
    }
}

/// Reads the JSON that a line ends with, after some words, and that the lines below it go on with.
pub(crate) fn parse_json<T: serde::de::DeserializeOwned>(line: &Line, words: usize) -> T {
    let mut text = line.text.splitn(words + 1, ' ').nth(words).unwrap_or_default().to_owned();
    line.children.iter().for_each(|child| append_text(child, &mut text));
    serde_json::from_str(&text).unwrap_or_else(|error| line.fail(&error.to_string()))
}

fn append_text(line: &Line, text: &mut String) {
    text.push('\n');
    text.push_str(&line.text);
    line.children.iter().for_each(|child| append_text(child, text));
}
