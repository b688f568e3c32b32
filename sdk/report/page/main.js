// SPDX-License-Identifier: Apache-2.0
// The page: its head, its controls, and what follows from each. The address may hold a state, joined by "&":
// #view=run, q=WORDS, node=PATH, tab=NAME, theme=dark|light, open=all.

const FIRST_SHOWN = 46, MOST_OPENED = 4000;

class App {
  constructor() {
    const app = document.getElementById("app");
    this.search = new Search();
    this.graphHost = el("section", { class: "graph", "aria-label": "Graph" });
    this.panelHost = el("aside", { class: "panel", "aria-label": "About the model" });
    app.append(this.graphHost, this.panelHost);
    this.tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    document.body.append(this.tip);
    this.trees = new Map();
    this.constants = false;
    this.makeHead();
    app.hidden = false;
    document.getElementById("plain").classList.add("print-only");
    this.pane = new GraphPane(this.graphHost, { select: box => this.chosen(box), hover: (thing, x, y) => this.hover(thing, x, y) });
    this.panel = new Panel(this.panelHost, this);
    this.makeTools();
    this.printing();
    document.addEventListener("keydown", event => this.key(event));
    window.addEventListener("hashchange", () => this.readAddress());
    this.setView(REPORT.model ? "model" : "run");
    this.readAddress();
  }

  makeHead() {
    const controls = document.getElementById("controls");
    this.query = el("input", { type: "search", placeholder: "Search nodes   ( / )", title: "Words that all must occur in name, operator, class, provider or kernel; op: class: provider: kernel: name: why: look in one place", "aria-label": "Search nodes", spellcheck: "false", autocomplete: "off" });
    this.query.addEventListener("input", () => this.runSearch(true));
    this.query.addEventListener("keydown", event => {
      if (event.key === "Enter" && this.found && this.found.length > 0) {
        this.step = event.repeat || this.stepped === this.query.value ? ((this.step || 0) + (event.shiftKey ? this.found.length - 1 : 1)) % this.found.length : 0;
        this.stepped = this.query.value;
        this.reveal(this.found[this.step], false);
      } else if (event.key === "ArrowDown") this.panel.nodes.element.focus();
      else if (event.key === "Escape") { this.query.value = ""; this.runSearch(false); this.pane.svg.focus(); }
      else return;
      event.preventDefault();
    });
    this.theme = el("button", { type: "button", class: "plainbutton", onclick: () => this.setTheme(this.isDark() ? "light" : "dark") });
    controls.append(this.query, this.theme);
    controls.hidden = false;
    const bar = el("div", { class: "classbar", "aria-hidden": "true" });
    const chips = el("div", { class: "chips", role: "group", "aria-label": "Classes: choose one to find its nodes" });
    for (const [name, count] of REPORT.classes) {
      const part = el("span", {});
      part.style.flexGrow = count;
      part.style.background = colourOf(name);
      bar.append(part);
      chips.append(el("button", { type: "button", class: "chip", "data-class": name, "aria-pressed": "false", title: MEANINGS.get(name) || "", onclick: () => this.toggleClass(name) },
        dot(name), name, el("span", { class: "count" }, formatCount(count))));
    }
    if (REPORT.times) chips.append(el("span", { class: "legend" }, el("span", { class: "heatscale", "aria-hidden": "true" }), "share of the time"));
    if ((REPORT.model || REPORT.run).borders.size > 0 || REPORT.run.borders.size > 0) chips.append(el("span", { class: "legend" }, el("span", { class: "borderline", "aria-hidden": "true" }), "border, bytes copied"));
    document.getElementById("head").append(bar, chips);
    this.chips = chips;
    this.showTheme();
  }

