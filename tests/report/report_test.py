# SPDX-License-Identifier: Apache-2.0
"""The page of `tenon explain --html`: its data against the model, its markup, and how it behaves in headless Chromium."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TENON = Path(os.environ["TENON_BUILD_DIR"]) / "bin" / "tenon"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BROWSERS_OWN = ("google.com", "googleapis.com", "gstatic.com", "gvt1.com")  # what Chromium itself looks for
HOSTILE = ["</script><script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">", "[[data]]",
           "a\u2028b\u2029c", "\"'&amp;&lt;\\", "<!--<script>", "]]>${1}`", "\U0001f600 \u0001x"]


def model(nodes, inputs, outputs, initializers=(), **more):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10, **more)


def floats(name, dims):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)


def scoped():
    """Two blocks with an If whose bodies read values around them, and a constant that only becomes another."""
    def branch(op, name):
        return helper.make_graph([helper.make_node(op, ["/b/r", "w2"], [name], name="/b/body/" + op)], name, [], [floats(name, ["n", 3])])

    nodes = [helper.make_node("Constant", [], ["w0"], name="w0", value=numpy_helper.from_array(np.ones((3, 3), np.float32))),
             helper.make_node("MatMul", ["x", "w0"], ["/a/m"], name="/a/MatMul"),
             helper.make_node("Relu", ["/a/m"], ["/a/r"], name="/a/Relu"),
             helper.make_node("Relu", ["/a/r"], ["/b/r"], name="/b/Relu"),
             helper.make_node("ReduceMax", ["/b/r"], ["/b/max"], name="/b/ReduceMax", keepdims=0),
             helper.make_node("Greater", ["/b/max", "zero"], ["/b/c"], name="/b/Greater"),
             helper.make_node("If", ["/b/c"], ["y"], name="/b/If", then_branch=branch("Add", "t"), else_branch=branch("Sub", "e"))]
    weights = [numpy_helper.from_array(np.ones(3, np.float32), "w2"), numpy_helper.from_array(np.zeros((), np.float32), "zero")]
    return model(nodes, [floats("x", ["n", 3])], [floats("y", ["n", 3])], weights)


def long_chain(count):
    nodes = []
    for i in range(count):
        nodes.append(helper.make_node(("Relu", "Neg", "Abs", "Tanh")[i % 4], [f"v{i}"], [f"v{i + 1}"],
                                      name=f"/stage.{i // 2000}/block.{i // 50}/op_{i}"))
    return model(nodes, [floats("v0", [1, 4])], [floats(f"v{count}", [1, 4])])


class Markup(HTMLParser):
    """Every element that a browser would make of the page, and the text in it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.data, self.inside = [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = tag if dict(attrs).get("id") == "data" else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "script":
            self.data += data


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def page(self, name, proto, *arguments):
        """Path of the page, its text, and the JSON in it."""
        file, page = self.folder / (name + ".onnx"), self.folder / (name + ".html")
        onnx.save(proto, file)
        done = subprocess.run([str(TENON), "explain", str(file), "--html", str(page), *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        text = page.read_text(encoding="utf-8")
        return page, text, json.loads(Markup(text).data)

    def browse(self, page, state="", width=1300):
        """The document after its scripts have run, the console's lines, and the hosts that were asked for."""
        if CHROMIUM is None:
            self.skipTest("chromium is not installed")
        log = self.folder / "net.json"
        done = subprocess.run(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-default-browser-check", "--host-resolver-rules=MAP * ~NOTFOUND",
             f"--user-data-dir={self.folder / 'profile'}", f"--log-net-log={log}", "--enable-logging=stderr", "--log-level=0",
             f"--window-size={width},900", "--virtual-time-budget=2000", "--dump-dom", page.as_uri() + "#" + state],
            capture_output=True, text=True, errors="replace", timeout=300)
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        asked = set(re.findall(r'"url":"(?:https?|wss?|ftp)://([^/"]*)', log.read_text(errors="replace")))
        document = re.sub(r"<script.*?</script>", "", done.stdout, flags=re.S)  # what is there to see
        return document, console, {host for host in asked if not host.endswith(BROWSERS_OWN)}

    def test_the_graph_is_the_models(self):
        proto = scoped()
        _, _, data = self.page("scoped", proto)
        graph, names = data["model"], lambda ids: ["" if i is None else data["model"]["values"][i]["name"] for i in ids]
        by_path = {record["path"]: graph["nodes"][i] for i, record in enumerate(data["placement"]["nodes"])}
        for node in proto.graph.node:
            found = by_path["main/" + node.name]
            self.assertEqual((names(found["inputs"]), names(found["outputs"])), (list(node.input), list(node.output)), node.name)
        for attribute in proto.graph.node[-1].attribute:
            body = next(g for g in graph["graphs"] if g["path"] == "main//b/If." + attribute.name)
            self.assertEqual(data["placement"]["nodes"][body["node"]]["path"], "main//b/If")
            self.assertEqual([names(pair) for pair in body["captures"]], [["/b/r", "/b/r"]])
            node = attribute.g.node[0]
            self.assertEqual(names(by_path[f"main//b/If.{attribute.name}/{node.name}"]["inputs"]), ["/b/r", "w2"])
        values = {value["name"]: value for value in graph["values"]}
        self.assertEqual((values["x"]["type"], values["x"]["dims"], values["x"]["bytes"]), ("float32", ["n", 3], None))
        self.assertEqual((values["w0"]["dims"], values["w0"]["bytes"], values["w0"]["constant"]), ([3, 3], 36, True))
        origins = {i for node in data["runs"]["nodes"] for i in node["origins"]}
        gone = {i for i, node in enumerate(data["placement"]["nodes"]) if node["class"] in ("removed", "folded")}
        self.assertEqual(origins | gone, set(range(len(data["placement"]["nodes"]))))

    def test_it_reads_without_scripts_and_loads_nothing(self):
        _, text, data = self.page("plain", scoped())
        head = text[:text.index('<script type="application/json"')]
        self.assertIn(f'<p id="line">{data["placement"]["line"]}</p>', head)
        for name, count in data["placement"]["classes"].items():
            self.assertIn(f'<td>{name}</td><td class="number">{count}</td>', head)
        self.assertIn("default-src 'none'", head)
        for tag, attributes in Markup(text).elements:
            self.assertFalse({"src", "href", "srcset", "action"} & set(attributes), tag)
        self.assertIsNone(re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|WebSocket|import\(", text))

    def test_it_opens_searches_and_is_silent(self):
        page, _, data = self.page("open", scoped(), "--runs", "3", "--dim", "n=2")
        document, console, asked = self.browse(page, "q=class:cpu%20relu&theme=dark")
        self.assertEqual(console, [])
        self.assertEqual(asked, set())
        self.assertRegex(document, r'<html[^>]* data-ready="\d+"')
        self.assertIn('data-theme="dark"', document)
        total = len(data["placement"]["nodes"])
        wanted = sum(node["class"] == "cpu" and "relu" in (node["path"] + node["op"] + node["kernel"]).lower() for node in data["placement"]["nodes"])
        self.assertIn(f"{wanted} of {total} nodes", document)
        rows = document[document.index('aria-label="Nodes"'):document.index('id="pane-time"')]
        self.assertEqual(rows.count('role="option"'), wanted)
        self.assertIn("then_branch", document)
        self.assertIn("Greater", document)
        for row in data["profile"]["nodes"][:1]:
            self.assertIn(row["path"].removeprefix("main/"), document)
        document, console, _ = self.browse(page, "view=run&node=" + quote(data["runs"]["nodes"][0]["path"]))
        self.assertEqual(console, [])
        self.assertIn('<p class="eyebrow">What runs</p>', document)

    def test_names_are_text_whatever_they_hold(self):
        nodes, before = [], "x"
        for i, name in enumerate(HOSTILE):
            nodes.append(helper.make_node("Relu", [before], [name + str(i)], name=name))
            before = name + str(i)
        proto = model(nodes, [floats("x", [HOSTILE[0], 3])], [floats(before, None)])
        proto.producer_name = HOSTILE[0]
        proto.metadata_props.add(key=HOSTILE[1], value=HOSTILE[0])
        page, text, data = self.page("<b>hostile & co", proto)
        self.assertEqual([node["path"] for node in data["placement"]["nodes"]], ["main/" + name for name in HOSTILE])
        self.assertEqual(sum(tag == "script" for tag, _ in Markup(text).elements), 2)
        self.assertNotIn("<b>", text)
        document, console, asked = self.browse(page, "open=all&tab=model&node=" + quote("main/" + HOSTILE[1]))
        self.assertEqual(console, [])
        self.assertEqual(asked, set())
        self.assertRegex(document, r'data-ready="\d+"')
        self.assertIn("<title>&lt;b&gt;hostile &amp; co.onnx - Tenon</title>", document)
        self.assertNotIn("<img", document)

    def test_forty_thousand_nodes(self):
        page, text, _ = self.page("long", long_chain(40000))
        document, console, _ = self.browse(page, "q=op_39999")
        self.assertEqual(console, [])
        ready, loaded = (int(re.search(rf'data-{name}="(\d+)"', document)[1]) for name in ("ready", "loaded"))
        print(f"40,000 nodes: {len(text) / 1e6:.1f} MB, ready {loaded} ms after the start, {ready} ms of them in its script")
        self.assertIn("1 of 40\u202f000 nodes", document)
        drawn = document.count('role="treeitem"')
        self.assertTrue(5 <= drawn <= 200, drawn)

    def test_mistakes_are_told(self):
        onnx.save(scoped(), self.folder / "m.onnx")
        for arguments, status, word in ((["--runs", "3"], 2, "--html"), (["--html", str(self.folder / "no" / "x.html")], 1, "x.html"),
                                        (["--html", "-", "--dim", "n=2"], 2, "--runs")):
            done = subprocess.run([str(TENON), "explain", str(self.folder / "m.onnx"), *arguments], capture_output=True, text=True)
            self.assertEqual((done.returncode, word in done.stderr), (status, True), done.stderr)


if __name__ == "__main__":
    if CHROMIUM is None:
        print("chromium is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
