// SPDX-License-Identifier: Apache-2.0
// What is said about a node, a block or an edge: in the panel and in the tip beside the pointer.

// Elements from names, attributes and children; strings become text, never markup.
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const key in attributes) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), attributes[key]);
    else if (attributes[key] !== null && attributes[key] !== undefined && attributes[key] !== false) element.setAttribute(key, attributes[key] === true ? "" : attributes[key]);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== ""));
  return element;
}

function dot(name) {
  const mark = el("span", { class: "dot" + (CORE_CLASSES.has(name) ? " core" : ""), "aria-hidden": "true" });
  mark.style.background = colourOf(name);
  return mark;
}

const tag = name => el("span", { class: "tag" }, dot(name), name);

// Reasons are words of the ABI: MISSING_KERNEL.
const readable = reason => reason.toLowerCase().replace(/_/g, " ");

function othersOf(node) {
  if (node.others.length === 0) return null;
  return el("ul", { class: "others" }, node.others.map(other =>
    el("li", {}, el("b", {}, other.provider), " said ", el("i", {}, readable(other.reason)), other.text ? ": " + other.text : "")));
}

function classTable(box) {
  return el("div", { class: "shares" }, REPORT.classes.map(([name]) => [name, box.classes.get(name) || 0]).filter(each => each[1] > 0)
    .map(([name, count]) => el("span", { class: "share" }, tag(name), " " + formatCount(count))));
}

function tipFor(thing, view) {
  if (!(thing instanceof Box)) return tipForEdge(thing, view);
  if (thing.value !== null) return [el("b", {}, thing.title), el("p", {}, formatType(view.values[thing.value]))];
  const node = thing.node;
  if (!node) return [el("b", {}, thing.path || thing.title), el("p", {}, plural(thing.count, "node") + (thing.note ? ": " + thing.note : "")),
    classTable(thing), thing.time > 0 ? el("p", {}, formatTime(thing.time) + " a run" + shareText(thing.time)) : ""];
  return [el("b", {}, node.opName), el("p", { class: "path" }, node.name),
    el("p", {}, tag(node.cls), node.kernel ? " " + node.kernel : "", thing.time > 0 ? " " + formatTime(thing.time) + shareText(thing.time) : ""),
    node.why ? el("p", { class: "why" }, node.why) : "", othersOf(node) || ""];
}

const shareText = time => REPORT.times ? " (" + (100 * time / REPORT.times.run).toFixed(1) + "% of a run)" : "";

function tipForEdge(edge, view) {
  const names = [...edge.values].slice(0, 4).map(id => el("p", { class: "path" }, view.values[id].name, el("span", { class: "type" }, " " + formatType(view.values[id]))));
  const rest = edge.values.size - names.length;
  const crossings = edge.borders.slice(0, 4).map(border => el("p", { class: "why" }, borderText(border)));
  return [el("b", {}, plural(edge.values.size, "value")), ...names, rest > 0 ? el("p", {}, "and " + formatCount(rest) + " more") : "", ...crossings];
}

function borderText(border) {
  if (border.copies.length > 0) return border.copies.map(copy => copy.from + " \u2192 " + copy.to + ": " + formatBytes(copy.bytes)).join("; ");
  return (border.from || "model input") + " \u2192 " + border.to + ": both use the same memory, nothing is copied";
}

// The panel's account of one box.
class Details {
  constructor(go) { this.go = go; }

  show(box, view) {
    if (!box || !box.parent) return [el("p", { class: "hint" }, "Choose a node or a block in the picture, or search for one."), this.keys()];
    if (box.value !== null) return this.pill(box, view);
    return box.node ? this.node(box.node, box, view) : this.block(box, view);
  }

  keys() {
    const rows = [["click", "what it is, and its edges"], ["double click, Enter", "open or close a block"], ["arrows", "along the edges, sideways"],
      ["drag, wheel", "move"], ["Ctrl + wheel, + \u2212", "zoom"], ["0", "show all"], ["/", "search"]];
    return el("table", { class: "keys" }, rows.map(([key, text]) => el("tr", {}, el("th", { scope: "row" }, key), el("td", {}, text))));
  }

