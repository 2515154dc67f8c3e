// The page of an agent: it asks the API of the agent that it came from, and nobody else, and asks anew when
// the event stream says that something has happened.
(() => {
  "use strict";
  const { element, heading, nodesByPlace, number, table } = stowplan;
  const at = (id) => document.getElementById(id);
  const PAUSE = 400, RETRY = 3000, LATEST = 50;
  let token = sessionStorage.getItem("stowplan-token") || "";

  class Refused extends Error {
    constructor(status, text) {
      super(text || `status ${status}`);
      this.status = status;
    }
  }

  function headers() {
    return token ? { "X-Nomad-Token": token } : {};
  }

  async function ask(path, body) {
    const options = body === undefined ? { headers: headers() } : { method: "PUT", headers: headers(), body: JSON.stringify(body) };
    const reply = await fetch("/v1/" + path, options);
    if (!reply.ok) throw new Refused(reply.status, await reply.text());
    return reply.json();
  }

  const part = (text) => encodeURIComponent(text);
  const of = (namespace) => `namespace=${part(namespace)}`;
  const short = (id) => id.slice(0, 8);
  const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

  function link(text, key, press) {
    const button = element("button", { type: "button", class: "link", textContent: text, "data-key": key });
    button.addEventListener("click", press);
    return button;
  }

  // A section with a heading and one table that is filled again and again.
  function list(id, title, columns, none) {
    const section = at(id);
    heading(section, id + "-title", title);
    const empty = element("p", { textContent: none });
    const rows = table(columns, []);
    section.append(empty, rows);
    let shown = "";
    return (next) => {
      empty.hidden = next.length > 0;
      rows.hidden = next.length === 0;
      const text = JSON.stringify(next);
      if (text === shown) return;
      shown = text;
      rows.update(next);
    };
  }

  // What is known of an evaluation's groups that have no room: reasons, and what would help.
  async function reasons(evaluation) {
    const ids = [[evaluation.ID, ""], [evaluation.PreviousEval, ""], [evaluation.ID, "?all=true"]];
    for (const [id, query] of ids.filter(([id]) => id)) {
      const told = await ask(`stowplan/evaluation/${part(id)}/explain${query}`).catch(() => null);
      const groups = Object.entries((told && told.TaskGroups) || {});
      if (groups.length === 0) continue;
      return groups.map(([group, it]) => element("div", { class: "reasons" },
        element("h3", { textContent: `Group ${group}` }), element("pre", { textContent: it.Text })));
    }
    return [element("p", { textContent: evaluation.StatusDescription || "No group of it lacks room now." })];
  }

  function showDetail(title, ...parts) {
    const section = at("detail");
    section.hidden = false;
    const close = element("button", { type: "button", textContent: "Close" });
    close.addEventListener("click", () => { section.hidden = true; open = null; });
    section.replaceChildren(element("h2", { id: "detail-title", textContent: title }), ...parts, element("p", {}, close));
  }

  // What is open below the nodes: it is shown again when something happens.
  let open = null;
  async function show(what, isPressed) {
    open = what;
    try {
      const parts = await what.parts();
      if (open === what) showDetail(what.title, ...parts);
    } catch (error) {
      if (open === what) showDetail(what.title, element("p", { class: "bad", textContent: error.message }));
    }
    if (isPressed) {
      at("detail").scrollIntoView({ block: "nearest" });
      at("detail").focus({ preventScroll: true });
    }
  }

  const ALLOCATIONS = [
    { title: "Allocation", value: (it) => it.Name, cell: (it) => `${it.Name} (${short(it.ID)})` },
    { title: "Node", value: (it) => it.NodeName || short(it.NodeID || "") },
    { title: "Wanted", value: (it) => it.DesiredStatus },
    { title: "Status", value: (it) => it.ClientStatus },
    { title: "Version", number: true, value: (it) => it.JobVersion || 0 },
  ];

  const openNode = (node) => show({
    title: `On node ${node.name}`,
    parts: async () => {
      const found = await ask(`node/${part(node.id)}/allocations`);
      return found.length > 0 ? [table(ALLOCATIONS, found)] : [element("p", { textContent: "Nothing runs there." })];
    },
  }, true);

  const openEvaluation = (evaluation) => show({
    title: `Evaluation ${short(evaluation.ID)} of ${evaluation.JobID}`,
    parts: async () => {
      const now = await ask(`evaluation/${part(evaluation.ID)}`);
      const line = [now.Status, `triggered by ${now.TriggeredBy}`, now.StatusDescription].filter(Boolean).join(" · ");
      const isWaiting = now.Status === "blocked" || Object.keys(now.FailedTGAllocs || {}).length > 0;
      return [element("p", { textContent: line }), ...(isWaiting ? await reasons(now) : [])];
    },
  }, true);

  const openJob = (job) => show({
    title: `Job ${job.ID}`,
    parts: async () => {
      const query = `?${of(job.Namespace)}`, path = `job/${part(job.ID)}`;
      const [allocations, evaluations] = await Promise.all([ask(`${path}/allocations${query}`), ask(`${path}/evaluations${query}`)]);
      const waiting = evaluations.find((it) => it.Status === "blocked");
      return [
        ...(waiting ? [element("h3", { class: "bad", textContent: "Waits for room" }), ...await reasons(waiting)] : []),
        allocations.length > 0 ? table(ALLOCATIONS, allocations) : element("p", { textContent: "It has no allocations." }),
      ];
    },
  }, true);

  const fillBlocked = list("blocked", "Blocked", [
    { title: "Job", value: (it) => it.JobID },
    { title: "Evaluation", value: (it) => it.ID, cell: (it) => link(short(it.ID) + ": why, and what would help", "blocked-" + it.ID, () => openEvaluation(it)) },
    { title: "Waits because", value: (it) => it.StatusDescription || it.TriggeredBy },
  ], "Nothing waits for room.");

  function progress(it) {
    if (!it.deployment) return "";
    const groups = Object.values(it.deployment.TaskGroups || {});
    const total = groups.reduce((sum, group) => sum + group.DesiredTotal, 0), healthy = groups.reduce((sum, group) => sum + group.HealthyAllocs, 0);
    const bar = element("progress", { max: Math.max(1, total), value: String(healthy) });
    bar.setAttribute("aria-label", "healthy allocations");
    const text = `${it.deployment.Status}, ${number(healthy)} of ${number(total)} healthy`;
    return it.deployment.Status === "running" ? element("span", {}, bar, " " + text) : text;
  }

  const sum = (it, name) => Object.values(it.counts).reduce((all, group) => all + (group[name] || 0), 0);
  const fillJobs = list("jobs", "Jobs", [
    { title: "Job", value: (it) => it.ID, cell: (it) => link(it.ID, `job-${it.Namespace}-${it.ID}`, () => openJob(it)) },
    { title: "Type", value: (it) => it.Type },
    { title: "Status", value: (it) => it.Status },
    { title: "Running", number: true, value: (it) => sum(it, "Running") },
    { title: "Queued", number: true, value: (it) => sum(it, "Queued") },
    { title: "Deployment", value: (it) => (it.deployment ? it.deployment.Status : ""), cell: progress },
  ], "There are no jobs.");

  const fillEvaluations = list("evaluations", "Latest evaluations", [
    { title: "Evaluation", value: (it) => it.ID, cell: (it) => link(short(it.ID), "evaluation-" + it.ID, () => openEvaluation(it)) },
    { title: "Job", value: (it) => it.JobID },
    { title: "Triggered by", value: (it) => it.TriggeredBy },
    { title: "Status", value: (it) => it.Status },
    { title: "Not placed", value: (it) => Object.keys(it.FailedTGAllocs || {}).join(", ") },
  ], "There are none.");

  let updateNodes = null;
  function fillNodes(overview) {
    const column = Object.fromEntries(overview.NodeColumns.map((name, index) => [name, index]));
    const nodes = overview.Nodes.map((row) => {
      const cell = (name) => row[column[name]];
      const status = cell("Status") !== "ready" ? cell("Status") : cell("Drain") ? "draining" : cell("Eligibility") === "ineligible" ? "ineligible" : "ready";
      return {
        id: cell("ID"), name: cell("Name") || cell("ID"), datacenter: overview.Datacenters[cell("Datacenter")], class: overview.Classes[cell("Class")],
        status, placed: cell("Allocations"), use: cell("Used").map((used, index) => [used, used, cell("Total")[index]]),
      };
    });
    nodes.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
    if (updateNodes) return updateNodes(nodes);
    updateNodes = nodesByPlace(at("nodes"), nodes, openNode);
  }

  function summarise(overview) {
    const counts = (of, names) => names.filter((name) => of[name]).map((name) => `${number(of[name])} ${name}`).join(", ");
    const jobs = Object.values(overview.Jobs).reduce((a, b) => a + b, 0);
    const allocations = counts(overview.Allocations, ["running", "starting", "queued", "failed", "lost", "unknown"]);
    at("summary").textContent = `${plural(overview.Nodes.length, "node")} · ${plural(jobs, "job")} · allocations: ${allocations || "none"} · ${number(overview.Evaluations.Blocked)} blocked`;
  }

  async function refresh() {
    const [overview, jobs, evaluations, blocked, deployments] = await Promise.all([
      ask("stowplan/overview"), ask("jobs?namespace=*"), ask(`evaluations?namespace=*&reverse=true&per_page=${LATEST}`),
      ask("evaluations?namespace=*&status=blocked"), ask("deployments?namespace=*"),
    ]);
    const latest = new Map();
    for (const it of deployments) {
      const key = JSON.stringify([it.Namespace, it.JobID]), known = latest.get(key);
      if (!known || known.CreateIndex < it.CreateIndex) latest.set(key, it);
    }
    summarise(overview);
    fillNodes(overview);
    fillBlocked(blocked.map(({ ID, JobID, Namespace, PreviousEval, StatusDescription, TriggeredBy }) => ({ ID, JobID, Namespace, PreviousEval, StatusDescription, TriggeredBy })));
    fillJobs(jobs.map((it) => ({
      ID: it.ID, Namespace: it.Namespace || "default", Type: it.Type, Status: it.Status, counts: (it.JobSummary && it.JobSummary.Summary) || {},
      deployment: latest.get(JSON.stringify([it.Namespace || "default", it.ID])),
    })));
    fillEvaluations(evaluations.map(({ ID, JobID, Status, TriggeredBy, FailedTGAllocs, PreviousEval, StatusDescription }) => ({ ID, JobID, Status, TriggeredBy, FailedTGAllocs, PreviousEval, StatusDescription })));
    if (open) await show(open, false);
    return overview.Index;
  }

  // One refresh at a time, and one more after it if something has happened meanwhile.
  let running = null, isWanted = false;
  function wanted() {
    isWanted = true;
    if (running) return running;
    running = (async () => {
      while (isWanted) {
        isWanted = false;
        await refresh();
        await new Promise((done) => setTimeout(done, PAUSE));
      }
    })().finally(() => { running = null; });
    return running;
  }

  async function listen() {
    for (;;) {
      try {
        const index = await refresh();
        at("token").hidden = true;
        at("state").textContent = "Live.";
        const reply = await fetch(`/v1/event/stream?namespace=*&index=${index + 1}`, { headers: headers() });
        if (!reply.ok) throw new Refused(reply.status, await reply.text());
        const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          // A line of a heartbeat says that nothing has happened.
          if (value.replaceAll("{}", "").trim() !== "") wanted().catch((error) => { at("state").textContent = error.message; });
        }
        at("state").textContent = "The event stream has ended; it is begun anew.";
      } catch (error) {
        at("state").textContent = `No answer: ${error.message}`;
        if (error.status === 403) at("token").hidden = false;
      }
      await new Promise((done) => setTimeout(done, RETRY));
    }
  }

  at("token").addEventListener("submit", (event) => {
    event.preventDefault();
    token = event.target.elements.token.value;
    sessionStorage.setItem("stowplan-token", token);
    event.target.reset();
    wanted().catch((error) => { at("state").textContent = error.message; });
  });

  // The job in the form: JSON as it stands, HCL as the agent reads it.
  async function jobOf(text) {
    if (/^\s*\{/.test(text)) {
      const read = JSON.parse(text);
      return read.Job || read;
    }
    return ask("jobs/parse", { JobHCL: text, Canonicalize: true });
  }

  const DONE = [["Place", "placed"], ["Stop", "stopped"], ["InPlaceUpdate", "updated in place"], ["DestructiveUpdate", "replaced"], ["Migrate", "moved"], ["Canary", "placed as canary"], ["Preemptions", "evicted"], ["Ignore", "left as they are"]];
  function answer(...parts) {
    at("answer").replaceChildren(...parts);
  }

  function planned(job, plan) {
    const groups = Object.entries((plan.Annotations && plan.Annotations.DesiredTGUpdates) || {}).map(([name, it]) => {
      const done = DONE.filter(([key]) => it[key]).map(([key, text]) => `${number(it[key])} ${text}`);
      return element("li", { textContent: `Group ${name}: ${done.join(", ") || "nothing to do"}` });
    });
    const failed = Object.entries(plan.FailedTGAllocs || {}).map(([name, it]) => {
      const causes = [it.ConstraintFiltered, it.DimensionExhausted].flatMap((map) => Object.entries(map || {})).map(([why, nodes]) => `${why} on ${plural(nodes, "node")}`);
      const missing = plural(1 + (it.CoalescedFailures || 0), "allocation");
      return element("div", { class: "reasons" }, element("h3", { class: "bad", textContent: `Group ${name}: ${missing} would find no place` }),
        element("p", { textContent: causes.join(" · ") || "There is no node to look at." }));
    });
    answer(element("h3", { textContent: `Plan for ${job.ID}` }), element("ul", {}, ...groups), ...failed, ...(plan.Warnings ? [element("p", { textContent: plan.Warnings })] : []));
  }

  async function submit(isPlan) {
    const buttons = [at("plan"), at("register")];
    buttons.forEach((button) => { button.disabled = true; });
    try {
      const job = await jobOf(at("text").value);
      if (isPlan) {
        const namespace = job.Namespace || "default";
        planned(job, await ask(`job/${part(job.ID || "")}/plan?${of(namespace)}`, { Job: job, Diff: false }));
        return;
      }
      const made = await ask("jobs", { Job: job });
      answer(element("p", { textContent: `Job ${job.ID} is registered${made.EvalID ? `, evaluation ${short(made.EvalID)}` : ""}.` }), ...(made.Warnings ? [element("p", { textContent: made.Warnings })] : []));
      wanted().catch((error) => { at("state").textContent = error.message; });
    } catch (error) {
      answer(element("p", { class: "bad", textContent: error.message }));
    } finally {
      buttons.forEach((button) => { button.disabled = false; });
    }
  }

  at("job").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(true);
  });
  at("register").addEventListener("click", () => at("job").reportValidity() && submit(false));
  heading(at("nodes"), "nodes-title", "Nodes");
  listen();
})();
