// SPDX-License-Identifier: Apache-2.0
// The panel beside the picture: what is chosen, all nodes, times, borders, the model.

class Panel {
  constructor(host, app) {
    this.app = app;
    this.details = el("div", { class: "scroll" });
    this.account = new Details(app);
    this.nodes = new LongList("Nodes", 46, nodeRow, node => app.reveal(node));
    this.nodesHead = el("p", { class: "head" });
    this.tabs = new Map();
    this.bar = el("div", { class: "tabs", role: "tablist", "aria-label": "About the model" });
    this.body = el("div", { class: "tabbody" });
    host.append(this.bar, this.body);
    this.add("details", "Details", this.details);
    this.add("nodes", "Nodes", el("div", { class: "fill" }, this.nodesHead, this.nodes.element));
    if (REPORT.times) this.add("time", "Time", this.makeTimes());
    this.borders = el("div", { class: "fill" });
    this.add("borders", "Borders", this.borders);
    this.add("model", "Model", this.makeModel());
    this.bar.addEventListener("keydown", event => this.key(event));
    this.open("details");
  }

  add(id, title, content) {
    const button = el("button", { type: "button", role: "tab", id: "tab-" + id, "aria-controls": "pane-" + id, onclick: () => this.open(id) }, title);
    const pane = el("div", { class: "pane", role: "tabpanel", id: "pane-" + id, "aria-labelledby": "tab-" + id, hidden: true }, content);
    this.bar.append(button);
    this.body.append(pane);
    this.tabs.set(id, { button, pane });
  }

  open(id) {
    if (!this.tabs.has(id)) return;
    for (const [each, { button, pane }] of this.tabs) {
      button.setAttribute("aria-selected", String(each === id));
      button.tabIndex = each === id ? 0 : -1;
      pane.hidden = each !== id;
    }
    this.current = id;
  }