  makeTools() {
    const tool = (text, label, action) => el("button", { type: "button", title: label, "aria-label": label, onclick: action }, text);
    this.views = el("div", { class: "segments", role: "group", "aria-label": "Which graph" });
    if (REPORT.model) {
      this.views.append(el("button", { type: "button", "data-view": "model", title: "Every node of the model, and its class", onclick: () => this.setView("model") }, "Model"),
        el("button", { type: "button", "data-view": "run", title: "The nodes that run, after the passes", onclick: () => this.setView("run") }, "As it runs"));
    } else this.views.append(el("span", { class: "note", title: REPORT.data.problem }, "What runs. The model's own graph can't be read again."));
    const tools = el("div", { class: "tools" }, this.views,
      el("div", { class: "segments" }, tool("\u2212", "Zoom out", () => this.pane.zoom(0.8)), tool("+", "Zoom in", () => this.pane.zoom(1.25)), tool("Fit", "Show all", () => this.pane.fitAll())),
      el("div", { class: "segments" }, tool("Open all", "Open all blocks", () => this.openAll(true)), tool("Close all", "Close all blocks", () => this.openAll(false))));
    if (REPORT.model && REPORT.model.nodes.some(node => node.hidden)) {
      const count = REPORT.model.nodes.filter(node => node.hidden).length;
      const box = el("input", { type: "checkbox" });
      box.addEventListener("change", () => { this.constants = box.checked; this.trees.delete("model"); this.setView("model"); });
      this.constantsBox = box;
      tools.append(el("label", { class: "check", title: "Nodes that only make constants, all gone when the model is loaded" }, box, "Constants ", el("span", { class: "type" }, formatCount(count))));
    }
    this.graphHost.append(tools);
  }

  get view() { return REPORT[this.viewKey]; }

