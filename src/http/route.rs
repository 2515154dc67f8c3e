//! Paths: which endpoint a path is, and of which thing (docs/lifecycle.md, section 10).

use axum::http::Method;

use super::text::decoded;

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    AgentForceLeave,
    AgentHealth,
    AgentJoin,
    AgentMembers,
    AgentSelf,
    AgentServers,
    Allocation,
    AllocationStop,
    Allocations,
    Capacity,
    Client,
    Deployment,
    DeploymentAllocations,
    DeploymentFail,
    DeploymentHealth,
    DeploymentPause,
    DeploymentPromote,
    DeploymentUnblock,
    Deployments,
    Evaluation,
    EvaluationAllocations,
    EvaluationExplain,
    Evaluations,
    EvaluationsCount,
    EventStream,
    Job,
    JobAllocations,
    JobDeployment,
    JobDeployments,
    JobDispatch,
    JobEvaluate,
    JobEvaluations,
    JobForce,
    JobPlan,
    JobRevert,
    JobScale,
    JobStable,
    JobSubmission,
    JobSummary,
    JobVersions,
    Jobs,
    JobsParse,
    JobsStatuses,
    Metrics,
    Namespace,
    Namespaces,
    Node,
    NodeAllocations,
    NodeDrain,
    NodeEligibility,
    NodeEvaluate,
    NodePool,
    NodePools,
    NodePurge,
    NodeRegister,
    NodeStatus,
    Nodes,
    Overview,
    Plugins,
    Regions,
    ScalingPolicies,
    ScalingPolicy,
    SchedulerConfiguration,
    Search,
    SearchFuzzy,
    StatusLeader,
    StatusPeers,
    SystemGarbage,
    SystemReconcile,
    ValidateJob,
    Volumes,
}

use Endpoint as E;

/// Paths that name one endpoint, after `/v1/`.
const EXACT: [(&str, Endpoint); 34] = [
    ("agent/force-leave", E::AgentForceLeave),
    ("agent/health", E::AgentHealth),
    ("agent/join", E::AgentJoin),
    ("agent/members", E::AgentMembers),
    ("agent/self", E::AgentSelf),
    ("agent/servers", E::AgentServers),
    ("allocations", E::Allocations),
    ("deployments", E::Deployments),
    ("evaluations", E::Evaluations),
    ("evaluations/count", E::EvaluationsCount),
    ("event/stream", E::EventStream),
    ("jobs", E::Jobs),
    ("jobs/parse", E::JobsParse),
    ("jobs/statuses", E::JobsStatuses),
    ("metrics", E::Metrics),
    ("namespace", E::Namespace),
    ("namespaces", E::Namespaces),
    ("node/pool", E::NodePool),
    ("node/pools", E::NodePools),
    ("nodes", E::Nodes),
    ("operator/scheduler/configuration", E::SchedulerConfiguration),
    ("plugins", E::Plugins),
    ("regions", E::Regions),
    ("scaling/policies", E::ScalingPolicies),
    ("search", E::Search),
    ("search/fuzzy", E::SearchFuzzy),
    ("status/leader", E::StatusLeader),
    ("status/peers", E::StatusPeers),
    ("stowplan/capacity", E::Capacity),
    ("stowplan/overview", E::Overview),
    ("system/gc", E::SystemGarbage),
    ("system/reconcile/summaries", E::SystemReconcile),
    ("validate/job", E::ValidateJob),
    ("volumes", E::Volumes),
];

/// Ends of paths, and the endpoints that they name.
type Parts = &'static [(&'static str, Endpoint)];

