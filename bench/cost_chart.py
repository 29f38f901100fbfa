#!/usr/bin/env python3
"""Draws what annc-cost measures: seconds an epoch against width, depth, minibatch, examples, density.

    build/release/annc-cost --json | bench/cost_chart.py --out cost.svg

Lines show how long an epoch would take if the machine did nothing but one thing at the rate that
annc-cost measured: the multiply-adds of all layers, the stores of the first layer's weights, or
reading the inputs from memory. No epoch can be below the highest of them, except where the weights
stored by one example are still in registers for the next.
"""

import argparse
import json
import math
import pathlib
import sys

EXAMPLES, INPUTS, FLOAT_BYTES = 60000, 784, 4
LISTED_BYTES = 3  # of an input that is not 0: its index and its value
PANEL_WIDTH, PANEL_HEIGHT, COLUMNS = 300, 230, 3
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 30, 40
MEASURED = "#2a6f97"
LIMITS = [("multiply-adds", "#c2571a", "7 3"), ("stores", "#3a7d44", "2 3"), ("memory", "#7b4b94", "9 3 2 3")]
PANELS = [("width", "width of the hidden layer", lambda trial: widths_of(trial)[1]),
          ("depth", "layers of weights", lambda trial: len(widths_of(trial)) - 1),
          ("minibatch", "examples per minibatch", lambda trial: trial["batch"]),
          ("examples", "examples of the training set", lambda trial: trial["examples"]),
          ("density", "share of inputs that are not 0", lambda trial: trial["density"])]


def widths_of(trial):
    return [int(width) for width in trial["layers"].split("-")]


def limits_of(trial, machine):
    """Seconds an epoch by each of LIMITS alone."""
    widths, is_sparse = widths_of(trial), trial["engine"].endswith("sparse")
    inputs = trial["density"] * INPUTS if is_sparse else INPUTS
    # Forward and gradient; layers above the first also pass the error down.
    products = 2 * inputs * widths[1] + sum(3 * a * b for a, b in zip(widths[1:], widths[2:]))
    stored = FLOAT_BYTES * widths[1] * (inputs if is_sparse else INPUTS / trial["batch"])
    read = inputs * (LISTED_BYTES if is_sparse else 1)
    return [EXAMPLES * products / machine["multiply_adds"], EXAMPLES * stored / machine["stored_bytes"],
            EXAMPLES * read / machine["memory_bytes"]]


class Scale:
    """Maps values to positions, logarithmically."""

    def __init__(self, least, most, start, end):
        self.least, self.start = math.log(least), start
        self.step = (end - start) / (math.log(most / least) or 1)

    def __call__(self, value):
        return self.start + self.step * (math.log(value) - self.least)


def decades(values):
    """Powers of ten around values."""
    return [10.0 ** power for power in range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)]


