#!/usr/bin/env python3
"""Makes docs/picture.png, the README's picture: the page of a model with a drawn digit, beside the
report of its training.

    docs/picture.py PROGRAM MNIST_FOLDER

Needs chromium."""
import pathlib
import subprocess
import sys
import tempfile

PROGRAM, DATA = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
PICTURE = pathlib.Path(__file__).resolve().parent / "picture.png"
THREE = [(0.3, 0.25), (0.45, 0.16), (0.62, 0.2), (0.68, 0.33), (0.6, 0.45), (0.45, 0.49), (0.62, 0.54), (0.7, 0.67), (0.62, 0.8), (0.45, 0.85), (0.3, 0.77)]
DRAW = """<script>window.addEventListener("load", () => {
    const points = %s.map(([x, y]) => [x * drawing.columns, y * drawing.rows]);
    for (let i = 1; i < points.length; i++)
        stroke(...points[i - 1], ...points[i]);
    showPaper();
    updateImage();
});</script>"""
# Side by side, at three quarters of their size; the report from its curves on.
BESIDE = """<body style="margin:0;width:1240px;height:620px;overflow:hidden;background:#fff">
<iframe src="model.html" style="border:0;width:900px;height:830px;transform:scale(.75);transform-origin:0 0;position:absolute"></iframe>
<iframe src="report.html" style="border:0;width:740px;height:1400px;transform:scale(.75);transform-origin:0 0;position:absolute;left:680px;top:-395px"></iframe>"""

with tempfile.TemporaryDirectory() as folder:
    def run(*command):
        subprocess.run([str(part) for part in command], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    pathlib.Path(folder, "data").mkdir()
    pathlib.Path(folder, "data/mnist").symlink_to(DATA)
    run(PROGRAM, "train", "--data", "data/mnist", "--save", "digits.safetensors", "--log", "run.jsonl")
    run(PROGRAM, "export", "digits.safetensors", "--format", "html", "--out", "model.html")
    run(PROGRAM, "report", "run.jsonl", "--out", "report.html")
    page = pathlib.Path(folder, "model.html")
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", DRAW % [list(point) for point in THREE] + "</body>"), encoding="utf-8")
    pathlib.Path(folder, "beside.html").write_text(BESIDE)
    run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files", "--window-size=1240,620",
        f"--screenshot={PICTURE}", f"file://{folder}/beside.html")