/// Beginnings of paths, with what of the rest names which endpoint; what is left is the thing's identity.
const OF_THINGS: [(&str, Parts, Endpoint); 13] = [
    (
        "job/",
        &[
            ("/allocations", E::JobAllocations),
            ("/deployment", E::JobDeployment),
            ("/deployments", E::JobDeployments),
            ("/dispatch", E::JobDispatch),
            ("/evaluate", E::JobEvaluate),
            ("/evaluations", E::JobEvaluations),
            ("/periodic/force", E::JobForce),
            ("/plan", E::JobPlan),
            ("/revert", E::JobRevert),
            ("/scale", E::JobScale),
            ("/stable", E::JobStable),
            ("/submission", E::JobSubmission),
            ("/summary", E::JobSummary),
            ("/versions", E::JobVersions),
        ],
        E::Job,
    ),
    ("allocation/", &[("/stop", E::AllocationStop)], E::Allocation),
    ("evaluation/", &[("/allocations", E::EvaluationAllocations)], E::Evaluation),
    ("node/pool/", &[], E::NodePool),
    (
        "node/",
        &[
            ("/allocations", E::NodeAllocations),
            ("/drain", E::NodeDrain),
            ("/eligibility", E::NodeEligibility),
            ("/evaluate", E::NodeEvaluate),
            ("/purge", E::NodePurge),
            ("/register", E::NodeRegister),
            ("/status", E::NodeStatus),
        ],
        E::Node,
    ),
    ("deployment/allocations/", &[], E::DeploymentAllocations),
    ("deployment/allocation-health/", &[], E::DeploymentHealth),
    ("deployment/fail/", &[], E::DeploymentFail),
    ("deployment/pause/", &[], E::DeploymentPause),
    ("deployment/promote/", &[], E::DeploymentPromote),
    ("deployment/unblock/", &[], E::DeploymentUnblock),
    ("namespace/", &[], E::Namespace),
    ("scaling/policy/", &[], E::ScalingPolicy),
];

/// The endpoint of a path, and the identity of the thing that it is of; none for a path that names
/// nothing. Identities may have slashes, and escapes in any place.
pub(super) fn route(path: &str) -> Option<(Endpoint, String)> {
    let path = path.strip_prefix("/v1/")?;
    let bare = path.strip_suffix('/').unwrap_or(path);
    if let Some((_, endpoint)) = EXACT.iter().find(|(exact, _)| *exact == bare) {
        return Some((*endpoint, String::new()));
    }
    for (prefix, parts, whole) in OF_THINGS {
        let Some(rest) = path.strip_prefix(prefix) else { continue };
        let part =
            parts.iter().find_map(|(suffix, part)| Some((rest.strip_suffix(suffix)?, *part)));
        let (id, endpoint) = part.unwrap_or((rest, whole));
        return Some((endpoint, decoded(id)?));
    }
    if let Some(rest) = path.strip_prefix("stowplan/evaluation/") {
        return Some((E::EvaluationExplain, decoded(rest.strip_suffix("/explain")?)?));
    }
    if let Some(id) = path.strip_prefix("deployment/") {
        return Some((E::Deployment, decoded(id)?));
    }
    path.starts_with("client/").then(|| (E::Client, bare.to_owned()))
}

impl Endpoint {
    /// Whether requests with a body do something by it.
    pub(super) fn writes(self) -> bool {
        !matches!(self, E::JobSummary | E::JobVersions)
    }

    /// Whether the answer to a method may be long: what it lists grows with what there is.
    pub(super) fn is_long(self, method: &Method) -> bool {
        match self {
            // What is written there is answered in a few words.
            E::Jobs | E::Evaluations | E::NodeAllocations => *method == Method::GET,
            E::JobPlan | E::Search | E::SearchFuzzy | E::Overview | E::ValidateJob => true,
            _ => self.is_list(),
        }
    }

    /// Whether it lists things.
    pub(super) fn is_list(self) -> bool {
        matches!(
            self,
            E::Allocations
                | E::DeploymentAllocations
                | E::Deployments
                | E::EvaluationAllocations
                | E::Evaluations
                | E::EvaluationsCount
                | E::JobAllocations
                | E::JobEvaluations
                | E::JobVersions
                | E::Jobs
                | E::JobsStatuses
                | E::NodeAllocations
                | E::Nodes
                | E::ScalingPolicies
        )
    }

