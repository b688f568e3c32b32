// SPDX-License-Identifier: Apache-2.0
// Lists of any length: only the rows in sight are in the document. And the search over nodes.

class LongList {
  // row(item, index): the contents of one row; choose(item): it was clicked or entered.
  constructor(label, height, row, choose) {
    Object.assign(this, { height, row, choose, items: [], active: -1 });
    this.inner = el("div", { class: "rows" });
    this.element = el("div", { class: "list", role: "listbox", tabindex: 0, "aria-label": label }, this.inner);
    this.element.addEventListener("scroll", () => this.draw());
    this.element.addEventListener("keydown", event => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  set(items) {
    this.items = items;
    this.active = -1;
    this.inner.style.height = items.length * this.height + "px";
    this.element.scrollTop = 0;
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / this.height) - 4);
    const last = Math.min(this.items.length, first + Math.ceil((this.element.clientHeight || 600) / this.height) + 8);
    const rows = [];
    for (let i = first; i < last; ++i) {
      const row = el("div", { class: "row" + (i === this.active ? " active" : ""), role: "option", "aria-selected": String(i === this.active),
        "aria-setsize": this.items.length, "aria-posinset": i + 1, onclick: () => { this.active = i; this.draw(); this.choose(this.items[i]); } }, this.row(this.items[i], i));
      row.style.top = i * this.height + "px";
      row.style.height = this.height + "px";
      rows.push(row);
    }
    this.inner.replaceChildren(...rows);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.items.length, End: this.items.length }[event.key];
    if (step !== undefined && this.items.length > 0) {
      this.active = Math.min(this.items.length - 1, Math.max(0, this.active + step));
      const top = this.active * this.height, { scrollTop, clientHeight } = this.element;
      if (top < scrollTop) this.element.scrollTop = top;
      else if (top + this.height > scrollTop + clientHeight) this.element.scrollTop = top + this.height - clientHeight;
      this.draw();
    } else if (event.key === "Enter" && this.active >= 0) this.choose(this.items[this.active]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

// Words that all must occur; "op:", "class:", "provider:", "kernel:", "name:" and "why:" look in one place.
class Search {
  constructor() { this.texts = new Map(); }

  fields(node) {
    let known = this.texts.get(node);
    if (!known) {
      const low = text => text.toLowerCase();
      known = { name: low(node.path), op: low(node.op), class: low(node.cls), provider: low(node.provider), kernel: low(node.kernel) };
      known.all = Object.values(known).join("\n");
      this.texts.set(node, known);
    }
    return known;
  }

  // Nodes in the view's order; null for no query.
  find(view, query) {
    const terms = query.toLowerCase().split(/\s+/).filter(word => word !== "").map(word => {
      const at = word.indexOf(":"), field = word.slice(0, at);
      return ["op", "class", "provider", "kernel", "name", "why"].includes(field) && word[at + 1] !== ":" ? [field, word.slice(at + 1)] : ["all", word];
    });
    if (terms.length === 0) return null;
    const holds = (node, [field, text]) => {
      if (field === "why") return (node.why + " " + node.others.map(other => other.reason + " " + other.text).join(" ")).toLowerCase().includes(text);
      if (field === "class") return this.fields(node).class === text || (text.length > 0 && this.fields(node).class.startsWith(text));
      return this.fields(node)[field].includes(text);
    };
    return view.nodes.filter(node => terms.every(term => holds(node, term)));
  }
}

function shareBar(share, colour) {
  const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span", {}));
  bar.firstChild.style.width = (100 * Math.min(1, share)).toFixed(1) + "%";
  bar.firstChild.style.background = colour;
  return bar;
}

function nodeRow(node) {
  return [el("div", { class: "line1" }, dot(node.cls), el("b", {}, node.opName), el("span", { class: "type" }, node.cls),
    node.time > 0 ? el("span", { class: "time" }, formatTime(node.time)) : ""), el("div", { class: "path" }, node.name)];
}

function timeRow(row, most) {
  const colour = row.node ? colourOf(row.node.cls) : row.provider ? colourOf(row.provider) : "var(--muted)";
  return [el("div", { class: "line1" }, el("b", {}, row.title || row.op.split(" + ").map(shortOp).join(" + ")), row.count ? el("span", { class: "type" }, plural(row.count, "node")) : "",
    el("span", { class: "type" }, row.kernel || ""), el("span", { class: "time" }, formatTime(row.time) + "  " + (100 * row.share).toFixed(1) + "%")),
    shareBar(row.time / most, colour), row.path ? el("div", { class: "path" }, row.path.replace(/^main\//, "")) : ""];
}

// Rows of the profile summed by operator.
function timesByOperator(rows) {
  const sums = new Map();
  for (const row of rows) {
    const key = row.op + " " + row.provider;
    const sum = sums.get(key) || { op: row.op, provider: row.provider, kernel: row.provider, path: "", time: 0, share: 0, count: 0, node: null };
    sum.time += row.time;
    sum.share += row.share;
    ++sum.count;
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) => b.time - a.time);
}
