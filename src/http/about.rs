//! What the API says about who serves it: regions, members, health and figures.

use axum::http::Method;
use serde_json::{Value, json};

use super::asked::Asked;
use super::figures;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Endpoint as E;

/// Answers a request about who serves it; none if it is about something else.
pub(super) async fn answer(asked: &Asked<'_>) -> Result<Option<Reply>, Refusal> {
    let regions = asked.regions;
    let is_get = *asked.method == Method::GET;
    if matches!(asked.endpoint, E::StatusLeader | E::StatusPeers) {
        asked.engine("")?;
    }
    let body = match asked.endpoint {
        E::Regions => json!(regions.names().collect::<Vec<_>>()),
        E::StatusLeader => json!(regions.address()),
        E::StatusPeers => json!([regions.address()]),
        E::AgentHealth => json!({"server": {"ok": true, "message": "ok"}}),
        E::AgentMembers => members(asked),
        E::AgentSelf => about_self(asked).await?,
        E::AgentServers if is_get => json!([regions.address()]),
        E::AgentServers | E::AgentForceLeave => return Ok(Some(Reply::empty())),
        // Who serves this is alone.
        E::AgentJoin => json!({"num_joined": 0, "error": "this agent has no others beside it"}),
        E::Metrics => return Ok(Some(figures::answer(asked).await?)),
        E::Client => return Err(no_client(asked)),
        _ => return Ok(None),
    };
    Ok(Some(Reply::plain(body)))
}

fn no_client(asked: &Asked<'_>) -> Refusal {
    match asked.id == "client/stats" && asked.query.text("node_id").is_empty() {
        true => Refusal::bad("No local Node and node_id not provided"),
        false => Refusal::not_found("No path to node"),
    }
}

/// The host and the port that it is reached at.
fn host_and_port<'a>(asked: &Asked<'a>) -> (&'a str, u16) {
    let address = asked.regions.address();
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    (host, port.parse().unwrap_or(0))
}

fn member(asked: &Asked<'_>) -> Value {
    let (host, port) = host_and_port(asked);
    let (name, region) = (asked.regions.node_name(), asked.regions.local());
    json!({
        "Name": format!("{name}.{region}"),
        "Addr": host,
        "Port": port,
        "Tags": {
            "role": "nomad", "region": region, "dc": "dc1", "build": env!("CARGO_PKG_VERSION"),
            "port": port.to_string(), "rpc_addr": host, "vsn": "1",
        },
        "Status": "alive",
        "ProtocolMin": 1, "ProtocolMax": 5, "ProtocolCur": 2,
        "DelegateMin": 2, "DelegateMax": 5, "DelegateCur": 4,
    })
}

fn members(asked: &Asked<'_>) -> Value {
    json!({
        "ServerName": asked.regions.node_name(),
        "ServerRegion": asked.regions.local(),
        "ServerDC": "dc1",
        "Members": [member(asked)],
    })
}

async fn about_self(asked: &Asked<'_>) -> Result<Value, Refusal> {
    let (host, port) = host_and_port(asked);
    let (name, region) = (asked.regions.node_name(), asked.regions.local());
    let handle = asked.engine("")?;
    let stats = handle.look(|engine| engine.stats()).await?;
    let snapshot = handle.snapshot();
    Ok(json!({
        "config": {
            "Region": region, "Datacenter": "dc1", "NodeName": name, "BindAddr": host,
            "Ports": {"HTTP": port}, "Server": {"Enabled": true}, "Client": {"Enabled": false},
            "Version": {"Version": env!("CARGO_PKG_VERSION")}, "ACL": {"Enabled": false},
        },
        "member": member(asked),
        "stats": {
            "nomad": {"server": "true", "leader": "true", "bootstrap": "true", "leader_addr": asked.regions.address()},
            "engine": {
                "index": snapshot.modify_index().to_string(),
                "nodes": snapshot.nodes().count().to_string(),
                "allocations": snapshot.allocation_count().to_string(),
                "ready": stats.ready.to_string(),
                "blocked": stats.blocked.to_string(),
            },
        },
    }))
}