  setView(key) {
    if (!REPORT[key]) return;
    this.viewKey = key;
    if (!this.trees.has(key)) {
      const root = buildTree(REPORT[key], this.constants);
      openFirst(root, FIRST_SHOWN);
      this.trees.set(key, root);
    }
    for (const button of this.views.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.view === key));
    if (this.constantsBox) this.constantsBox.parentElement.hidden = key !== "model";
    this.pane.show(this.view, this.trees.get(key));
    this.panel.showBorders(this.view);
    this.panel.showDetails(null, this.view);
    this.runSearch(false);
  }

  openAll(open) {
    const root = this.trees.get(this.viewKey);
    let shown = 0;
    const visit = box => box.children.forEach(child => {
      if (child.isBlock) child.expanded = open && (shown += child.children.length) <= MOST_OPENED;
      if (!open || child.expanded) visit(child);
    });
    visit(root);
    this.pane.selected = null;
    this.pane.relayout();
    this.pane.fitStart();
  }

  chosen(box) {
    this.panel.showDetails(box, this.view);
    if (box) this.panel.open("details");
  }

  toggle(box) { this.pane.toggle(box); }

  reveal(node, focus = true) {
    const owner = REPORT.model && REPORT.model.nodes[node.index] === node ? "model" : "run";
    this.revealIn(owner, node, focus);
  }

  revealIn(key, node, focus = true) {
    if (key !== this.viewKey) {
      const twin = key === "run" ? node.twins.find(each => each.path === node.path) : null;
      if (twin) node = twin; else this.setView(key);
    }
    if (node.hidden && !this.constants) {
      this.constants = this.constantsBox.checked = true;
      this.trees.delete("model");
      this.setView("model");
    }
    const tab = this.panel.current;
    this.pane.reveal(this.view.boxOf.get(node), focus && tab === "details");
    if (tab !== "details") this.panel.open(tab);
  }

  runSearch(show) {
    const query = this.query.value.trim();
    this.found = this.search.find(this.view, query);
    this.pane.setMatches(this.found ? new Set(this.found) : null);
    this.panel.showNodes(this.view, this.found);
    if (show) this.panel.open(this.found ? "nodes" : "details");
    for (const chip of this.chips.querySelectorAll(".chip")) {
      chip.setAttribute("aria-pressed", String(query.split(/\s+/).includes("class:" + chip.dataset.class)));
    }
  }

  toggleClass(name) {
    const word = "class:" + name, words = this.query.value.split(/\s+/).filter(each => each !== "");
    this.query.value = words.includes(word) ? words.filter(each => each !== word).join(" ")
      : [...words.filter(each => !each.startsWith("class:")), word].join(" ");
    this.runSearch(true);
  }

  hover(thing, x, y) {
    const { tip } = this;
    if (!thing || (thing instanceof Box && thing.isBlock && thing.expanded && !thing.node)) { tip.hidden = true; return; }
    tip.replaceChildren(...tipFor(thing, this.view).flat().filter(each => each !== ""));
    tip.hidden = false;
    const area = tip.getBoundingClientRect();
    tip.style.left = Math.max(8, Math.min(x + 16, innerWidth - area.width - 8)) + "px";
    tip.style.top = Math.max(8, y + 18 + area.height > innerHeight ? y - area.height - 14 : y + 18) + "px";
  }

  isDark() {
    const set = document.documentElement.dataset.theme;
    return set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    this.showTheme();
    this.pane.map.redraw();
  }

  showTheme() {
    const next = this.isDark() ? "Light" : "Dark";
    this.theme.textContent = next;
    this.theme.title = next + " colours";
  }

  key(event) {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { this.query.focus(); this.query.select(); event.preventDefault(); }
    else if (["+", "=", "-", "0"].includes(event.key)) this.pane.key(event);
  }

  readAddress() {
    const state = new Map(location.hash.slice(1).split("&").filter(each => each !== "").map(each => {
      const at = each.indexOf("=");
      try { return [each.slice(0, at), decodeURIComponent(each.slice(at + 1))]; } catch { return ["", ""]; }
    }));
    if (["dark", "light"].includes(state.get("theme"))) this.setTheme(state.get("theme"));
    if (["model", "run"].includes(state.get("view")) && state.get("view") !== this.viewKey) this.setView(state.get("view"));
    if (["all", "none"].includes(state.get("open"))) this.openAll(state.get("open") === "all");
    if (state.has("q")) { this.query.value = state.get("q"); this.runSearch(true); }
    const node = state.has("node") ? this.view.nodes.find(each => each.path === state.get("node")) : null;
    if (node) this.reveal(node, false);
    if (state.has("tab")) this.panel.open(state.get("tab"));
  }

  // On paper: the whole picture on one page, then the slowest nodes and the borders.
  printing() {
    const sheet = el("section", { class: "print-only sheet" });
    document.body.append(sheet);
    window.addEventListener("beforeprint", () => {
      const { pane } = this, { scene } = pane;
      pane.draw(true);
      pane.plane.removeAttribute("transform");
      pane.svg.setAttribute("viewBox", "-8 -8 " + (scene.w + 16) + " " + (scene.h + 16));
      const table = (title, rows) => rows.length === 0 ? "" : el("div", {}, el("h2", {}, title), el("table", {}, rows.map(row => el("tr", {}, row.map(cell => el("td", {}, cell))))));
      const times = REPORT.times ? REPORT.times.rows.slice(0, 40).map(row => [formatTime(row.time), (100 * row.share).toFixed(1) + "%", row.provider, shortOp(row.op), row.path]) : [];
      const borders = [...this.view.borders.values()].slice(0, 40).map(border => [this.view.values[border.value].name, borderText(border)]);
      sheet.replaceChildren(table("The nodes that take the most time", times), table("Borders", borders));
    });
    window.addEventListener("afterprint", () => {
      this.pane.svg.removeAttribute("viewBox");
      this.pane.draw();
    });
  }
}

const began = performance.now();
const REPORT = readData(JSON.parse(document.getElementById("data").textContent));
document.documentElement.classList.add("live");
const app = new App();
app.pane.draw();
document.documentElement.dataset.ready = Math.round(performance.now() - began);
document.documentElement.dataset.loaded = Math.round(performance.now());
