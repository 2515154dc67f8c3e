//! Drives an agent through nomad-client-rs: jobs, allocations, nodes, deployments, namespaces, status and the
//! event stream. The argument is the agent's address.

use std::time::Duration;

use nomad_client_rs::allocation::{ListAllocationsOptions, ReadAllocationOptions};
use nomad_client_rs::deployment::ListDeploymentsOptions;
use nomad_client_rs::event::{EventTopic, SubscribeToEventsOptions};
use nomad_client_rs::job::{
    CreateJobRequest, Job, ListJobAllocationsOptions, ListJobsOptions, ReadJobOptions, StopJobOptions,
};
use nomad_client_rs::namespace::ListNamespacesOptions;
use nomad_client_rs::node::{ListNodeAllocationsOptions, ListNodesOptions};
use nomad_client_rs::{ClientError, Config, Connection, NomadClient};

type Failure = Box<dyn std::error::Error>;

fn job(id: &str, count: u64) -> Result<CreateJobRequest, Failure> {
    let job: Job = serde_json::from_value(serde_json::json!({
        "ID": id, "Name": id, "Type": "service", "Datacenters": ["dc1"],
        "TaskGroups": [{"Name": "g", "Count": count, "Update": {"MinHealthyTime": 100_000_000}, "Tasks": [{
            "Name": "t", "Driver": "docker", "Config": {"image": "busybox:1"},
            "Resources": {"CPU": 100, "MemoryMB": 64}}]}],
    }))?;
    Ok(CreateJobRequest { job: Some(job), ..CreateJobRequest::default() })
}

/// Waits until all allocations of a job are in a state.
async fn until(client: &NomadClient, job_id: &str, number: usize, status: &str) -> Result<(), Failure> {
    for _ in 0..600 {
        let found =
            client.list_job_allocations(job_id, &ListJobAllocationsOptions::default()).await?;
        let count = found.iter().filter(|it| format!("{:?}", it.client_status).to_lowercase().contains(status));
        if count.count() == number {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("{job_id} did not come to {number} that are {status}").into())
}

async fn jobs_and_allocations(client: &NomadClient) -> Result<(), Failure> {
    let created = client.create_job(&job("rust", 2)?).await?;
    assert!(created.eval_id.is_some_and(|id| !id.is_empty()));
    until(client, "rust", 2, "running").await?;
    let read = client.read_job("rust", &ReadJobOptions::default()).await?;
    assert_eq!(read.id.as_deref(), Some("rust"));
    let options = ListJobsOptions { filter: Some("ID == rust".into()), ..ListJobsOptions::default() };
    assert_eq!(client.list_jobs(&options).await?.len(), 1);
    match client.read_job("nope", &ReadJobOptions::default()).await {
        Err(ClientError::NomadRejected { status: 404, message }) => assert_eq!(message, "job not found"),
        other => return Err(format!("it is not there: {other:?}").into()),
    }
    let stubs = client.list_allocations(&ListAllocationsOptions::default()).await?;
    assert_eq!(stubs.len(), 2);
    let id = stubs[0].id.clone().ok_or("no id")?;
    let whole = client.read_allocation(&id, &ReadAllocationOptions::default()).await?;
    assert_eq!(whole.job_id.as_deref(), Some("rust"));
    let node_id = whole.node_id.ok_or("no node")?;
    let node = client.read_node(&node_id).await?;
    assert_eq!(node.id.as_deref(), Some(node_id.as_str()));
    let on_node =
        client.list_node_allocations(&node_id, &ListNodeAllocationsOptions::default()).await?;
    assert!(on_node.iter().any(|it| it.id.as_ref() == Some(&id)));
    assert_eq!(client.list_nodes(&ListNodesOptions::default()).await?.len(), 5);
    client.stop_allocation(&id).await?;
    until(client, "rust", 2, "running").await
}

async fn the_rest(client: &NomadClient) -> Result<(), Failure> {
    let deployments = client.list_deployments(&ListDeploymentsOptions::default()).await?;
    let id = deployments[0].id.clone().ok_or("no id")?;
    assert!(client.read_deployment(&id).await?.status.is_some());
    assert!(!client.list_deployment_allocations(&id).await?.is_empty());
    let leader = client.read_leader().await?;
    assert_eq!(client.list_peers().await?, [leader]);
    let namespaces = client.list_namespaces(&ListNamespacesOptions::default()).await?;
    assert_eq!(namespaces[0].name.as_deref(), Some("default"));

    let mut options = SubscribeToEventsOptions::default();
    options.add_topic(EventTopic::Job);
    let (stream, mut events) = client.subscribe_to_events(&options);
    client.create_job(&job("told", 1)?).await?;
    let is_told = async {
        while let Some(event) = events.recv().await {
            if event.key == "told" {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), is_told).await?);
    stream.abort();

    let purge = StopJobOptions { purge: Some(true), ..StopJobOptions::default() };
    client.stop_job("rust", &purge).await?;
    assert!(client.read_job("rust", &ReadJobOptions::default()).await.is_err());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).ok_or("an address is needed")?;
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "there is one already")?;
    let connection = Connection::HttpApi { address, credential: None };
    let client = NomadClient::new(Config { connection, ..Config::default() })?;
    jobs_and_allocations(&client).await?;
    println!("nomad-client-rs: jobs and allocations");
    the_rest(&client).await?;
    println!("nomad-client-rs: the rest");
    Ok(())
}