    /// Whether it has a method; PUT and POST are the same thing.
    pub(super) fn has(self, method: &Method) -> bool {
        let is_put = matches!(*method, Method::PUT | Method::POST);
        let is_get = *method == Method::GET;
        let is_delete = *method == Method::DELETE;
        match self {
            // Summaries and versions are read whatever the method.
            E::JobSummary | E::JobVersions => is_get || is_put || is_delete,
            E::Job | E::Namespace | E::NodePool => is_get || is_put || is_delete,
            E::Jobs
            | E::JobsStatuses
            | E::JobScale
            | E::Namespaces
            | E::NodeAllocations
            | E::NodePools => is_get || is_put,
            E::SchedulerConfiguration | E::AgentServers => is_get || is_put,
            E::Evaluations => is_get || is_delete,
            E::Client => is_get || is_put || is_delete,
            E::AgentForceLeave
            | E::AgentJoin
            | E::AllocationStop
            | E::DeploymentFail
            | E::DeploymentHealth
            | E::DeploymentPause
            | E::DeploymentPromote
            | E::DeploymentUnblock
            | E::JobDispatch
            | E::JobEvaluate
            | E::JobForce
            | E::JobPlan
            | E::JobRevert
            | E::JobStable
            | E::JobsParse
            | E::NodeDrain
            | E::NodeEligibility
            | E::NodeEvaluate
            | E::NodePurge
            | E::NodeRegister
            | E::NodeStatus
            | E::Search
            | E::SearchFuzzy
            | E::SystemGarbage
            | E::SystemReconcile
            | E::ValidateJob => is_put,
            _ => is_get,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_may_have_slashes_and_escapes() {
        let cases = [
            ("/v1/jobs", E::Jobs, ""),
            ("/v1/jobs/", E::Jobs, ""),
            ("/v1/job/web", E::Job, "web"),
            ("/v1/job/", E::Job, ""),
            ("/v1/job/a/b", E::Job, "a/b"),
            ("/v1/job/a%2Fb/summary", E::JobSummary, "a/b"),
            ("/v1/job/a%2Fsummary", E::Job, "a/summary"),
            ("/v1/job/cron/periodic-1/evaluate", E::JobEvaluate, "cron/periodic-1"),
            ("/v1/job/web/nothing", E::Job, "web/nothing"),
            ("/v1/job/cron/periodic/force", E::JobForce, "cron"),
            ("/v1/node/n1/drain", E::NodeDrain, "n1"),
            ("/v1/node/pools", E::NodePools, ""),
            ("/v1/node/pool/gpu", E::NodePool, "gpu"),
            ("/v1/deployment/d1", E::Deployment, "d1"),
            ("/v1/deployment/allocations/d1", E::DeploymentAllocations, "d1"),
            ("/v1/client/allocation/a1/stats", E::Client, "client/allocation/a1/stats"),
            ("/v1/evaluation/e1/allocations", E::EvaluationAllocations, "e1"),
            ("/v1/stowplan/evaluation/e1/explain", E::EvaluationExplain, "e1"),
            ("/v1/scaling/policy/p1", E::ScalingPolicy, "p1"),
        ];
        for (path, endpoint, id) in cases {
            assert_eq!(route(path), Some((endpoint, id.to_owned())), "{path}");
        }
        for path in
            ["/", "/v1", "/v1/", "/v1/nothing", "/jobs", "/v2/jobs", "/v1/job/%zz", "/v1//jobs"]
        {
            assert_eq!(route(path), None, "{path}");
        }
    }

    #[test]
    fn put_and_post_are_the_same() {
        assert!(
            E::Jobs.has(&Method::PUT) && E::Jobs.has(&Method::POST) && E::Jobs.has(&Method::GET)
        );
        for method in [Method::DELETE, Method::PATCH, Method::HEAD, Method::OPTIONS] {
            assert!(!E::Jobs.has(&method), "{method}");
        }
        assert!(!E::JobEvaluate.has(&Method::GET) && E::Job.has(&Method::DELETE));
        assert!(E::JobSummary.has(&Method::POST) && !E::Nodes.has(&Method::POST));
        assert!(E::Jobs.is_long(&Method::GET) && !E::Jobs.is_long(&Method::PUT));
    }
}
