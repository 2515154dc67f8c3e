//! Whether two documents ask for the same, whatever the system itself wrote into them.

use super::job_spec::JobSpec;

impl JobSpec {
    /// Whether another document asks for the same: all but the version, its indexes and its instant,
    /// whether it is stable, and the job's status is compared.
    pub(crate) fn asks_the_same(&self, other: &JobSpec) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        // All fields are named, so that none can be forgotten.
        let JobSpec {
            region,
            namespace,
            id,
            name,
            job_type,
            priority,
            all_at_once,
            datacenters,
            node_pool,
            constraints,
            affinities,
            spreads,
            task_groups,
            meta,
            version: _,
            update,
            periodic,
            parameterized_job,
            status: _,
            status_description: _,
            stable: _,
            stop,
            submit_time: _,
            create_index: _,
            modify_index: _,
            job_modify_index: _,
            extra,
        } = self;
        *id == other.id
            && *priority == other.priority
            && *stop == other.stop
            && *task_groups == other.task_groups
            && (region, namespace, name, job_type)
                == (&other.region, &other.namespace, &other.name, &other.job_type)
            && *all_at_once == other.all_at_once
            && *datacenters == other.datacenters
            && *node_pool == other.node_pool
            && *constraints == other.constraints
            && *affinities == other.affinities
            && *spreads == other.spreads
            && *meta == other.meta
            && *update == other.update
            && *periodic == other.periodic
            && *parameterized_job == other.parameterized_job
            && *extra == other.extra
    }
}

#[cfg(test)]
mod tests {
    use crate::model::read;

    #[test]
    fn numbers_and_statuses_make_no_other_job() {
        let text = |more: &str| {
            let text = format!(r#"{{"ID": "web", "TaskGroups": [{{"Name": "front"}}]{more}}}"#);
            read::job(text).unwrap()
        };
        let job = text("");
        for same in [
            r#", "Version": 3, "Stable": true, "SubmitTime": 7"#,
            r#", "Status": "running", "StatusDescription": "well""#,
            r#", "CreateIndex": 1, "ModifyIndex": 2, "JobModifyIndex": 2"#,
        ] {
            assert!(job.asks_the_same(&text(same)), "{same}");
        }
        for other in [
            r#", "Priority": 7"#,
            r#", "Stop": true"#,
            r#", "AllAtOnce": true"#,
            r#", "Meta": {"a": "b"}"#,
            r#", "Datacenters": ["dc1"]"#,
            r#", "NodePool": "gpu""#,
            r#", "Unheard": 1"#,
            r#", "Update": {"MaxParallel": 3}"#,
            r#", "Constraints": [{"LTarget": "a"}]"#,
        ] {
            assert!(!job.asks_the_same(&text(other)), "{other}");
            assert!(!text(other).asks_the_same(&job), "{other}");
        }
    }
}
