//! Documents that can be read, but say something that makes no sense.

use serde_json::Value;

use super::{answer, check, good_allocation, good_job, good_node, with};

/// A JSON pointer into a good document, the value that is put there, and the answer.
type Row = (&'static str, &'static str, &'static str);

/// Checks a table of values that spoil a good document.
fn spoil(kind: &str, good: &Value, rows: &[Row]) {
    check(rows.iter().map(|(pointer, value, expected)| {
        let spoilt = with(good, pointer, &serde_json::from_str(value).unwrap()).to_string();
        (format!("{pointer} {value}"), (*expected).to_owned(), answer(kind, spoilt.as_bytes()))
    }));
}

#[test]
fn jobs() {
    spoil("job", &good_job(), JOBS);
}

#[test]
fn regular_expressions() {
    spoil("job", &good_job(), REGULAR_EXPRESSIONS);
}

#[test]
fn nodes() {
    spoil("node", &good_node(), NODES);
}

#[test]
fn allocations() {
    spoil("allocations", &good_allocation(), ALLOCATIONS);
}

/// Jobs.
#[rustfmt::skip]
const JOBS: &[Row] = &[
    ("/ID", r#""""#,
        "ID: a job needs an ID"),
    ("/ID", r#""  ""#,
        "ID: expected more than blanks"),
    ("/ID", r#""a\u0000b""#,
        "ID: expected a text without NUL characters"),
    ("/Type", r#""cron""#,
        "Type: unknown job type `cron`, known are `service`, `batch`, `system`, `sysbatch`"),
    ("/Priority", "101",
        "Priority: expected 1 to 100, found `101`"),
    ("/Priority", "-9223372036854775808",
        "Priority: expected 1 to 100, found `-9223372036854775808`"),
    ("/Datacenters", r#"["dc1", ""]"#,
        "Datacenters[1]: an entry needs a name, or `*` for any"),
    ("/Namespace", r#"" ""#,
        "Namespace: expected more than blanks"),
    ("/NodePool", r#""a\u0000""#,
        "NodePool: expected a text without NUL characters"),
    ("/taskgroups", "[]",
        "unknown key `taskgroups`, did you mean `TaskGroups`"),
    ("/Job", "{}",
        "ID: a job needs an ID\n\
         TaskGroups: a job needs at least one task group"),
    ("/TaskGroups", "null",
        "TaskGroups: a job needs at least one task group"),
    ("/TaskGroups", "[]",
        "TaskGroups: a job needs at least one task group"),
    ("/TaskGroups/0/Tasks", "null",
        "TaskGroups[0].Tasks: a group needs at least one task"),
    ("/TaskGroups/0/Name", r#""""#,
        "TaskGroups[0].Name: a group needs a name"),
    ("/TaskGroups/0/Count", "-1",
        "TaskGroups[0].Count: expected 0 to 1000000, found `-1`"),
    ("/TaskGroups/0/Count", "4294967296",
        "TaskGroups[0].Count: expected 0 to 1000000, found `4294967296`"),
    ("/TaskGroups/0/tasks", "[]",
        "TaskGroups[0]: unknown key `tasks`, did you mean `Tasks`"),
    ("/TaskGroups/0/Tasks/0/Name", r#""""#,
        "TaskGroups[0].Tasks[0].Name: a task needs a name"),
    ("/TaskGroups/0/Tasks/0/Driver", r#""""#,
        "TaskGroups[0].Tasks[0].Driver: a task needs a driver"),
    ("/TaskGroups/0/Tasks/0/Resources/CPU", "-1",
        "TaskGroups[0].Tasks[0].Resources.CPU: expected 0 to 1099511627776 MHz, found `-1`"),
    ("/TaskGroups/0/Tasks/0/Resources/CPU", "9223372036854775807",
        "TaskGroups[0].Tasks[0].Resources.CPU: expected 0 to 1099511627776 MHz, found \
         `9223372036854775807`"),
    ("/TaskGroups/0/Tasks/0/Resources/MemoryMB", "9223372036854775807",
        "TaskGroups[0].Tasks[0].Resources.MemoryMB: expected 0 to 1099511627776 MB, found \
         `9223372036854775807`"),
    ("/TaskGroups/0/Tasks/0/Resources/MemoryMB", "1099511627776",
        ""),
    ("/TaskGroups/0/Tasks/0/Resources/SecretsMB", "1099511627776",
        "TaskGroups[0].Tasks: expected at most 1099511627776 MB of memory together, found \
         `1099511628076`"),
    ("/TaskGroups/0/Tasks/0/Resources/MemoryMaxMB", "299",
        "TaskGroups[0].Tasks[0].Resources.MemoryMaxMB: expected -1 for no limit, or `MemoryMB` \
         (300) to 1099511627776 MB, found `299`"),
    ("/TaskGroups/0/Tasks/0/Resources/MemoryMaxMB", "-2",
        "TaskGroups[0].Tasks[0].Resources.MemoryMaxMB: expected -1 for no limit, or `MemoryMB` \
         (300) to 1099511627776 MB, found `-2`"),
    ("/TaskGroups/0/Tasks/0/Resources/Cores", "65537",
        "TaskGroups[0].Tasks[0].Resources.Cores: expected 0 to 65536 cores, found `65537`"),
    ("/TaskGroups/0/Tasks/0/Resources/Cores", "-1",
        "TaskGroups[0].Tasks[0].Resources.Cores: expected 0 to 65536 cores, found `-1`"),
    ("/TaskGroups/0/Tasks/0/Resources/DiskMB", "-10",
        "TaskGroups[0].Tasks[0].Resources.DiskMB: expected 0 to 1099511627776 MB, found `-10`"),
    ("/TaskGroups/0",
        r#"{"Name": "front", "EphemeralDisk": {}, "Tasks": [{"Name": "a", "Driver": "exec", "Resources": {"DiskMB": 1}}]}"#,
        "TaskGroups[0].Tasks[0].Resources.DiskMB: the group has an `EphemeralDisk`, which is all \
         the disk it gets"),
    ("/TaskGroups/0/Tasks",
        r#"[{"Name": "a", "Driver": "exec", "Resources": {"CPU": 1099511627776, "DiskMB": 1099511627776}}, {"Name": "b", "Driver": "exec", "Resources": {"CPU": 1, "DiskMB": 1}}]"#,
        "TaskGroups[0].Tasks: expected at most 1099511627776 MB of disk together, found \
         `1099511627777`\n\
         TaskGroups[0].Tasks: expected at most 1099511627776 MHz together, found `1099511627777`"),
    ("/TaskGroups/0/Tasks",
        r#"[{"Name": "a", "Driver": "exec", "Resources": {"Cores": 65536}}, {"Name": "b", "Driver": "exec", "Resources": {"Cores": 1}}]"#,
        "TaskGroups[0].Tasks: expected at most 65536 cores together, found `65537`"),
    ("/TaskGroups/0/Tasks/0/Resources/NUMA", r#"{"Affinity": "maybe"}"#,
        "TaskGroups[0].Tasks[0].Resources.NUMA.Affinity: unknown affinity `maybe`, known are \
         `none`, `prefer`, `require`"),
    ("/TaskGroups/0/Tasks/0/Resources/Devices", r#"[{"Name": ""}]"#,
        "TaskGroups[0].Tasks[0].Resources.Devices[0].Name: a request for devices needs a name: \
         `gpu`, `nvidia/gpu` or `nvidia/gpu/1080ti` for instance"),
    ("/TaskGroups/0/Tasks/0/Resources/Devices", r#"[{"Name": "nvidia/gpu/1080/ti"}]"#,
        "TaskGroups[0].Tasks[0].Resources.Devices[0].Name: expected `type`, `vendor/type` or \
         `vendor/type/name`, found `nvidia/gpu/1080/ti`"),
    ("/TaskGroups/0/Tasks/0/Resources/Devices", r#"[{"Name": "gpu", "Count": 0}]"#,
        "TaskGroups[0].Tasks[0].Resources.Devices[0].Count: expected 1 to 65536 devices, found `0`"),
    ("/TaskGroups/0/Tasks/0/Resources/Devices",
        r#"[{"Name": "gpu", "Constraints": [{"LTarget": "${attr.memory}", "Operand": "=", "RTarget": "1"}]}]"#,
        "TaskGroups[0].Tasks[0].Resources.Devices[0].Constraints[0].LTarget: `${attr.memory}` is \
         not a target: there is nothing of that name; allowed are `${device.model}`, \
         `${device.vendor}`, `${device.type}`, `${device.ids}` and `${device.attr.<key>}`"),
    ("/TaskGroups/0/Tasks/0/Resources/Devices",
        r#"[{"Name": "gpu", "Constraints": [{"Operand": "distinct_hosts"}]}]"#,
        "TaskGroups[0].Tasks[0].Resources.Devices[0].Constraints[0].Operand: `distinct_hosts` is \
         for jobs and groups, write it there"),
    ("/TaskGroups/0/Tasks/0/Resources/Networks", r#"[{"MBits": -1}]"#,
        "TaskGroups[0].Tasks[0].Resources.Networks[0].MBits: expected 0 to 1099511627776 MBit/s, \
         found `-1`"),
    ("/TaskGroups/0/Tasks/0/Resources/Networks", "[{}, {}]",
        "TaskGroups[0].Tasks[0].Resources.Networks: expected at most one network, found 2"),
    ("/TaskGroups/0/Tasks/0/Lifecycle", r#"{"Hook": "prestop"}"#,
        "TaskGroups[0].Tasks[0].Lifecycle.Hook: unknown hook `prestop`, known are `prestart`, \
         `poststart`, `poststop`"),
    ("/TaskGroups/0/Tasks/0/Lifecycle", "{}",
        "TaskGroups[0].Tasks[0].Lifecycle.Hook: the hook is missing, known are `prestart`, \
         `poststart`, `poststop`"),
    ("/TaskGroups/0/Tasks/0/Secrets", "[{}]",
        "TaskGroups[0].Tasks[0].Secrets[0].Provider: a secret needs a provider"),
    ("/TaskGroups/0/EphemeralDisk", r#"{"SizeMB": 9}"#,
        "TaskGroups[0].EphemeralDisk.SizeMB: expected 10 to 1099511627776 MB, found `9`"),
    ("/TaskGroups/0/EphemeralDisk", r#"{"SizeMB": 9223372036854775807}"#,
        "TaskGroups[0].EphemeralDisk.SizeMB: expected 10 to 1099511627776 MB, found \
         `9223372036854775807`"),
    ("/TaskGroups/0/EphemeralDisk", r#"{"sizemb": 500}"#,
        ""),
    ("/TaskGroups/0/Migrate", r#"{"MaxParallel": -1}"#,
        "TaskGroups[0].Migrate.MaxParallel: expected 0 to 1000000, found `-1`"),
    ("/TaskGroups/0/Networks", r#"[{"Mode": "overlay"}]"#,
        "TaskGroups[0].Networks[0].Mode: unknown mode `overlay`, known are `host`, `bridge`, \
         `none`, `cni/<name>`"),
    ("/TaskGroups/0/Networks", r#"[{"Mode": "cni/"}]"#,
        "TaskGroups[0].Networks[0].Mode: unknown mode `cni/`, known are `host`, `bridge`, `none`, \
         `cni/<name>`"),
    ("/TaskGroups/0/Networks", "[{}, {}, {}]",
        "TaskGroups[0].Networks: expected at most one network, found 3"),
    ("/TaskGroups/0/Networks", r#"[{"ReservedPorts": [{"Label": "a", "Value": 0}]}]"#,
        "TaskGroups[0].Networks[0].ReservedPorts[0].Value: expected 1 to 65535, found `0`"),
    ("/TaskGroups/0/Networks", r#"[{"ReservedPorts": [{"Label": "a", "Value": 65536}]}]"#,
        "TaskGroups[0].Networks[0].ReservedPorts[0].Value: expected 1 to 65535, found `65536`"),
    ("/TaskGroups/0/Networks", r#"[{"ReservedPorts": ["http"]}]"#,
        "TaskGroups[0].Networks[0].ReservedPorts[0].Value: expected 1 to 65535, found `0`"),
    ("/TaskGroups/0/Networks", r#"[{"ReservedPorts": [80, 81, 80]}]"#,
        "TaskGroups[0].Networks[0].ReservedPorts[2].Value: the port is that of \
         TaskGroups[0].Networks[0].ReservedPorts[0] too"),
    ("/TaskGroups/0/Networks",
        r#"[{"ReservedPorts": [{"Label": "a", "Value": 80}], "DynamicPorts": ["a"]}]"#,
        "TaskGroups[0].Networks[0].DynamicPorts[0].Label: the label is that of \
         TaskGroups[0].Networks[0].ReservedPorts[0] too"),
    ("/TaskGroups/0/Networks", r#"[{"DynamicPorts": [{"Label": "a", "Value": 8080}]}]"#,
        "TaskGroups[0].Networks[0].DynamicPorts[0].Value: the number of a dynamic port is chosen \
         later, expected 0 or a port among `ReservedPorts`, found `8080`"),
    ("/TaskGroups/0/Networks", r#"[{"DynamicPorts": [{"Label": ""}]}]"#,
        "TaskGroups[0].Networks[0].DynamicPorts[0].Label: a dynamic port needs a label"),
    ("/TaskGroups/0/Networks", r#"[{"DynamicPorts": [{"Label": "a", "To": 70000}]}]"#,
        "TaskGroups[0].Networks[0].DynamicPorts[0].To: expected -1 to 65535, found `70000`"),
    ("/TaskGroups/0/Volumes", r#"{"data": {"Type": "nfs", "Source": "a"}}"#,
        "TaskGroups[0].Volumes.data.Type: unknown volume type `nfs`, known are `host`, `csi`"),
    ("/TaskGroups/0/Volumes", r#"{"data": {"Type": "host"}}"#,
        "TaskGroups[0].Volumes.data.Source: a volume needs a source, its name on the nodes"),
    ("/TaskGroups/0/Volumes",
        r#"{"data": {"Type": "csi", "Source": "a", "AccessMode": "rw", "AttachmentMode": "disk"}}"#,
        "TaskGroups[0].Volumes.data.AccessMode: unknown access mode `rw`, known are \
         `single-node-reader-only`, `single-node-writer`, `single-node-single-writer`, \
         `single-node-multi-writer`, `multi-node-reader-only`, `multi-node-single-writer`, \
         `multi-node-multi-writer`\n\
         TaskGroups[0].Volumes.data.AttachmentMode: unknown attachment mode `disk`, known are \
         `file-system`, `block-device`"),
    ("/Constraints", r#"[{"LTarget": "${attr.kernel.name}", "Operand": "~=", "RTarget": "linux"}]"#,
        "Constraints[0].Operand: unknown operand `~=`, known are `=`, `==`, `is`, `!=`, `not`, \
         `<`, `<=`, `>`, `>=`, `is_set`, `is_not_set`, `regexp`, `set_contains`, \
         `set_contains_all`, `set_contains_any`, `version`, `semver`, `distinct_hosts`, \
         `distinct_property`"),
    ("/Constraints", r#"[{"LTarget": "${attr.kernel.name}", "Operand": "", "RTarget": "linux"}]"#,
        "Constraints[0].Operand: the operand is missing, known are `=`, `==`, `is`, `!=`, `not`, \
         `<`, `<=`, `>`, `>=`, `is_set`, `is_not_set`, `regexp`, `set_contains`, \
         `set_contains_all`, `set_contains_any`, `version`, `semver`, `distinct_hosts`, \
         `distinct_property`"),
    ("/Constraints", r#"[{"LTarget": "", "Operand": "=", "RTarget": "linux"}]"#,
        "Constraints[0].LTarget: `=` needs a left side, `${attr.kernel.name}` for instance"),
    ("/Constraints", r#"[{"LTarget": "${attr.kernel.name", "Operand": "=", "RTarget": "linux"}]"#,
        "Constraints[0].LTarget: `${attr.kernel.name` is not a target: its brace is not closed; \
         allowed are `${node.unique.id}`, `${node.unique.name}`, `${node.datacenter}`, \
         `${node.class}`, `${node.pool}`, `${attr.<key>}` and `${meta.<key>}`"),
    ("/Constraints", r#"[{"LTarget": "${node.id}", "Operand": "=", "RTarget": "n1"}]"#,
        "Constraints[0].LTarget: `${node.id}` is not a target: there is nothing of that name; \
         allowed are `${node.unique.id}`, `${node.unique.name}`, `${node.datacenter}`, \
         `${node.class}`, `${node.pool}`, `${attr.<key>}` and `${meta.<key>}`"),
    ("/Constraints",
        r#"[{"LTarget": "${attr.kernel.name}-x", "Operand": "=", "RTarget": "linux"}]"#,
        "Constraints[0].LTarget: `${attr.kernel.name}-x` is not a target: nothing is substituted \
         inside longer text; allowed are `${node.unique.id}`, `${node.unique.name}`, \
         `${node.datacenter}`, `${node.class}`, `${node.pool}`, `${attr.<key>}` and `${meta.<key>}`"),
    ("/Constraints", r#"[{"LTarget": "${attr.a}", "Operand": "is_set", "RTarget": "x"}]"#,
        "Constraints[0].RTarget: `is_set` has no right side, found `x`"),
    ("/Constraints", r#"[{"LTarget": "${attr.a}", "Operand": "<", "RTarget": ""}]"#,
        "Constraints[0].RTarget: `<` needs a right side"),
    ("/Constraints", r#"[{"LTarget": "${attr.a}", "Operand": "version", "RTarget": "new"}]"#,
        "Constraints[0].RTarget: `new` is not a version constraint: write one of =, !=, >, >=, <, \
         <=, ~> or none and a version"),
    ("/Constraints", r#"[{"LTarget": "${attr.a}", "Operand": "version", "RTarget": ">= 1.0,"}]"#,
        "Constraints[0].RTarget: `` is not a version constraint: write one of =, !=, >, >=, <, <=, \
         ~> or none and a version"),
    ("/Constraints", r#"[{"LTarget": "${attr.a}", "Operand": "semver", "RTarget": "~> 1.0"}]"#,
        "Constraints[0].RTarget: `~> 1.0` is not a version constraint: write one of =, !=, >, >=, \
         <, <= or none and a version"),
    ("/Constraints", r#"[{"LTarget": "${attr.a}", "Operand": "set_contains", "RTarget": ""}]"#,
        "Constraints[0].RTarget: `set_contains` needs a right side"),
    ("/Constraints",
        r#"[{"LTarget": "${meta.rack}", "Operand": "distinct_property", "RTarget": "0"}]"#,
        "Constraints[0].RTarget: expected how many allocations may share a value, 1 or more, found \
         `0`"),
    ("/Constraints",
        r#"[{"LTarget": "${meta.rack}", "Operand": "distinct_property", "RTarget": "two"}]"#,
        "Constraints[0].RTarget: expected how many allocations may share a value, 1 or more, found \
         `two`"),
    ("/Constraints", r#"[{"LTarget": "rack", "Operand": "distinct_property", "RTarget": "2"}]"#,
        "Constraints[0].LTarget: `distinct_property` needs a target such as `${meta.rack}`, found \
         `rack`"),
    ("/Constraints",
        r#"[{"LTarget": "${meta.rack", "Operand": "distinct_property", "RTarget": "2"}]"#,
        "Constraints[0].LTarget: `${meta.rack` is not a target: its brace is not closed; allowed \
         are `${node.unique.id}`, `${node.unique.name}`, `${node.datacenter}`, `${node.class}`, \
         `${node.pool}`, `${attr.<key>}` and `${meta.<key>}`"),
    ("/Constraints",
        r#"[{"LTarget": "kernel.os", "RTarget": "linux", "Hard": false, "Weight": 101}]"#,
        "Constraints[0].Weight: expected -100 to 100, found `101`"),
    ("/Constraints", r#"[{"Operand": "distinct_hosts", "Hard": false, "Weight": 50}]"#,
        "Constraints[0].Weight: `distinct_hosts` cannot be a preference, leave out `Hard` and \
         `Weight`"),
    ("/TaskGroups/0/Tasks/0/Constraints", r#"[{"Operand": "distinct_hosts"}]"#,
        "TaskGroups[0].Tasks[0].Constraints[0].Operand: `distinct_hosts` is for jobs and groups, \
         write it there"),
    ("/TaskGroups/0/Tasks/0/Constraints", r#"[{"ltarget": "kernel.os"}]"#,
        ""),
    ("/Affinities", r#"[{"LTarget": "${meta.a}", "RTarget": "b", "Weight": 0}]"#,
        "Affinities[0].Weight: a weight of 0 has no effect, expected -100 to -1 or 1 to 100"),
    ("/Affinities", r#"[{"LTarget": "${meta.a}", "RTarget": "b", "Weight": -101}]"#,
        "Affinities[0].Weight: expected -100 to 100, found `-101`"),
    ("/Affinities", r#"[{"Operand": "distinct_hosts", "Weight": 5}]"#,
        "Affinities[0].Operand: `distinct_hosts` cannot be a preference, make it a constraint"),
    ("/Spreads", r#"[{"Attribute": ""}]"#,
        "Spreads[0].Attribute: expected a target such as `${node.datacenter}`, found ``"),
    ("/Spreads", r#"[{"Attribute": "rack"}]"#,
        "Spreads[0].Attribute: expected a target such as `${node.datacenter}`, found `rack`"),
    ("/Spreads", r#"[{"Attribute": "${rack}"}]"#,
        "Spreads[0].Attribute: `${rack}` is not a target: there is nothing of that name; allowed \
         are `${node.unique.id}`, `${node.unique.name}`, `${node.datacenter}`, `${node.class}`, \
         `${node.pool}`, `${attr.<key>}` and `${meta.<key>}`"),
    ("/Spreads", r#"[{"Attribute": "${meta.rack}", "Weight": 0}]"#,
        "Spreads[0].Weight: expected 1 to 100, found `0`"),
    ("/Spreads", r#"[{"Attribute": "${meta.rack}", "Weight": 101}]"#,
        "Spreads[0].Weight: expected 1 to 100, found `101`"),
    ("/Spreads",
        r#"[{"Attribute": "${meta.rack}", "SpreadTarget": [{"Value": "a", "Percent": 60}, {"Value": "b", "Percent": 41}]}]"#,
        "Spreads[0].SpreadTarget: expected at most 100 percent together, found `101`"),
    ("/Spreads",
        r#"[{"Attribute": "${meta.rack}", "SpreadTarget": [{"Value": "a", "Percent": -1}]}]"#,
        "Spreads[0].SpreadTarget[0].Percent: expected 0 to 100, found `-1`"),
    ("/Spreads",
        r#"[{"Attribute": "${meta.rack}", "SpreadTarget": [{"Value": "a", "Percent": 9223372036854775807}, {"Value": "b", "Percent": 9223372036854775807}]}]"#,
        "Spreads[0].SpreadTarget[0].Percent: expected 0 to 100, found `9223372036854775807`\n\
         Spreads[0].SpreadTarget[1].Percent: expected 0 to 100, found `9223372036854775807`\n\
         Spreads[0].SpreadTarget: expected at most 100 percent together, found `200`"),
    ("/Spreads",
        r#"[{"Attribute": "${meta.rack}", "SpreadTarget": [{"Value": "a"}, {"Value": "a"}, {"Value": ""}]}]"#,
        "Spreads[0].SpreadTarget[2].Value: a share needs a value, or `*` for all others\n\
         Spreads[0].SpreadTarget[1].Value: the value is that of SpreadTarget[0] too"),
];

/// Regular expressions.
#[cfg(feature = "regexp")]
#[rustfmt::skip]
const REGULAR_EXPRESSIONS: &[Row] = &[
    ("/Constraints", r#"[{"LTarget": "${attr.a}", "Operand": "regexp", "RTarget": "("}]"#,
        "Constraints[0].RTarget: `(` is not a usable regular expression: found open group without \
         closing ')'"),
    ("/Constraints",
        r#"[{"LTarget": "${attr.a}", "Operand": "regexp", "RTarget": "((a{1000}){1000}){1000}"}]"#,
        "Constraints[0].RTarget: `((a{1000}){1000}){1000}` is not a usable regular expression: \
         compiled regex exceeded size limit"),
];

/// Regular expressions in a build that has none.
#[cfg(not(feature = "regexp"))]
const REGULAR_EXPRESSIONS: &[Row] = &[(
    "/Constraints",
    r#"[{"LTarget": "${attr.a}", "Operand": "regexp", "RTarget": "a"}]"#,
    "Constraints[0].RTarget: `a` is a regular expression, which this build cannot match: enable the \
     crate feature `regexp`",
)];

/// Nodes.
#[rustfmt::skip]
const NODES: &[Row] = &[
    ("/ID", r#""""#,
        "ID: a node needs an ID"),
    ("/ID", r#""\u0000""#,
        "ID: expected a text without NUL characters"),
    ("/Datacenter", "null",
        "Datacenter: a node needs a datacenter"),
    ("/datacenter", r#""dc1""#,
        "unknown key `datacenter`, did you mean `Datacenter`"),
    ("/Status", r#""up""#,
        "Status: unknown status `up`, known are `initializing`, `ready`, `down`, `disconnected`"),
    ("/SchedulingEligibility", r#""yes""#,
        "SchedulingEligibility: unknown eligibility `yes`, known are `eligible`, `ineligible`"),
    ("/NodeMaxAllocs", "-1",
        "NodeMaxAllocs: expected 0 to 1099511627776, found `-1`"),
    ("/NodeResources", "null",
        "NodeResources: a node needs its resources, which the entries of `/v1/nodes` lack without \
         `?resources=true`"),
    ("/NodeResources/Cpu/CpuShares", "-1",
        "NodeResources.Cpu.CpuShares: expected 0 to 1099511627776 MHz, found `-1`"),
    ("/NodeResources/Cpu/CpuShares", "9223372036854775807",
        "NodeResources.Cpu.CpuShares: expected 0 to 1099511627776 MHz, found `9223372036854775807`"),
    ("/NodeResources/Memory/MemoryMB", "9223372036854775807",
        "NodeResources.Memory.MemoryMB: expected 0 to 1099511627776 MB, found \
         `9223372036854775807`"),
    ("/NodeResources/Disk/DiskMB", "-1",
        "NodeResources.Disk.DiskMB: expected 0 to 1099511627776 MB, found `-1`"),
    ("/NodeResources/Memory/memorymb", "1",
        "NodeResources.Memory: unknown key `memorymb`, did you mean `MemoryMB`"),
    ("/NodeResources/Cpu/TotalCpuCores", "9223372036854775807",
        "NodeResources.Cpu.TotalCpuCores: expected 0 to 65536 cores, found `9223372036854775807`"),
    ("/NodeResources/Cpu/ReservableCpuCores", "[0, 0, 65536]",
        "NodeResources.Cpu.ReservableCpuCores[2]: expected 0 to 65535, found `65536`\n\
         NodeResources.Cpu.ReservableCpuCores[1]: the core is listed already, at [0]"),
    ("/NodeResources/Processors/Topology/Cores", r#"[{"ID": -1}, {"ID": 3}, {"ID": 3}]"#,
        "NodeResources.Processors.Topology.Cores[0].ID: expected 0 to 65535, found `-1`\n\
         NodeResources.Processors.Topology.Cores[2].ID: the number is that of Cores[1] too"),
    ("/NodeResources/Processors/Topology/Cores",
        r#"[{"ID": 0, "BaseSpeed": 1099511627776}, {"ID": 1, "BaseSpeed": 1}]"#,
        "NodeResources.Processors.Topology.Cores: expected at most 1099511627776 MHz together, \
         found `1099511627777`"),
    ("/NodeResources/Processors/Topology/OverrideTotalCompute", "-5",
        "NodeResources.Processors.Topology.OverrideTotalCompute: expected 0 to 1099511627776 MHz, \
         found `-5`"),
    ("/NodeResources/MinDynamicPort", "40000",
        "NodeResources.MinDynamicPort: the first dynamic port (40000) is above the last (32000); \
         the defaults are 20000 and 32000"),
    ("/NodeResources/MaxDynamicPort", "70000",
        "NodeResources.MaxDynamicPort: expected 0 to 65535, found `70000`"),
    ("/NodeResources/Networks",
        r#"[{"Device": "eth0", "CIDR": "10.0.0.1/33", "IP": "10.0.0.256", "MBits": -1}]"#,
        "NodeResources.Networks[0].MBits: expected 0 to 1099511627776 MBit/s, found `-1`\n\
         NodeResources.Networks[0].IP: expected an IP address, found `10.0.0.256`\n\
         NodeResources.Networks[0].CIDR: expected a CIDR such as `10.0.0.1/24`, found `10.0.0.1/33`"),
    ("/NodeResources/Networks", r#"[{"CIDR": "10.0.0.1"}]"#,
        "NodeResources.Networks[0].CIDR: expected a CIDR such as `10.0.0.1/24`, found `10.0.0.1`"),
    ("/NodeResources/NodeNetworks",
        r#"[{"Addresses": [{"Address": "localhost"}, {"Alias": "a"}]}]"#,
        "NodeResources.NodeNetworks[0].Addresses[0].Address: expected an IP address, found \
         `localhost`\n\
         NodeResources.NodeNetworks[0].Addresses[1].Address: an entry needs an IP address"),
    ("/NodeResources/NodeNetworks",
        r#"[{"Addresses": [{"Address": "::1", "ReservedPorts": "80-22"}]}]"#,
        "NodeResources.NodeNetworks[0].Addresses[0].ReservedPorts: `80-22` is not a port or a \
         range of ports: the range ends before it starts"),
    ("/NodeResources/Devices", r#"[{"Type": "gpu", "Instances": [{"ID": "a"}, {"ID": "a"}, {}]}]"#,
        "NodeResources.Devices[0].Instances[2].ID: an instance needs an ID\n\
         NodeResources.Devices[0].Instances[1].ID: the ID is that of Devices[0].Instances[0] too"),
    ("/NodeResources/Devices",
        r#"[{"Type": "gpu", "Instances": [{"ID": "a"}]}, {"Type": "gpu", "Instances": [{"ID": "a"}]}]"#,
        "NodeResources.Devices[1]: vendor, type and name are those of Devices[0] too\n\
         NodeResources.Devices[1].Instances[0].ID: the ID is that of Devices[0].Instances[0] too"),
    ("/NodeResources/Devices", r#"[{"Name": "1080ti", "Attributes": {"memory": {"Unit": "GiB"}}}]"#,
        "NodeResources.Devices[0].Type: a device needs a type, such as `gpu`\n\
         NodeResources.Devices[0].Attributes.memory: expected one of `Int`, `Float`, `String` and \
         `Bool`"),
    ("/ReservedResources",
        r#"{"Cpu": {"CpuShares": 4001}, "Memory": {"MemoryMB": 9000}, "Disk": {"DiskMB": 10001}}"#,
        "ReservedResources.Cpu.CpuShares: expected at most the node's 4000 MHz, found `4001`\n\
         ReservedResources.Memory.MemoryMB: expected at most the node's 8192 MB, found `9000`\n\
         ReservedResources.Disk.DiskMB: expected at most the node's 10000 MB, found `10001`"),
    ("/ReservedResources",
        r#"{"Cpu": {"CpuShares": -1}, "Memory": {"MemoryMB": 9223372036854775807}}"#,
        "ReservedResources.Cpu.CpuShares: expected 0 to 1099511627776 MHz, found `-1`\n\
         ReservedResources.Memory.MemoryMB: expected 0 to 1099511627776 MB, found \
         `9223372036854775807`"),
    ("/ReservedResources", r#"{"Cpu": {"ReservedCpuCores": [1, 1]}}"#,
        "ReservedResources.Cpu.ReservedCpuCores[1]: the core is listed already, at [0]"),
    ("/ReservedResources", r#"{"Networks": {"ReservedHostPorts": "22,99999"}}"#,
        "ReservedResources.Networks.ReservedHostPorts: `99999` is not a port or a range of ports: \
         the highest port is 65535"),
    ("/ReservedResources", r#"{"Networks": {"ReservedHostPorts": "22,ssh"}}"#,
        "ReservedResources.Networks.ReservedHostPorts: `ssh` is not a port or a range of ports: \
         write a number such as `80` or a range such as `1000-2000`"),
    ("",
        r#"{"ID": "n1", "Datacenter": "dc1", "Resources": {"CPU": -1, "cpu": 5}, "Reserved": {"MemoryMB": 5, "Networks": [{"ReservedPorts": [0]}]}}"#,
        "Resources: unknown key `cpu`, did you mean `CPU`\n\
         Resources.CPU: expected 0 to 1099511627776 MHz, found `-1`\n\
         Reserved.Networks[0].ReservedPorts[0]: expected 1 to 65535, found `0`\n\
         Reserved.MemoryMB: expected at most the node's 0 MB, found `5`"),
    ("/Drivers", r#"{"docker": {"healthy": true}}"#,
        "Drivers.docker: unknown key `healthy`, did you mean `Healthy`"),
    ("/HostVolumes", r#"{"data": {"readonly": true}}"#,
        "HostVolumes.data: unknown key `readonly`, did you mean `ReadOnly`"),
];

/// Allocations.
#[rustfmt::skip]
const ALLOCATIONS: &[Row] = &[
    ("/ID", r#""""#,
        "ID: an allocation needs an ID"),
    ("/JobID", "null",
        "JobID: an allocation needs the ID of its job"),
    ("/TaskGroup", r#""""#,
        "TaskGroup: an allocation needs its group"),
    ("/nodeid", r#""n1""#,
        "unknown key `nodeid`, did you mean `NodeID`"),
    ("/ClientStatus", r#""runing""#,
        "ClientStatus: unknown status `runing`, known are `pending`, `running`, `complete`, \
         `failed`, `lost`, `unknown`, `dead`"),
    ("/DesiredStatus", r#""place""#,
        "DesiredStatus: unknown status `place`, known are `run`, `stop`, `evict`, `failed`"),
    ("/Job", r#"{"ID": "other"}"#,
        "Job.ID: expected the `JobID`, `web`, found `other`"),
    ("/AllocatedResources/Tasks/nginx/Cpu/CpuShares", "-1",
        "AllocatedResources.Tasks.nginx.Cpu.CpuShares: expected 0 to 1099511627776 MHz, found `-1`"),
    ("/AllocatedResources/Tasks/nginx/Cpu/ReservedCores", "[70000]",
        "AllocatedResources.Tasks.nginx.Cpu.ReservedCores[0]: expected 0 to 65535, found `70000`"),
    ("/AllocatedResources/Tasks/nginx/Memory/MemoryMaxMB", "-2",
        "AllocatedResources.Tasks.nginx.Memory.MemoryMaxMB: expected 0 to 1099511627776 MB, found \
         `-2`"),
    ("/AllocatedResources/Tasks/nginx/Memory/MemoryMB", "9223372036854775807",
        "AllocatedResources.Tasks.nginx.Memory.MemoryMB: expected 0 to 1099511627776 MB, found \
         `9223372036854775807`"),
    ("/AllocatedResources/Tasks/nginx/Networks",
        r#"[{"MBits": -5, "ReservedPorts": [70000], "DynamicPorts": [{"Label": "a", "Value": -1}]}]"#,
        "AllocatedResources.Tasks.nginx.Networks[0].MBits: expected 0 to 1099511627776 MBit/s, \
         found `-5`\n\
         AllocatedResources.Tasks.nginx.Networks[0].ReservedPorts[0].Value: expected 0 to 65535, \
         found `70000`\n\
         AllocatedResources.Tasks.nginx.Networks[0].DynamicPorts[0].Value: expected 0 to 65535, \
         found `-1`"),
    ("/AllocatedResources/Shared/DiskMB", "-1",
        "AllocatedResources.Shared.DiskMB: expected 0 to 1099511627776 MB, found `-1`"),
    ("/AllocatedResources/Shared/Ports", r#"[{"Label": "http", "Value": 65536}]"#,
        "AllocatedResources.Shared.Ports[0].Value: expected 0 to 65535, found `65536`"),
    ("/Resources", r#"{"CPU": -1, "MemoryMB": 9223372036854775807}"#,
        "Resources.CPU: expected 0 to 1099511627776 MHz, found `-1`\n\
         Resources.MemoryMB: expected 0 to 1099511627776 MB, found `9223372036854775807`"),
    ("/TaskResources", r#"{"nginx": {"DiskMB": -1}}"#,
        "TaskResources.nginx.DiskMB: expected 0 to 1099511627776 MB, found `-1`"),
];
