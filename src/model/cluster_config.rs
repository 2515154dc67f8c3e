//! What an operator sets for the whole cluster: the scheduler's configuration, namespaces and node
//! pools (docs/placement.md, section 1.2; docs/lifecycle.md, section 10).

use indexmap::IndexMap;

use super::document::{document, is_default};
use super::job_type::JobType;

document! {
    /// How the scheduler works, whatever the job.
    pub struct SchedulerConfiguration {
        /// `binpack` (also when empty) or `spread`.
        "SchedulerAlgorithm" => pub scheduler_algorithm: String,
        /// Which jobs may evict others; absent, those of type `system`.
        "PreemptionConfig" => pub preemption_config: Option<PreemptionConfig>,
        /// Whether tasks may use more memory than they ask for.
        "MemoryOversubscriptionEnabled" => pub memory_oversubscription_enabled: bool,
        /// Whether registering jobs is refused.
        #[serde(skip_serializing_if = "is_default")]
        "RejectJobRegistration" => pub reject_job_registration: bool,
        /// Whether evaluations are kept back.
        #[serde(skip_serializing_if = "is_default")]
        "PauseEvalBroker" => pub pause_eval_broker: bool,
        /// The index at which it was created.
        "CreateIndex" => pub create_index: u64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
    }
}

document! {
    /// Which jobs may evict others of lower priority.
    pub struct PreemptionConfig {
        /// Jobs of type `system`.
        "SystemSchedulerEnabled" => pub system_scheduler_enabled: bool,
        /// Jobs of type `sysbatch`.
        #[serde(skip_serializing_if = "is_default")]
        "SysBatchSchedulerEnabled" => pub sysbatch_scheduler_enabled: bool,
        /// Jobs of type `batch`.
        "BatchSchedulerEnabled" => pub batch_scheduler_enabled: bool,
        /// Jobs of type `service`.
        "ServiceSchedulerEnabled" => pub service_scheduler_enabled: bool,
    }
}

document! {
    /// A room for the names of jobs.
    pub struct Namespace {
        /// Its name.
        "Name" => pub name: String,
        /// What it is for.
        "Description" => pub description: String,
        /// The quota that limits its jobs.
        "Quota" => pub quota: String,
        /// The index at which it was created.
        "CreateIndex" => pub create_index: u64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
    }
}

document! {
    /// Nodes that belong together.
    pub struct NodePool {
        /// Its name.
        "Name" => pub name: String,
        /// What it is for.
        "Description" => pub description: String,
        /// Facts about it.
        "Meta" => pub meta: IndexMap<String, String>,
        /// How the scheduler works for it, where that is not as everywhere.
        "SchedulerConfiguration" => pub scheduler_configuration: Option<NodePoolSchedulerConfiguration>,
        /// The index at which it was created.
        "CreateIndex" => pub create_index: u64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
    }
}

document! {
    /// How the scheduler works for one pool.
    pub struct NodePoolSchedulerConfiguration {
        /// `binpack` or `spread`; empty is as everywhere.
        "SchedulerAlgorithm" => pub scheduler_algorithm: String,
        /// Whether tasks may use more memory than they ask for; absent is as everywhere.
        "MemoryOversubscriptionEnabled" => pub memory_oversubscription_enabled: Option<bool>,
    }
}

impl SchedulerConfiguration {
    /// Whether jobs of a type may evict others of lower priority; where the document says nothing,
    /// those of type `system` may.
    pub fn is_preemption_enabled(&self, job_type: JobType) -> bool {
        match (&self.preemption_config, job_type) {
            (None, job_type) => job_type == JobType::System,
            (Some(config), JobType::System) => config.system_scheduler_enabled,
            (Some(config), JobType::Sysbatch) => config.sysbatch_scheduler_enabled,
            (Some(config), JobType::Batch) => config.batch_scheduler_enabled,
            (Some(config), JobType::Service) => config.service_scheduler_enabled,
        }
    }
}
