//! What is left to do with blocks whose arguments are read.

use serde_json::Value as Json;
use serde_json::{Map, json};

/// Tasks of a job outside of its groups, until each gets a group of its own.
pub(super) const TASKS: &str = "~tasks";
/// What jobs and groups say for tasks that do not say it themselves.
pub(super) const VAULT: &str = "~vault";
/// All ports of a network, until they are told apart.
pub(super) const PORTS: &str = "~ports";
/// All identities of a task, until they are told apart.
pub(super) const IDENTITIES: &str = "~identities";
pub(super) const DISTINCT_HOSTS: &str = "~distinct_hosts";
pub(super) const DISTINCT_PROPERTY: &str = "~distinct_property";

pub(super) type Document = Map<String, Json>;

/// The operator may be the name of an argument: `regexp = "a.*"`, `distinct_hosts = true`.
pub(super) fn constraint(document: &mut Document) -> Result<(), String> {
    let named: Vec<String> = document.keys().filter(|key| key.starts_with('~')).cloned().collect();
    if named.len() > 1 {
        let names: Vec<&str> = named.iter().map(|name| name.trim_start_matches('~')).collect();
        let names = names.join("` and `");
        return Err(format!("`{names}` at once; a block has one operator"));
    }
    for name in named {
        let value = document.remove(&name).unwrap_or_default();
        let operand = name.trim_start_matches('~').to_owned();
        match name.as_str() {
            // That it does not hold is as if it were not there.
            DISTINCT_HOSTS if value == json!(false) => {
                document.insert("RTarget".to_owned(), json!("false"));
            }
            DISTINCT_HOSTS => {}
            DISTINCT_PROPERTY => _ = document.insert("LTarget".to_owned(), value),
            _ => _ = document.insert("RTarget".to_owned(), value),
        }
        document.insert("Operand".to_owned(), operand.into());
    }
    Ok(())
}

/// Ports with a number are reserved, the others dynamic.
pub(super) fn network(document: &mut Document) -> Result<(), String> {
    let ports = document.remove(PORTS);
    let ports = ports.and_then(|ports| ports.as_array().cloned()).unwrap_or_default();
    let has_number = |port: &Json| port.get("Value") != Some(&json!(0));
    let (reserved, dynamic): (Vec<Json>, Vec<Json>) = ports.into_iter().partition(has_number);
    for (key, ports) in [("ReservedPorts", reserved), ("DynamicPorts", dynamic)] {
        let ports = if ports.is_empty() { Json::Null } else { ports.into() };
        document.insert(key.to_owned(), ports);
    }
    Ok(())
}

/// The kind of expression is said where there is one.
pub(super) fn periodic(document: &mut Document) -> Result<(), String> {
    let is_cron = document.get("Spec").is_some_and(|spec| !spec.is_null());
    let spec_type = if is_cron { json!("cron") } else { Json::Null };
    document.insert("SpecType".to_owned(), spec_type);
    Ok(())
}

/// The label says what of the task is scaled.
pub(super) fn task_scaling(document: &mut Document) -> Result<(), String> {
    let label = document.get("Type").and_then(Json::as_str).unwrap_or_default();
    let scales = match label {
        "cpu" => "vertical_cpu",
        "mem" => "vertical_mem",
        _ => return Err("expected `scaling \"cpu\"` or `scaling \"mem\"`".to_owned()),
    };
    document.insert("Type".to_owned(), scales.into());
    Ok(())
}

/// The identity without a name is the task's own, the others are for services of their own.
pub(super) fn task(document: &mut Document) -> Result<(), String> {
    let identities = document.remove(IDENTITIES);
    let identities = identities.and_then(|it| it.as_array().cloned()).unwrap_or_default();
    let is_own = |it: &Json| matches!(it["Name"].as_str(), Some("" | "default"));
    let (own, others): (Vec<Json>, Vec<Json>) = identities.into_iter().partition(is_own);
    if own.len() > 1 {
        return Err("a second block `identity` without a name".to_owned());
    }
    if let Some(own) = own.into_iter().next() {
        document.insert("Identity".to_owned(), own);
    }
    if !others.is_empty() {
        document.insert("Identities".to_owned(), others.into());
    }
    Ok(())
}

/// Gives the tasks of a group what the group says for all of them.
pub(super) fn group(document: &mut Document) -> Result<(), String> {
    if let Some(vault) = document.remove(VAULT) {
        hand_down(document, &vault);
    }
    Ok(())
}

/// Gives the tasks of a group what they do not say of `vault` themselves.
pub(super) fn hand_down(group: &mut Document, vault: &Json) {
    let tasks = group.get_mut("Tasks").and_then(Json::as_array_mut);
    for task in tasks.into_iter().flatten().filter_map(Json::as_object_mut) {
        let said = task.entry("Vault").or_insert(Json::Null);
        if said.is_null() {
            *said = vault.clone();
        }
    }
}
