#!/usr/bin/env python3
"""What `trace` says and draws, its numbers read back. Called as program.py says."""
import json
import math
import re
import struct
import xml.etree.ElementTree as ElementTree

from program import INPUT, OUTPUT, USAGE, main
from tables import COLUMNS, T, Tables, blobs

SVG = "{http://www.w3.org/2000/svg}"


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


class Trace(Tables):
    def edges(self, *arguments):
        """[(from, to, value, gradient or None), ...] of a drawing, and its text."""
        self.run_program("trace", *arguments, "--out", "g.svg")
        root = ElementTree.parse(self.folder / "g.svg").getroot()
        edges = []
        for group in root.iter(SVG + "g"):
            if group.get("class") != "edge":
                continue
            shown = {text.get("class").split()[0]: float(text.text) for text in group.iter(SVG + "text")}
            value, gradient = float(group.get("data-value")), group.get("data-gradient")
            self.assertEqual(shown["forward"], float(f"{value:.4g}"))
            if gradient is not None:
                self.assertEqual(shown["backward"], float(f"{float(gradient):.4g}"))
            edges.append((group.get("data-from"), group.get("data-to"), value, gradient and float(gradient)))
        return edges, "".join(root.itertext())

    def test_sheet(self):
        """It is at most 1200 pixels wide, has colours for the dark, and greys the gradients below a thousandth of the largest."""
        self.run_program("train", "--data", "bars", "--layers", "784-40-20-10", "--epochs", "30", "--save", "m", "--device", "cpu")
        self.edges("m", "--data", "bars")
        root = ElementTree.parse(self.folder / "g.svg").getroot()
        left, top, width, height = map(float, root.get("viewBox").split())
        self.assertEqual((left, top, root.get("width")), (0, 0, "1200"))
        self.assertAlmostEqual(float(root.get("height")), height * 1200 / width, delta=1)
        self.assertIn("@media(prefers-color-scheme:dark)", root.find(SVG + "style").text)
        gradients = {}
        for group in root.iter(SVG + "g"):
            if group.get("data-gradient") and not group.get("data-to").startswith(("quadratic", "C")):
                gradient = next(text for text in group.iter(SVG + "text") if "backward" in text.get("class"))
                gradients[group.get("data-from"), group.get("data-to")] = abs(float(group.get("data-gradient"))), gradient.get("class")
        most = max(gradient for gradient, _ in gradients.values())
        for gradient, kind in gradients.values():
            self.assertEqual(kind, "backward faint" if gradient < most / 1000 else "backward")
        self.assertEqual({kind for _, kind in gradients.values()}, {"backward", "backward faint"})

    def boxes(self):
        """What labels of edges and nodes cover in the drawing: (left, top, right, bottom) of each, the letters a little narrower than they are."""
        labels, nodes = [], []
        for group in ElementTree.parse(self.folder / "g.svg").getroot().iter(SVG + "g"):
            texts, rect = list(group.iter(SVG + "text")), group.find(SVG + "rect")
            if rect is not None:
                left, top, width, height = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
                nodes.append((left, top, left + width, top + height))
            if group.get("class") == "edge":
                x, width = float(texts[0].get("x")), 0.5 * 12 * max(len(text.text) for text in texts)
                left = x if texts[0].get("text-anchor") == "start" else x - width / 2
                labels.append((left, min(float(text.get("y")) for text in texts) - 9, left + width, max(float(text.get("y")) for text in texts)))
        return labels, nodes

    def test_lines_cross_no_number(self):
        """All lines are drawn before the numbers, which have a halo of the sheet's colour, in the light and in the dark."""
        file = self.write("x.csv", [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], ["a", "b", "y"])
        edges, _ = self.edges("--layers", "2-3:tanh-1", "--cost", "cross-entropy", "--data", file)
        root = ElementTree.parse(self.folder / "g.svg").getroot()
        order = [element.tag for element in root if element.tag == SVG + "line" or element.get("class") == "edge"]
        self.assertEqual(order, [SVG + "line"] * len(edges) + [SVG + "g"] * len(edges))
        light, dark = root.find(SVG + "style").text.split("@media(prefers-color-scheme:dark)")
        for style, text in (light, r"text\{[^}]*paint-order:stroke;stroke:(#\w+);stroke-width:5px"), (dark, r"text\{[^}]*stroke:(#\w+)"):
            halo, sheet = (re.search(pattern, style).group(1) for pattern in (text, r"rect\.sheet\{fill:(#\w+)"))
            self.assertEqual(halo, sheet)

    def test_largest_are_shown(self):
        """Of many inputs those whose products weigh most, found here among all of them."""
        network = ["--layers", "784-8-10", "--data", "bars", "--neuron", "2:3"]
        products = lambda edges: sorted((abs(value) for source, target, value, _ in edges if (source, target) == ("*", "+")), reverse=True)
        every = products(self.edges(*network, "--edges", 8)[0])
        self.assertEqual(len(every), 8)
        self.assertEqual(products(self.edges(*network, "--edges", 3)[0]), every[:3])

    def test_numbers_of_hidden_errors(self):
        """What stands between the signs of BP2 multiplies to what stands behind them."""
        file = self.write("x.csv", [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], ["a", "b", "y"])
        text = self.run_program("trace", "--layers", "2-3:tanh-1", "--cost", "cross-entropy", "--data", file, "--step").stdout
        found = re.findall(r"delta1\[\d\] = \((\S+) \* (\S+)\) \* (\S+) = (\S+) \* (\S+) = (\S+)", text)
        self.assertEqual(len(found), 3)
        for w, delta, slope, sum_of, again, result in (map(float, numbers) for numbers in found):
            self.assertEqual(slope, again)
            self.assertAlmostEqual(w * delta / sum_of, 1, 2)
            self.assertAlmostEqual(sum_of * slope / result, 1, 2)

    def test_fits_a_terminal(self):
        self.assertLessEqual(max(map(len, self.run_program("trace").stdout.splitlines())), 80)

    def test_labels_cover_nothing(self):
        """The numbers of an edge lie neither on those of another nor on a node."""
        file = self.write("x.csv", [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], ["a", "b", "y"])
        for arguments in ([], ["--layers", "2-3:tanh-1", "--cost", "cross-entropy", "--data", file], ["--layers", "2-2:tanh-2:tanh-1", "--cost", "cross-entropy", "--data", file],
                          ["--layers", "784-32-10", "--data", "bars", "--neuron", "2:3"]):
            self.edges(*arguments)
            labels, nodes = self.boxes()
            for i, (left, top, right, bottom) in enumerate(labels):
                for other in labels[:i] + nodes:
                    self.assertFalse(left < other[2] and other[0] < right and top < other[3] and other[1] < bottom, (arguments, labels[i], other))

    def test_worked_example(self):
        """The numbers that every build must show."""
        edges, _ = self.edges()
        expected = [("x1", "*", -1, -0.1057541856), ("w1", "*", 2, 0.0528770928), ("x2", "*", -2, 0.1586312784), ("w2", "*", -3, 0.1057541856),
                    ("*", "+", -2, -0.0528770928), ("*", "+", 6, -0.0528770928), ("b", "+", -3, -0.0528770928), ("+", "sigmoid", 1, -0.0528770928),
                    ("sigmoid", "quadratic", 0.7310585786, -0.2689414214), ("y", "quadratic", 1, None), ("quadratic", "C", 0.0361647441, 1)]
        self.assertEqual(len(edges), len(expected))
        for wanted in expected:
            self.assertTrue(any(edge[:2] == wanted[:2] and abs(edge[2] - wanted[2]) < 1e-9 and
                                (wanted[3] is None) == (edge[3] is None) and (wanted[3] is None or abs(edge[3] - wanted[3]) < 1e-9)
                                for edge in edges), (wanted, edges))
        text = self.run_program("trace").stdout
        for said in ("w1: 2 - 1 * 0.05288 = 1.947", "w2: -3 - 1 * 0.1058 = -3.106", "b: -3 - 1 * -0.05288 = -2.947", "a: 0.7311 -> 0.7887"):
            self.assertIn(said, text)
        self.assertTrue(text.isascii())
        self.assertIn("a: 0.7311 -> 0.7611", self.run_program("trace", "--lr", "0.5").stdout)

    def test_drawn_as_text(self):
        """Each number stands beside its line: above it the value, below it the gradient."""
        lines = self.run_program("trace").stdout.splitlines()
        for name, value, gradient in (("x1", "-1", "-0.1058"), ("w2", "-3", "0.1058"), ("b", "-3", "-0.05288")):
            at = next(i for i, line in enumerate(lines) if re.match(rf" *{name} -", line))
            column = lines[at].index(name)
            self.assertEqual((lines[at - 1][column:].split()[0], lines[at + 1][column:].split()[0]), (value, gradient))

    def test_steps(self):
        """The walk names each equation and puts the numbers in."""
        text = self.run_program("trace", "--step").stdout
        numbers = [int(number) for number in re.findall(r"^ *(\d+)  ", text, re.MULTILINE)]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        for said in ("z = w1 x1 + w2 x2 + b", "= 2 * -1 + -3 * -2 + -3 = 1\n", "a = sigmoid(1) = 0.7311", "BP1", "delta = -0.2689 * 0.1966 = -0.05288",
                     "dC/db = -0.05288", "dC/dw1 = -0.05288 * -1 = 0.05288", "b: -3 - 1 * -0.05288 = -2.947", "a: 0.7311 -> 0.7887"):
            self.assertIn(said, text)

    def model(self, name="m", *more):
        file = self.write("t.csv", blobs(30), COLUMNS)
        self.run_program("train", "--data", file, *(more or T), "--save", name, "--scale", "none")
        return file

    def parameters(self, name, layers):
        """The parameters of a model, layer by layer: (W as rows, b)."""
        raw = (self.folder / name).read_bytes()
        length = struct.unpack("<Q", raw[:8])[0]
        header = json.loads(raw[8:8 + length])

        def tensor(key):
            begin, end = (8 + length + offset for offset in header[key]["data_offsets"])
            return struct.unpack(f"<{(end - begin) // 4}f", raw[begin:end]), header[key]["shape"]

        found = []
        for layer in range(layers):
            values, (units, inputs) = tensor(f"{2 * layer}.weight")
            found.append(([values[inputs * j:inputs * (j + 1)] for j in range(units)], tensor(f"{2 * layer}.bias")[0]))
        return found

    def test_a_network(self):
        """Units, weights and errors of a whole network, computed here from the model's file; what is not shown is summed up."""
        file = self.model("m", "--layers", "4-5-3", "--seed", "1", "--device", "cpu", "--batch", "4", "--epochs", "3")
        rows = blobs(30)
        example = 7
        x = [float(value) for value in rows[example][:4]]
        y = [float(j == example % 3) for j in range(3)]
        (W1, b1), (W2, b2) = self.parameters("m", 2)
        a1 = [sigmoid(sum(w * v for w, v in zip(row, x)) + b) for row, b in zip(W1, b1)]
        a2 = [sigmoid(sum(w * v for w, v in zip(row, a1)) + b) for row, b in zip(W2, b2)]
        delta2 = [(a - t) * a * (1 - a) for a, t in zip(a2, y)]
        delta1 = [sum(W2[j][k] * delta2[j] for j in range(3)) * a1[k] * (1 - a1[k]) for k in range(5)]
        edges, _ = self.edges("m", "--data", file, "--example", example + 1, "--edges", "10")
        for source, to, value, gradient in edges:
            if to.startswith("a1["):
                j, k = int(to[3:-1]) - 1, int(source[1:]) - 1
                wanted = W1[j][k], delta1[j] * x[k]
            elif to.startswith("a2["):
                j, k = int(to[3:-1]) - 1, int(source[3:-1]) - 1
                wanted = W2[j][k], delta2[j] * a1[k]
            elif to == "quadratic":
                j = int(source[3:-1]) - 1
                wanted = a2[j], a2[j] - y[j]
            else:
                wanted = sum((a - t) ** 2 for a, t in zip(a2, y)) / 2, 1
            self.assertAlmostEqual(value, wanted[0], 5, (source, to))
            self.assertAlmostEqual(gradient, wanted[1], 5, (source, to))
        self.assertEqual(len(edges), 5 * 4 + 3 * 5 + 3 + 1)
        few, _ = self.edges("m", "--data", file, "--example", example + 1, "--edges", "2")
        rest = [edge for edge in few if edge[0] in ("2 more", "3 more")]
        self.assertEqual(len(rest), 4)
        for source, to, value, gradient in rest:
            layer, j = int(to[1]), int(to[3:-1]) - 1
            a, W, delta = (x, W1, delta1) if layer == 1 else (a1, W2, delta2)
            shown = [int(re.sub(r"^(x|a1\[)", "", edge[0]).rstrip("]")) - 1 for edge in few if edge[1] == to and "more" not in edge[0]]
            self.assertEqual(len(shown), 2)
            self.assertAlmostEqual(value, sum(W[j][k] * a[k] for k in range(len(a)) if k not in shown), 5)
            self.assertAlmostEqual(gradient, delta[j], 6)

    def test_no_such_neuron(self):
        self.run_program("train", "--data", "bars", "--layers", "784-8-10", "--epochs", "1", "--save", "m")
        for neuron, said in (("3:1", "layers are 1 to 2, after the inputs"), ("0:1", "layers are 1 to 2"), ("1:9", "layer 1 has units 1 to 8")):
            self.assertIn(f"--neuron {neuron} does not exist: {said}",
                          self.run_program("trace", "m", "--data", "bars", "--neuron", neuron, code=USAGE).stderr)

    def test_a_neuron(self):
        """One neuron of a model, gate by gate: its products and its bias make z."""
        file = self.model()
        for neuron, end in (("1:5", "layer 2"), ("2:2", "categorical-cross-entropy")):
            edges, text = self.edges("m", "--data", file, "--neuron", neuron, "--edges", "3")
            into = [edge for edge in edges if edge[1] == "+"]
            z = next(edge for edge in edges if edge[0] == "+")
            self.assertEqual(len(into), 5)
            self.assertAlmostEqual(sum(edge[2] for edge in into), z[2], 9)
            self.assertTrue(all(abs(edge[3] - z[3]) < 1e-12 for edge in into))
            self.assertTrue(any(edge[1] == end for edge in edges), edges)
            self.assertIn("example 1 of class alpha", text)

    def test_a_neuron_of_several_outputs(self):
        """The cost is of all outputs, and moves with all parameters: where only some are shown, that is said."""
        file = self.model("m", "--layers", "4-5-3", "--seed", "1", "--device", "cpu", "--batch", "4", "--epochs", "3")
        x, y = [float(value) for value in blobs(30)[0][:4]], (1, 0, 0)
        a = x
        for W, b in self.parameters("m", 2):
            a = [sigmoid(sum(w * v for w, v in zip(row, a)) + bias) for row, bias in zip(W, b)]
        cost = f"{sum((p - q) ** 2 for p, q in zip(a, y)) / 2:.4g}"
        for neuron in ("2:3", "1:2"):
            text = self.run_program("trace", "m", "--data", file, "--neuron", neuron).stdout
            self.assertEqual("quadratic of all 3 outputs ---" in text, neuron == "2:3")
            self.assertRegex(text, rf"\n +after the update of all 43 parameters of the network:\n.*\n +C of all 3 outputs: {cost} -> ")
            walk = self.run_program("trace", "m", "--data", file, "--neuron", neuron, "--step").stdout
            self.assertRegex(walk, rf"forward again, after the update of all parameters of the network\n.*\n +C of all 3 outputs: {cost} -> ")
        self.assertIn(f"     C: {cost} -> ", self.run_program("trace", "m", "--data", file, "--edges", "5").stdout)
        self.assertIn("forward again\n", self.run_program("trace", "--step").stdout)
        file = self.model()
        self.assertIn("softmax of all 3 units", self.run_program("trace", "m", "--data", file, "--neuron", "2:2").stdout)

    def test_closed_form(self):
        """Softmax with its cost has no dC/da of its own, and the walk says a - y."""
        file = self.model()
        edges, _ = self.edges("m", "--data", file)
        self.assertTrue(all((edge[3] is None) == (edge[1] == "categorical-cross-entropy") for edge in edges))
        text = self.run_program("trace", "m", "--data", file, "--step").stdout
        self.assertIn("closed form", text)
        self.assertIn("BP2, error of layer 1", text)

    def test_a_small_network_gate_by_gate(self):
        """A network without a model: its initial parameters; twelve weights or fewer are drawn with all their gates."""
        file = self.write("xor.csv", [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], ["p", "q", "r"])
        more = ["--layers", "2-2-1", "--data", file, "--target", "r", "--scale", "none", "--target-scale", "none", "--example", "4"]
        edges, text = self.edges(*more)
        self.assertEqual(sum(edge[0] == "*" for edge in edges), 6)
        for l, j in ((1, 1), (1, 2), (2, 1)):
            self.assertIn(f"b{l}[{j}]", text)
        self.assertIn("a1[2]: ", self.run_program("trace", *more).stdout)
        self.run_program("trace", *more, "--out", "g.dot")
        dot = (self.folder / "g.dot").read_text()
        self.assertEqual(dot.count(" -> "), len(edges))
        self.assertNotEqual(self.run_program("trace", *more, "--seed", "2").stdout, self.run_program("trace", *more).stdout)

    def test_kinds_of_files(self):
        """What is written is what the name ends in, and no other name is taken; a walk is no graph."""
        for name, begin in (("a.svg", "<svg "), ("a.SVG", "<svg "), ("a.dot", "digraph "), ("a.gv", "digraph "), ("a.txt", " "), ("a", " "), ("v1.2/a", " "), (".a", " ")):
            (self.folder / "v1.2").mkdir(exist_ok=True)
            self.run_program("trace", "--out", name)
            self.assertTrue((self.folder / name).read_text().startswith(begin), name)
        for name in ("b.png", "b.pdf", "b.svgz", "b.", "svg.b", "v1.2/b.html"):
            self.assertIn("ends in .svg, .dot, .gv or .txt", self.run_program("trace", "--out", name, code=USAGE).stderr)
            self.assertFalse((self.folder / name).exists())
        self.assertIn("--step and --out cannot be combined", self.run_program("trace", "--step", "--out", "b.svg", code=USAGE).stderr)
        self.assertFalse((self.folder / "b.svg").exists())

    def test_saliency(self):
        """The slopes of the inputs: a table, the largest first; of images a picture of them."""
        file = self.model()
        lines = self.run_program("trace", "m", "--data", file, "--saliency", "--example", 4).stdout.splitlines()
        slopes = {name: float(slope) for name, _, slope in map(str.split, lines[3:])}
        self.assertEqual(set(slopes), set("abcd"))
        sizes = [abs(slope) for slope in slopes.values()]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        neuron = self.run_program("trace", "--saliency").stdout.splitlines()[3:]  # dC/dx = w (a - y) a (1 - a)
        a = sigmoid(1)
        for line, w in zip(neuron, (-3, 2)):
            self.assertAlmostEqual(float(line.split()[-1]), w * (a - 1) * a * (1 - a), places=7)
        images = ["trace", "--layers", "784-8-10", "--data", "bars", "--saliency"]
        self.assertEqual(len(self.run_program(*images).stdout.splitlines()), 16)
        if self.has_png():
            self.run_program(*images, "--out", "s.png")
            width, height = struct.unpack(">II", (self.folder / "s.png").read_bytes()[16:24])
            self.assertGreater(width, 1.5 * height)
        self.run_program(*images, "--out", "s.svg")
        self.assertIn("dC/dx", "".join(ElementTree.parse(self.folder / "s.svg").getroot().itertext()))
        for arguments, said in ((["m", "--data", file, "--saliency", "--out", "s.png"], "draws images"),
                                (["--saliency", "--step"], "cannot be combined"), ([*images[1:], "--out", "s.jpg"], "s.jpg")):
            self.assertIn(said, self.run_program("trace", *arguments, code=USAGE).stderr)

    def test_refused(self):
        file = self.model()
        for arguments, code, said in ((["m", "--data", file, "--example", "31"], INPUT, "the data have 30 examples"), (["m", "--data", file, "--neuron", "3:1"], USAGE, "layers are 1 to 2"),
                                      (["m", "--data", file, "--neuron", "1:9"], USAGE, "layer 1 has units 1 to 8"), (["m", "--data", file, "--neuron", "1"], USAGE, "--neuron takes"),
                                      (["m", "--data", file, "--neuron", "1:x"], USAGE, "--neuron takes"), (["m", "--example", "0", "--data", file], USAGE, "--example"),
                                      (["nowhere"], INPUT, "nowhere"), (["--out", "no/such/g.svg"], OUTPUT, "no/such/g.svg"),
                                      (["m", "--data", "nowhere.csv"], INPUT, "nowhere.csv")):
            self.assertIn(said, self.run_program("trace", *arguments, code=code).stderr)


if __name__ == "__main__":
    main()
