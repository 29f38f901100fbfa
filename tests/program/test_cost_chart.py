#!/usr/bin/env python3
"""bench/cost_chart.py: its limits, and the chart of a few measurements. Called as program.py says."""
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

from program import Cli, main

CHART = pathlib.Path(__file__).resolve().parents[2] / "bench/cost_chart.py"
sys.path.insert(0, str(CHART.parent))
sys.dont_write_bytecode = True
import cost_chart  # noqa: E402  (after its folder is known)

SVG = "{http://www.w3.org/2000/svg}"
MACHINE = {"schema": "annc.roofline/1", "kernels": "AVX-512", "multiply_adds": 1e11, "stored_bytes": 1e11, "memory_bytes": 1e10}
BASE = {"schema": "annc.cost/1", "layers": "784-32-10", "batch": 16, "examples": 20000, "density": 0.25, "engine": "fused, sparse", "seconds_epoch": 0.02}


def trial(varied, **values):
    return {**BASE, "varied": varied, **values}


TRIALS = [trial("width"), trial("width", layers="784-64-10", seconds_epoch=0.05), trial("depth", layers="784-10"), trial("depth"),
          trial("minibatch", batch=1), trial("minibatch"), trial("examples", examples=1000), trial("examples"),
          trial("density"), trial("density", density=1, engine="fused, dense", seconds_epoch=0.06)]


class CostChart(Cli):
    def test_limits(self):
        """Of 784-32-10 by hand: 196 of 784 inputs are not 0; all of them where zeros are not skipped."""
        sparse, dense = (cost_chart.limits_of(case, MACHINE) for case in TRIALS[-2:])
        products = 60000 * (2 * 196 * 32 + 3 * 32 * 10) / 1e11
        for got, wanted in zip(sparse, [products, 60000 * 4 * 196 * 32 / 1e11, 60000 * 3 * 196 / 1e10]):
            self.assertAlmostEqual(got, wanted)
        products = 60000 * (2 * 784 * 32 + 3 * 32 * 10) / 1e11
        for got, wanted in zip(dense, [products, 60000 * 4 * 784 * 32 / 16 / 1e11, 60000 * 784 / 1e10]):
            self.assertAlmostEqual(got, wanted)

    def test_chart(self):
        """A panel per property with a point per measurement, of which slower ones are higher, and a line per limit."""
        out = self.folder / "cost.svg"
        text = "".join(json.dumps(line) + "\n" for line in [MACHINE, *TRIALS])
        subprocess.run([sys.executable, CHART, "--out", out], input=text, text=True, check=True)
        panels = xml.etree.ElementTree.parse(out).getroot().findall(f"{SVG}g")
        self.assertEqual(len(panels), 6)
        for panel in panels[:-1]:
            self.assertEqual(len(panel.findall(f"{SVG}circle")), 2)
            self.assertEqual(len(panel.findall(f"{SVG}polyline")), 4)
        for panel in (panels[0], panels[4]):
            left, right = panel.findall(f"{SVG}circle")
            self.assertLess(float(left.get("cx")), float(right.get("cx")))
            self.assertGreater(float(left.get("cy")), float(right.get("cy")))
        self.assertIn("limit by stores, 100 GB/s", [text.text for text in panels[5].findall(f"{SVG}text")])


if __name__ == "__main__":
    main()
