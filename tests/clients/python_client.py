"""Drives an agent through python-nomad, a client that people use: jobs, allocations, evaluations, nodes, deployments, validation,
search, status, events and blocking queries. The first argument is the program, built with the feature `agent`."""

import queue
import sys
import threading
import time

import nomad
from nomad.api import exceptions

from agent import Agent


def job(job_id, count, image="busybox:1", **more):
    task = {"Name": "t", "Driver": "docker", "Config": {"image": image}, "Resources": {"CPU": 100, "MemoryMB": 64}}
    group = {"Name": "g", "Count": count, "Tasks": [task], "Update": {"MinHealthyTime": 100_000_000}}
    return {"Job": {"ID": job_id, "Name": job_id, "Type": "service", "Datacenters": ["dc1"], "TaskGroups": [group], **more}}


def until(what, is_so, seconds=30):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError("it did not come to this: " + what)
        time.sleep(0.05)


def refused(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as raised:
        return raised
    raise AssertionError("it was not refused: %s" % (args,))


def status_and_lists(n):
    assert n.status.leader.get_leader() == "%s:%d" % (n.host, n.port)
    assert n.status.peers.get_peers() == [n.status.leader.get_leader()]
    assert n.regions.get_regions() == ["global"]
    assert n.agent.get_agent()["config"]["Region"] == "global"
    assert n.agent.get_members()["Members"][0]["Status"] == "alive"
    assert n.agent.get_servers() == n.status.peers.get_peers()
    assert len(n.nodes.get_nodes()) == 5
    assert n.namespaces.get_namespaces()[0]["Name"] == "default"
    assert n.metrics.get_metrics()["Gauges"]
    assert list(n.jobs) == [] and len(n.evaluations) == 0
    assert n.scaling.get_scaling_policies() == []


def jobs(n):
    assert n.validate.validate_job(job("web", 2)).json()["Error"] == ""
    planned = n.job.plan_job("web", job("web", 2), diff=True)
    assert planned["Annotations"]["DesiredTGUpdates"]["g"]["Place"] == 2
    registered = n.job.register_job("web", job("web", 2))
    until("both run", lambda: [a["ClientStatus"] for a in n.job.get_allocations("web")] == ["running"] * 2)
    evaluation = n.evaluation.get_evaluation(registered["EvalID"])
    assert evaluation["Status"] == "complete" and evaluation["JobID"] == "web"
    assert len(n.evaluation.get_allocations(evaluation["ID"])) == 2
    assert "web" in n.job and "web" in n.jobs and "nope" not in n.job
    assert n.job["web"]["Status"] == "running"
    refused(exceptions.URLNotFoundNomadException, n.job.get_job, "nope")
    error = refused(exceptions.BaseNomadException, n.job.register_job, "web", job("other", 1))
    assert "Job ID does not match name" in str(error.nomad_resp.text)
    assert n.job.get_summary("web")["Summary"]["g"]["Running"] == 2
    until("it is deployed", lambda: n.job.get_deployment("web")["Status"] == "successful")
    n.job.register_job("web", job("web", 3, image="busybox:2"))
    assert [v["Version"] for v in n.job.get_versions("web")["Versions"]] == [1, 0]
    until("it is deployed again", lambda: n.job.get_deployment("web")["Status"] == "successful")
    n.job.stable_job("web", 0, True)
    n.job.revert_job("web", 0)
    assert n.job.get_job("web")["Version"] == 2
    until("it is deployed back", lambda: n.job.get_deployment("web")["Status"] == "successful")
    assert n.job.evaluate_job("web")["EvalID"]
    assert len(n.jobs.get_jobs(prefix="we")) == 1 and n.jobs.get_jobs(prefix="x") == []


def deployments(n):
    first = {"Update": {"MaxParallel": 1, "Canary": 1, "MinHealthyTime": 100_000_000}}
    n.jobs.register_job(job("canary", 2, **first))
    until("it is deployed", lambda: (n.job.get_deployment("canary") or {}).get("Status") == "successful")
    n.jobs.register_job(job("canary", 2, image="busybox:2", **first))
    until("a canary is well", lambda: n.job.get_deployment("canary")["TaskGroups"]["g"]["HealthyAllocs"] == 1)
    deployment_id = n.job.get_deployment("canary")["ID"]
    assert len(n.deployment.get_deployment_allocations(deployment_id)) == 1
    n.deployment.pause_deployment(deployment_id, True)
    assert n.deployment[deployment_id]["Status"] == "paused"
    n.deployment.pause_deployment(deployment_id, False)
    n.deployment.promote_deployment_all(deployment_id)
    until("it is promoted", lambda: n.deployment[deployment_id]["Status"] == "successful")
    refused(exceptions.BaseNomadException, n.deployment.fail_deployment, deployment_id)
    assert deployment_id in [d["ID"] for d in n.deployments.get_deployments()]


def nodes_and_allocations(n):
    allocation = next(a for a in n.job.get_allocations("web") if a["ClientStatus"] == "running")
    whole = n.allocation.get_allocation(allocation["ID"])
    assert whole["Job"]["ID"] == "web" and whole["TaskStates"]["t"]["State"] == "running"
    node_id = whole["NodeID"]
    assert n.node.get_node(node_id)["Status"] == "ready" and node_id in n.node
    assert allocation["ID"] in [a["ID"] for a in n.node.get_allocations(node_id)]
    n.allocation.stop_allocation(allocation["ID"])
    until("it is replaced", lambda: n.allocation.get_allocation(allocation["ID"])["NextAllocation"] != "")
    n.node.drain_node_with_spec(node_id, {"Deadline": -1, "IgnoreSystemJobs": False})
    until("it is drained", lambda: not n.node[node_id]["Drain"] and n.node[node_id]["SchedulingEligibility"] == "ineligible")
    n.node.eligible_node(node_id, eligible=True)
    assert n.node.evaluate_node(node_id)["NodeModifyIndex"] > 0
    refused(exceptions.URLNotFoundNomadException, n.node.get_node, "00000000-0000-0000-0000-00000000ffff")
    assert n.search.search("we", "jobs")["Matches"]["jobs"] == ["web"]
    assert n.search.fuzzy_search("anar", "jobs")["Matches"]["jobs"][0]["ID"] == "canary"


def waits(n):
    """A blocking query is answered by what it waits for, and the stream tells of it."""
    listener, exit_event, events = n.event.stream.get_stream(topic=["Job:later"], timeout=20)
    listener.start()
    seen = n.job.request("web", method="get").headers["X-Nomad-Index"]
    index = None
    while index != n.jobs.request(method="get").headers["X-Nomad-Index"]:
        # What was done before has to come to rest.
        index = n.jobs.request(method="get").headers["X-Nomad-Index"]
        time.sleep(0.5)
    assert int(index) >= int(seen)
    came = queue.Queue()

    def wait():
        params = {"index": index, "wait": "30s"}
        began = time.monotonic()
        found = n.jobs.request(method="get", params=params).json()
        came.put((time.monotonic() - began, [it["ID"] for it in found]))

    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.3)
    assert came.empty()
    n.jobs.register_job(job("later", 1))
    took, ids = came.get(timeout=20)
    assert 0.2 < took < 20 and "later" in ids
    told = events.get(timeout=20)
    assert [(e["Topic"], e["Key"]) for e in told["Events"]] == [("Job", "later")], told
    exit_event.set()


def ends(n):
    for job_id in ("web", "canary", "later"):
        n.job.deregister_job(job_id)
        assert n.job[job_id]["Stop"]
    until("all have ended", lambda: all(a["ClientStatus"] == "complete" for a in n.allocations))
    assert n.system.initiate_garbage_collection() and n.system.reconcile_summaries()
    n.job.deregister_job("web", purge=True)
    refused(exceptions.URLNotFoundNomadException, n.job.get_job, "web")


def main():
    with Agent(sys.argv[1]) as agent:
        n = nomad.Nomad(host="127.0.0.1", port=agent.port, timeout=40)
        for part in (status_and_lists, jobs, deployments, nodes_and_allocations, waits, ends):
            part(n)
            print("python-nomad: %s" % part.__name__, flush=True)


main()
