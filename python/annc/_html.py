"""The picture of a trained estimator in a notebook: its network and its curves, as HTML."""

from __future__ import annotations

import html
import math
from typing import Any, Sequence

MOST_UNITS = 9  # drawn per layer
WIDTH, HEIGHT = 360, 200  # of each picture, in pixels
COLOURS = {"training": "#1b66a9", "validation": "#c45500"}


def _svg(title: str, parts: Sequence[str]) -> str:
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
            f'style="max-width:100%;font:11px sans-serif;fill:currentColor"><title>{html.escape(title)}</title>'
            f'{"".join(parts)}</svg>')


def _units(width: int, x: float) -> list[tuple[float, float]]:
    """Return where the units of a layer are drawn; of a wide layer, MOST_UNITS."""
    shown = min(width, MOST_UNITS)
    return [(x, 20 + (HEIGHT - 50) * (i + 0.5) / shown) for i in range(shown)]


def network_svg(widths: Sequence[int], activations: Sequence[str]) -> str:
    """Return the layers of a network as circles and lines, with their widths and activations."""
    step = (WIDTH - 80) / (len(widths) - 1)
    layers = [_units(width, 40 + step * layer) for layer, width in enumerate(widths)]
    lines = "".join(f"M{x0:.0f} {y0:.1f}L{x1:.0f} {y1:.1f}"
                    for left, right in zip(layers, layers[1:]) for x0, y0 in left for x1, y1 in right)
    parts = [f'<path d="{lines}" stroke="currentColor" stroke-opacity="0.15" fill="none"/>']
    for layer, units in enumerate(layers):
        x = units[0][0]
        name = "inputs" if layer == 0 else activations[layer - 1]
        parts += [f'<circle cx="{x:.0f}" cy="{y:.1f}" r="5" fill="{COLOURS["training"]}"/>' for _, y in units]
        parts += [f'<text x="{x:.0f}" y="12" text-anchor="middle">{widths[layer]}</text>',
                  f'<text x="{x:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(name)}</text>']
    return _svg(f"network {'-'.join(map(str, widths))}", parts)


def curves_svg(curves: dict[str, Sequence[float]]) -> str:
    """Return the losses per epoch, finite ones, on one scale; of many epochs, as many as there are pixels."""
    finite = [value for curve in curves.values() for value in curve if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    left, top, right, bottom = 60, 20, WIDTH - 10, HEIGHT - 25
    epochs = max(map(len, curves.values()))
    parts = [f'<path d="M{left} {top}V{bottom}H{right}" stroke="currentColor" stroke-opacity="0.4" fill="none"/>',
             f'<text x="{left - 4}" y="{top + 8}" text-anchor="end">{high:.3g}</text>',
             f'<text x="{left - 4}" y="{bottom}" text-anchor="end">{low:.3g}</text>',
             f'<text x="{right}" y="{HEIGHT - 8}" text-anchor="end">epoch {epochs}</text>']
    for i, (name, curve) in enumerate(curves.items()):
        stride = max(1, len(curve) // WIDTH)
        points = [(left + (right - left) * (n / (epochs - 1) if epochs > 1 else 0.5),
                   bottom - (bottom - top) * ((value - low) / (high - low) if high > low else 0.5))
                  for n, value in enumerate(curve) if n % stride == 0 or n + 1 == len(curve) if math.isfinite(value)]
        if not points:
            continue
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts += [f'<polyline points="{text}" stroke="{COLOURS[name]}" stroke-width="1.5" fill="none"/>',
                  f'<text x="{right}" y="{12 + 12 * i}" text-anchor="end" fill="{COLOURS[name]}">{name} loss</text>']
    return _svg("losses per epoch", parts)


def estimator_html(estimator: Any) -> str:
    """Return a fitted estimator as HTML: its network, its curves, and a line about its training."""
    model = estimator.model_
    curves = {"training": estimator.loss_curve_, "validation": estimator.validation_curve_}
    facts = [f"{estimator.n_iter_} epochs", f"{model.cost} cost", f"{estimator.device_}, engine {estimator.engine_}"]
    if estimator.best_epoch_:
        facts.insert(1, f"epoch {estimator.best_epoch_} kept")
    return (f"<div><p><b>{html.escape(repr(estimator))}</b></p>"
            f"{network_svg(model.widths, model.activations)}"
            f"{curves_svg({name: curve for name, curve in curves.items() if len(curve)})}"
            f"<p>{html.escape('; '.join(facts))}</p></div>")