  key(event) {
    const ids = [...this.tabs.keys()], step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const id = ids[(ids.indexOf(this.current) + step + ids.length) % ids.length];
    this.open(id);
    this.tabs.get(id).button.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  showDetails(box, view) {
    this.details.replaceChildren(...this.account.show(box, view).flat(3).filter(each => each !== ""));
    this.details.scrollTop = 0;
  }

  // found: the nodes of a search, or null.
  showNodes(view, found) {
    this.nodes.set(found || view.nodes);
    this.nodesHead.textContent = found ? formatCount(found.length) + " of " + plural(view.nodes.length, "node") : plural(view.nodes.length, "node");
  }

  makeTimes() {
    const { times } = REPORT;
    const list = new LongList("Times", 56, row => timeRow(row, list.most), row => { if (row.node) this.app.revealIn("run", row.node); });
    const head = el("p", { class: "head" }, el("b", {}, formatTime(times.run)), " a run, mean of " + plural(times.runs, "run") +
      (times.executor > 0 ? "; " + formatTime(times.executor) + " between the nodes" : ""));
    const choices = el("div", { class: "segments", role: "group", "aria-label": "Rows" });
    const show = which => {
      const rows = which === "Nodes" ? times.rows : timesByOperator(times.rows);
      list.most = Math.max(1, ...rows.slice(0, 1).map(row => row.time));
      list.set(rows);
      for (const each of choices.children) each.setAttribute("aria-pressed", String(each.textContent === which));
    };
    for (const which of ["Nodes", "Operators"]) choices.append(el("button", { type: "button", onclick: () => show(which) }, which));
    show("Nodes");
    return el("div", { class: "fill" }, head, choices, list.element);
  }

  showBorders(view) {
    const all = [...view.borders.values()];
    const sums = new Map();
    let bytes = 0, copies = 0;
    const counted = new Set();
    for (const border of all) {
      const key = (border.from || "model input") + " \u2192 " + (border.to || "core");
      const sum = sums.get(key) || { key, values: new Set(), bytes: 0, unknown: 0 };
      sum.values.add(border.value);
      for (const copy of border.copies) if (!counted.has(copy)) {
        counted.add(copy);
        ++copies;
        if (copy.bytes === null) ++sum.unknown;
        else { sum.bytes += copy.bytes; bytes += copy.bytes; }
      }
      sums.set(key, sum);
    }
    if (all.length === 0) {
      this.borders.replaceChildren(el("p", { class: "head" }, "No value passes from one provider to another, and none is copied."));
      return;
    }
    const list = new LongList("Borders", 66, border => [
      el("div", { class: "line1" }, el("b", {}, view.values[border.value].name || "(no name)"), el("span", { class: "time" }, border.copies.length > 0 ? formatBytes(border.bytes) : "no copy")),
      el("div", { class: "ends" }, border.from ? dot(border.from) : "", (border.from || "model input") + " \u2192 ", border.to ? dot(border.to) : "", border.to || "core", " (" + border.node.opName + ")"),
      el("div", { class: "path" }, border.copies.map(copy => copy.from + " \u2192 " + copy.to).join("; ") || "both use the same memory")], border => this.app.reveal(border.node));
    list.set(all.sort((a, b) => (b.bytes === null ? Infinity : b.bytes) - (a.bytes === null ? Infinity : a.bytes) || b.copies.length - a.copies.length));
    const rows = [...sums.values()].map(sum => el("tr", {}, el("td", {}, sum.key), el("td", { class: "number" }, formatCount(sum.values.size)),
      el("td", { class: "number" }, sum.unknown > 0 ? (sum.bytes > 0 ? formatBytes(sum.bytes) + " and more" : "known when it runs") : formatBytes(sum.bytes))));
    this.borders.replaceChildren(el("p", { class: "head" }, plural(copies, "copy").replace("copys", "copies") + ", " + formatBytes(bytes) + " of known size"),
      el("table", { class: "sums" }, el("thead", {}, el("tr", {}, el("th", {}, "border"), el("th", { class: "number" }, "values"), el("th", { class: "number" }, "copied"))), el("tbody", {}, rows)), list.element);
  }

  makeModel() {
    const { data } = REPORT, { inspect, memory, placement } = data;
    const table = (title, head, rows) => rows.length === 0 ? [] : [el("h3", {}, title), el("table", { class: "sums" },
      head ? el("thead", {}, el("tr", {}, head.map((text, i) => el("th", { class: i > 0 && rows[0][i] instanceof Object ? "number" : null }, text)))) : "",
      el("tbody", {}, rows.map(row => el("tr", {}, row.map(cell => cell instanceof Object ? el("td", { class: "number" }, cell.n) : el("td", {}, cell))))))];
    const number = text => ({ n: String(text) });
    const io = list => list.map(each => [each.name, each.type.replace(/^tensor\((.*)\)$/, "$1") + (each.dims ? " [" + each.dims.join(", ") + "]" : "") + (each.optional ? ", optional" : "")]);
    const passes = placement.passes.filter(pass => pass.changed > 0).map(pass => [pass.name, pass.class, number(formatCount(pass.changed)), number(pass.ms.toFixed(2) + " ms")]);
    const quiet = placement.passes.length - passes.length;
    const operators = Object.entries(inspect.operators).sort((a, b) => b[1] - a[1]).map(([op, count]) => [shortOp(op), number(formatCount(count))]);
    const facts = [["File", inspect.path || "from memory"], ["Made by", [inspect.producer, inspect.producer_version].filter(each => each).join(" ")],
      ["Opsets", Object.entries(inspect.opsets).map(([domain, version]) => domain + " " + version).join(", ")], ["IR version", String(inspect.ir_version)],
      ["Weights", formatCount(inspect.weights) + ", " + formatBytes(inspect.weight_bytes)],
      ["Kept", "weights " + formatBytes(memory.weights) + ", packed " + formatBytes(memory.packed) + ", work " + formatBytes(memory.arena_peak)],
      ["Load", placement.load.total_ms.toFixed(1) + " ms: import " + placement.load.import_ms.toFixed(1) + ", passes " + placement.load.passes_ms.toFixed(1) + ", placement " + placement.load.place_ms.toFixed(1)],
      ["Tenon", data.version]];
    const metadata = Object.entries(inspect.metadata).map(([key, value]) => [key, value.length > 120 ? value.slice(0, 120) + "\u2026" : value]);
    return el("div", { class: "scroll" }, el("dl", {}, facts.filter(([, text]) => text).map(([name, text]) => [el("dt", {}, name), el("dd", {}, text)])),
      table("Inputs", null, io(inspect.inputs)), table("Outputs", null, io(inspect.outputs)),
      table("Passes", ["pass", "kind", "changes", "time"], passes), quiet > 0 ? el("p", { class: "type" }, plural(quiet, "pass").replace("passs", "passes") + " changed nothing.") : "",
      table("Operators", null, operators), table("Metadata", null, metadata));
  }
}