def text(x, y, words, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{words}</text>'


def ticks_of(values, x):
    """Those of the values that have room for a label."""
    kept = []
    for value in values:
        if not kept or x(value) - x(kept[-1]) >= 30:
            kept.append(value)
    return kept


def short(value):
    return f"{value:g}" if value < 10000 else f"{value / 1000:g}k"


def draw_panel(trials, machine, label, value_of, powers):
    """One panel, drawn from (0, 0)."""
    values = [value_of(trial) for trial in trials]
    x = Scale(values[0], values[-1], LEFT + 10, PANEL_WIDTH - RIGHT - 10)
    y = Scale(powers[0], powers[-1], PANEL_HEIGHT - BOTTOM, TOP)
    lines = [text(LEFT, TOP - 12, label, 'font-weight="bold"')]
    for power in powers:
        lines.append(f'<line x1="{LEFT}" x2="{PANEL_WIDTH - RIGHT}" y1="{y(power):.1f}" y2="{y(power):.1f}" stroke="#ddd"/>')
        lines.append(text(LEFT - 6, y(power) + 4, f"{power:g}", 'text-anchor="end"'))
    for value in ticks_of(values, x):
        lines.append(text(x(value), PANEL_HEIGHT - BOTTOM + 18, short(value), 'text-anchor="middle"'))
    for at, (_, colour, dashes) in enumerate(LIMITS):
        points = " ".join(f"{x(value):.1f},{y(limits_of(trial, machine)[at]):.1f}" for value, trial in zip(values, trials))
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"/>')
    points = " ".join(f"{x(value):.1f},{y(trial['seconds_epoch']):.1f}" for value, trial in zip(values, trials))
    lines.append(f'<polyline points="{points}" fill="none" stroke="{MEASURED}" stroke-width="2"/>')
    for value, trial in zip(values, trials):
        fill = MEASURED if trial["engine"].endswith("sparse") else "#fff"
        lines.append(f'<circle cx="{x(value):.1f}" cy="{y(trial["seconds_epoch"]):.1f}" r="4" fill="{fill}" '
                     f'stroke="{MEASURED}" stroke-width="2"><title>{trial["layers"]}, {short(value)}: '
                     f'{trial["seconds_epoch"]:.4g} s, {trial["engine"]}</title></circle>')
    return lines


def draw_legend(machine):
    """The key of all panels, drawn from (0, 0)."""
    lines = [text(LEFT, TOP - 12, f"one core, {machine['kernels']}", 'font-weight="bold"')]
    rates = [f"{machine['multiply_adds'] / 1e9:.0f} G/s", f"{machine['stored_bytes'] / 1e9:.0f} GB/s",
             f"{machine['memory_bytes'] / 1e9:.0f} GB/s"]
    for at, (fill, words) in enumerate([(MEASURED, "measured, zeros skipped"), ("#fff", "measured, dense")]):
        lines.append(f'<circle cx="{LEFT + 12}" cy="{TOP + 12 + 24 * at}" r="4" fill="{fill}" stroke="{MEASURED}" stroke-width="2"/>')
        lines.append(text(LEFT + 34, TOP + 16 + 24 * at, words))
    for at, ((name, colour, dashes), rate) in enumerate(zip(LIMITS, rates), 2):
        lines.append(f'<line x1="{LEFT}" x2="{LEFT + 26}" y1="{TOP + 12 + 24 * at}" y2="{TOP + 12 + 24 * at}" '
                     f'stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"/>')
        lines.append(text(LEFT + 34, TOP + 16 + 24 * at, f"limit by {name}, {rate}"))
    return lines


def draw(machine, trials):
    """The SVG of a machine's rates and its trials."""
    seconds = [trial["seconds_epoch"] for trial in trials] + [limit for trial in trials for limit in limits_of(trial, machine)]
    powers = decades(seconds)
    panels = [draw_panel([trial for trial in trials if trial["varied"] == name], machine, label, value_of, powers)
              for name, label, value_of in PANELS] + [draw_legend(machine)]
    rows = math.ceil(len(panels) / COLUMNS)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMNS * PANEL_WIDTH} {rows * PANEL_HEIGHT + 24}" '
             'font-family="sans-serif" font-size="12" role="img">', "<title>Seconds an epoch of 60,000 examples</title>",
             '<rect width="100%" height="100%" fill="#fff"/>',
             text(LEFT, 18, "Seconds an epoch of 60,000 examples; 784-32-10, minibatches of 16, density 0.19, "
                  "unless varied (logarithmic)")]
    for at, panel in enumerate(panels):
        lines += [f'<g transform="translate({at % COLUMNS * PANEL_WIDTH}, {24 + at // COLUMNS * PANEL_HEIGHT})">', *panel, "</g>"]
    return "\n".join(lines) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the SVG file")
    options = parser.parse_args()
    lines = [json.loads(line) for line in sys.stdin]
    machine, = (line for line in lines if line["schema"] == "annc.roofline/1")
    options.out.write_text(draw(machine, [line for line in lines if line["schema"] == "annc.cost/1"]))


if __name__ == "__main__":
    main()