  pill(box, view) {
    const value = view.values[box.value], readers = view.readersOf(box.value);
    const maker = view.producer.get(view.source(box.value));
    return [el("p", { class: "eyebrow" }, box.kind === "input" ? "Input of the model" : "Output of the model"), el("h2", {}, box.title),
      el("p", {}, formatType(value)), this.links("Made by", maker ? [maker] : []), this.links("Read by", readers)];
  }

  block(box, view) {
    const slow = [];
    const visit = each => { if (each.node && each.node.time > 0) slow.push(each.node); each.children.forEach(visit); };
    visit(box);
    slow.sort((a, b) => b.time - a.time);
    return [el("p", { class: "eyebrow" }, box.kind === "run" ? "Neighbours" : box.kind === "body" ? "Body" : "Block"), el("h2", {}, box.title),
      el("p", {}, plural(box.count, "node") + (box.time > 0 ? ", " + formatTime(box.time) + shareText(box.time) : "")),
      classTable(box), box.note ? el("p", { class: "why" }, box.note) : "",
      el("p", {}, el("button", { type: "button", onclick: () => this.go.toggle(box) }, box.expanded ? "Close block" : "Open block")),
      this.links("Most of the time", slow.slice(0, 8), true)];
  }

  node(node, box, view) {
    const facts = [["Where", el("span", {}, tag(node.cls), node.provider && node.provider !== node.cls ? [" ", tag(node.provider)] : "")],
      ["Why", node.why], ["Device", node.device], ["Kernel", node.kernel],
      ["Time", node.time > 0 ? formatTime(node.time) + " a run" + shareText(node.time) : ""], ["Path", el("span", { class: "path" }, node.path)]];
    return [el("p", { class: "eyebrow" }, view.key === "model" ? "Node of the model" : "What runs"), el("h2", {}, node.opName),
      el("p", { class: "path" }, node.name),
      box.isBlock ? el("p", {}, el("button", { type: "button", onclick: () => this.go.toggle(box) }, box.expanded ? "Close bodies" : "Open bodies")) : "",
      el("dl", {}, facts.filter(([, text]) => text).map(([name, text]) => [el("dt", {}, name), el("dd", {}, text)])),
      node.others.length > 0 ? el("h3", {}, "What the others said") : "", othersOf(node) || "",
      this.values("Takes", node.inputs, view, true), this.values("Makes", node.outputs, view, false),
      node.partners ? this.links("Runs in one call with", node.partners.filter(each => each !== node)) : "",
      this.links(view.key === "model" ? "Runs as" : "Stands for", node.twins.filter(twin => twin.path !== node.path || twin.op !== node.op), true)];
  }

  values(title, ids, view, incoming) {
    const rows = ids.filter(id => id !== null).slice(0, 60).map(id => {
      const source = view.source(id), value = view.values[source], maker = view.producer.get(source);
      const ends = incoming ? (maker ? [maker] : []) : view.readersOf(source);
      const border = incoming ? null : [...view.borders.values()].find(each => each.value === source);
      return el("li", {}, el("span", { class: "path" }, value.name || "(no name)"), el("span", { class: "type" }, " " + formatType(value) +
        (value.constant ? ", constant" : "") + (value.bytes !== null && value.bytes >= 1000 ? ", " + formatBytes(value.bytes) : "")),
        border ? el("p", { class: "why" }, borderText(border)) : "",
        el("div", { class: "ends" }, ends.slice(0, 6).map(node => this.link(node, incoming ? "\u2190 " : "\u2192 ")),
          ends.length > 6 ? el("span", { class: "type" }, "and " + (ends.length - 6) + " more") : ""));
    });
    return rows.length > 0 ? [el("h3", {}, title), el("ul", { class: "values" }, rows)] : [];
  }

  link(node, before = "", timed = false) {
    return el("button", { type: "button", class: "link", title: node.path, onclick: () => this.go.reveal(node) },
      dot(node.cls), before + node.opName + " ", el("span", { class: "path" }, lastPart(node.name)), timed && node.time > 0 ? el("span", { class: "time" }, formatTime(node.time)) : "");
  }

  links(title, nodes, timed = false) {
    if (nodes.length === 0) return [];
    return [el("h3", {}, title), el("ul", { class: "links" }, nodes.slice(0, 40).map(node => el("li", {}, this.link(node, "", timed))),
      nodes.length > 40 ? el("li", { class: "type" }, "and " + (nodes.length - 40) + " more") : "")];
  }
}
