// Draws a cluster from JSON: nodes as tiles by datacenter and class, and tables that sort. It fetches
// nothing and writes texts as texts, so that what a document holds is never markup.
const stowplan = (() => {
  "use strict";
  const GAP = 3, ROWS = 200;
  const DIMENSIONS = ["CPU", "Memory", "Disk"];
  const UNITS = ["MHz", "MB", "MB"];

  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (value === "") continue;
      if (key === "class") made.className = value;
      else if (key.startsWith("aria-") || key.startsWith("data-") || key === "role" || key === "scope") made.setAttribute(key, value);
      else made[key] = value;
    }
    made.append(...children);
    return made;
  }

  // The side of a tile in pixels: few nodes are drawn large.
  const sideOf = (nodes) => (nodes <= 40 ? 36 : nodes <= 600 ? 22 : nodes <= 3000 ? 14 : 9);

  const number = (value) => value.toLocaleString("en");
  const share = (part, whole) => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 1);
  const percent = (part, whole) => Math.floor(100 * share(part, whole)) + "%";

  // A node's use before and after, of one dimension or of the one that is fullest afterwards.
  function useOf(node, dimension) {
    if (dimension >= 0) return node.use[dimension];
    return node.use.reduce((a, b) => (share(b[1], b[2]) > share(a[1], a[2]) ? b : a));
  }

  function describe(node, isLive) {
    const parts = node.use.map(([before, after, capacity], at) =>
      `${DIMENSIONS[at]} ${isLive ? "" : percent(before, capacity) + " → "}${percent(after, capacity)} of ${number(capacity)} ${UNITS[at]}`);
    const title = node.name === node.id ? node.name : `${node.name} (${node.id})`;
    const placed = (node.placed === 1 ? "1 allocation" : `${number(node.placed)} allocations`) + (isLive ? "" : " placed");
    return `${title} · ${node.datacenter}${node.class ? " · " + node.class : ""} · ${node.status} · ${placed}\n${parts.join(" · ")}`;
  }

  // Tiles of one group of nodes on a canvas; `pick` is told which node is looked at.
  function tiles(nodes, settings, pick) {
    const canvas = element("canvas", { tabIndex: 0, role: "img" });
    canvas.setAttribute("aria-label", `${nodes.length} nodes; arrow keys go from node to node`);
    const side = settings.side, step = side + GAP;
    let columns = 1, looked = -1;
    function draw() {
      const width = Math.min(settings.width(), nodes.length * step - GAP), scale = window.devicePixelRatio || 1;
      columns = Math.max(1, Math.floor((width + GAP) / step));
      const height = Math.ceil(nodes.length / columns) * step - GAP;
      canvas.style.width = width + "px";
      canvas.style.height = height + "px";
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      const style = getComputedStyle(document.documentElement);
      const colour = (name) => style.getPropertyValue(name).trim();
      const [used, added, free, away, focus] = ["--used", "--added", "--free", "--away", "--focus"].map(colour);
      const context = canvas.getContext("2d");
      context.scale(scale, scale);
      nodes.forEach((node, at) => {
        const x = (at % columns) * step, y = Math.floor(at / columns) * step;
        const [before, after, capacity] = useOf(node, settings.dimension);
        const now = settings.when === "before" ? before : after;
        // What is there at all is seen, however little it is.
        const length = (part) => (part > 0 ? Math.max(2, side * share(part, capacity)) : 0);
        const kept = length(Math.min(before, now)), filled = now > before ? Math.min(side, Math.max(kept + 2, length(now))) : kept;
        context.fillStyle = free;
        context.fillRect(x, y, side, side);
        context.fillStyle = added;
        context.fillRect(x, y + side - filled, side, filled);
        context.fillStyle = used;
        context.fillRect(x, y + side - kept, side, kept);
        if (node.status !== "ready") {
          context.strokeStyle = away;
          context.lineWidth = 2;
          context.beginPath();
          context.moveTo(x + 2, y + 2);
          context.lineTo(x + side - 2, y + side - 2);
          context.stroke();
        }
        if (at === looked) {
          context.strokeStyle = focus;
          context.lineWidth = 2;
          context.strokeRect(x + 1, y + 1, side - 2, side - 2);
        }
      });
    }
    function look(at) {
      if (at < 0 || at >= nodes.length) return;
      looked = at;
      pick(nodes[at], false);
      draw();
    }
    // The same nodes as they are now.
    function update(next) {
      nodes = next;
      if (looked >= 0) pick(nodes[looked], false);
      draw();
    }
    function at(event) {
      const column = Math.floor(event.offsetX / step), row = Math.floor(event.offsetY / step);
      return column < columns ? row * columns + column : -1;
    }
    canvas.addEventListener("pointermove", (event) => at(event) !== looked && look(at(event)));
    canvas.addEventListener("click", (event) => {
      look(at(event));
      if (looked >= 0) pick(nodes[looked], true);
    });
    canvas.addEventListener("focus", () => look(Math.max(0, looked)));
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && looked >= 0) pick(nodes[looked], true);
      const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
      if (move === undefined) return;
      event.preventDefault();
      look(looked + move);
    });
    return { canvas, draw, update };
  }

  // A table of `columns` ({title, value, number, cell}), sorted by the column whose title is pressed. Its
  // `update` shows other rows in the same order.
  function table(columns, rows) {
    let order = rows.slice(), shown = ROWS, by = -1, down = false;
    const body = element("tbody");
    const more = element("button", { class: "more", type: "button" });
    const heads = columns.map((column, at) => {
      const button = element("button", { type: "button", textContent: column.title });
      button.addEventListener("click", () => sort(at));
      return element("th", { scope: "col", class: column.number ? "number" : "" }, button);
    });
    function sort(at) {
      down = by === at ? !down : Boolean(columns[at].number);
      by = at;
      arrange();
    }
    function arrange() {
      const at = by;
      if (at < 0) {
        order = rows.slice();
        return fill();
      }
      const value = columns[at].value;
      const compare = columns[at].number ? (a, b) => value(a) - value(b)
        : (a, b) => String(value(a)).localeCompare(String(value(b)), "en", { numeric: true });
      order = rows.slice().sort((a, b) => (down ? compare(b, a) : compare(a, b)));
      heads.forEach((head, i) => head.setAttribute("aria-sort", i === at ? (down ? "descending" : "ascending") : "none"));
      heads.forEach((head, i) => { head.firstChild.textContent = columns[i].title + (i === at ? (down ? " ↓" : " ↑") : ""); });
      fill();
    }
    function fill() {
      // What the keyboard is at stays where it is.
      const key = body.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
      body.replaceChildren(...order.slice(0, shown).map((row) => element("tr", {}, ...columns.map((column) => {
        const cell = element("td", { class: column.number ? "number" : "" });
        cell.setAttribute("data-title", column.title);
        cell.append(column.cell ? column.cell(row) : String(column.value(row)));
        return cell;
      }))));
      if (key !== undefined) body.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
      more.hidden = order.length <= shown;
      more.textContent = `Show ${number(Math.min(ROWS, order.length - shown))} more of ${number(order.length - shown)}`;
    }
    more.addEventListener("click", () => { shown += ROWS; fill(); });
    fill();
    const head = element("thead", {}, element("tr", {}, ...heads));
    const whole = element("div", {}, element("div", { class: "scroll" }, element("table", {}, head, body)), more);
    whole.update = (next) => {
      rows = next;
      arrange();
    };
    return whole;
  }

  function choice(label, options, onChange) {
    const select = element("select", {}, ...options.map(([value, text]) => element("option", { value, textContent: text })));
    select.addEventListener("change", () => onChange(select.value));
    return element("label", {}, label + " ", select);
  }

  // Nodes by datacenter, then class, as tiles; below them what the node that is looked at has. With `open`
  // they are shown as they are now, and it is told which node was pressed; what comes back shows others.
  function nodesByPlace(section, nodes, open = null) {
    const places = element("div", { class: "places" });
    const settings = { dimension: -1, when: "after", side: sideOf(nodes.length), width: () => places.clientWidth || 300 };
    const detail = element("p", { class: "detail", "aria-live": open ? "" : "polite", textContent: "Point at a node, or go there with the arrow keys." + (open ? " Press it for what runs there." : "") });
    detail.style.whiteSpace = "pre-line";
    const grouped = () => {
      const groups = new Map();
      for (const node of nodes) {
        const key = JSON.stringify([node.datacenter, node.class]);
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push(node);
      }
      return groups;
    };
    let drawn = [];
    const redraw = () => drawn.forEach((it) => it.draw());
    const controls = element("div", { class: "controls" },
      choice("Show", [["-1", "the fullest dimension"], ["0", "CPU"], ["1", "memory"], ["2", "disk"]], (value) => { settings.dimension = Number(value); redraw(); }));
    if (!open) {
      controls.append(choice("Show nodes", [["after", "after placing"], ["before", "before placing"]], (value) => { settings.when = value; redraw(); }));
    }
    const key = (name, text) => element("span", {}, element("i", { style: `background: var(${name})` }), text);
    const legend = element("p", { class: "legend" }, key("--used", open ? "in use" : "in use before"), ...(open ? [] : [key("--added", "placed now")]), key("--free", "free"), "crossed out: not ready");
    section.append(controls, legend);
    let shape = "";
    const shapeOf = (groups) => JSON.stringify([...groups].map(([key, members]) => [key, members.map((node) => node.id)]));
    function place() {
      const groups = grouped();
      const next = shapeOf(groups);
      if (next === shape) {
        for (const made of drawn) made.update(groups.get(made.group));
        return;
      }
      shape = next;
      settings.side = sideOf(nodes.length);
      drawn = [];
      places.replaceChildren();
      for (const group of [...groups.keys()].sort()) {
        const [datacenter, nodeClass] = JSON.parse(group), members = groups.get(group);
        const made = tiles(members, settings, (node, isPressed) => {
          detail.textContent = describe(node, open !== null);
          if (isPressed && open) open(node);
        });
        made.group = group;
        drawn.push(made);
        const count = members.length === 1 ? "1 node" : `${number(members.length)} nodes`;
        const title = element("h3", { textContent: `${datacenter}${nodeClass ? " · " + nodeClass : ""} · ${count}` });
        places.append(element("div", {}, title, made.canvas));
      }
      redraw();
    }
    place();
    section.append(places, detail);
    new ResizeObserver(redraw).observe(places);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    const use = (at, when) => (node) => share(node.use[at][when], node.use[at][2]);
    const columns = [
      { title: "Node", value: (node) => node.name },
      { title: "Datacenter", value: (node) => node.datacenter },
      { title: "Class", value: (node) => node.class },
      { title: "Status", value: (node) => node.status },
      { title: open ? "Allocations" : "Placed", number: true, value: (node) => node.placed },
      ...DIMENSIONS.map((title, at) => ({
        title, number: true, value: use(at, 1),
        cell: ({ use }) => (open ? "" : percent(use[at][0], use[at][2]) + " → ") + percent(use[at][1], use[at][2]),
      })),
    ];
    const rows = table(columns, nodes);
    section.append(element("details", {}, element("summary", { textContent: "Nodes as a table" }), rows));
    return (next) => {
      nodes = next;
      place();
      rows.update(nodes);
    };
  }

  function heading(section, id, text, tone = "") {
    section.hidden = false;
    section.append(element("h2", { id, class: tone, textContent: text }));
  }

  // The report of one placement.
  function report(data) {
    document.getElementById("summary").textContent = data.summary;
    if (data.failed.length > 0) {
      const section = document.getElementById("failed");
      heading(section, "failed-title", "Could not be placed", "bad");
      const list = (texts) => (texts.length === 0 ? "none found" : element("ul", {}, ...texts.map((text) => element("li", { textContent: text }))));
      section.append(table([
        { title: "Group", value: (row) => row.group, cell: (row) => row.who.join("\n") },
        { title: "Missing", number: true, value: (row) => row.missing, cell: (row) => `${number(row.missing)} of ${number(row.wanted)}` },
        { title: "Why", value: (row) => row.why },
        { title: "Nearest fixes", value: (row) => row.fixes.join(" "), cell: (row) => list(row.fixes) },
      ], data.failed));
    }
    const nodes = document.getElementById("nodes");
    heading(nodes, "nodes-title", "Nodes");
    if (data.nodes.length > 0) nodesByPlace(nodes, data.nodes);
    else nodes.append(element("p", { textContent: "There are no nodes." }));
    if (data.allocations.length > 0) {
      const section = document.getElementById("allocations");
      heading(section, "allocations-title", "Placed");
      section.append(table([
        { title: "Allocation", value: (row) => row.name },
        { title: "Node", value: (row) => row.node },
        { title: "Datacenter", value: (row) => row.datacenter },
        { title: "Class", value: (row) => row.class },
        { title: "Score", number: true, value: (row) => row.score, cell: (row) => row.score.toFixed(4) },
      ], data.allocations));
      if (data.more > 0) section.append(element("p", { textContent: `${number(data.more)} more are not in this file.` }));
    }
  }

  return { choice, element, heading, nodesByPlace, number, report, table };
})();
