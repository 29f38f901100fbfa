"""The examples of docs/python.md, each with names of its own in an empty directory."""
import contextlib
import io
import json
import os
import re
import signal
import tempfile
import unittest
import warnings

from samples import HAS_SKLEARN, ROOT

PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"\n## ([^\n]+)\n(?:(?!\n## ).)*?\n```python\n(.*?)```", PAGE, re.S)


@unittest.skipUnless(HAS_SKLEARN, "scikit-learn is not installed")
class Page(unittest.TestCase):
    def test_examples(self):
        self.assertGreaterEqual(len(EXAMPLES), 10)
        self.assertEqual(len(EXAMPLES), PAGE.count("```python"))
        self.addCleanup(os.chdir, os.getcwd())
        self.addCleanup(signal.signal, signal.SIGALRM, signal.SIG_DFL)
        for name, text in EXAMPLES:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), \
                    contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("error", UserWarning)
                os.chdir(folder)
                exec(compile(text, name, "exec"), {"__name__": "__main__"})

    def test_notebook(self):
        """The cells of docs/tour.ipynb run from top to bottom."""
        notebook = json.loads((ROOT / "docs/tour.ipynb").read_text(encoding="utf-8"))
        cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
        self.assertGreaterEqual(len(cells), 6)
        names, said = {"__name__": "__main__"}, io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(said):
            warnings.simplefilter("error", UserWarning)
            for number, text in enumerate(cells, 1):
                with self.subTest(cell=number):
                    exec(compile(text, f"cell {number}", "exec"), names)
        self.assertGreater(float(re.search("accuracy ([0-9.]+)", said.getvalue()).group(1)), 0.95)
        self.assertGreater(float(re.search("R2 ([0-9.]+)", said.getvalue()).group(1)), 0.97)

    def test_parameters(self):
        """The docstrings have every parameter and nothing else, and every one is an option of the program or explained."""
        import annc
        from samples import program
        options = set(re.findall(r"--([a-z0-9-]+)", program("help", "train", "all")))
        own = {"hidden", "image_shape", "verbose", "warm_start"}
        for kind in (annc.AnncClassifier, annc.AnncRegressor):
            text = kind.__doc__.split("Parameters\n")[1]
            parts = [text.split("Attributes\n")[0], text.split("    Number of inputs.\n")[-1]]
            told = {name for part in parts for line in re.findall(r"^    (\w[\w, ]*) : ", part, re.M) for name in line.split(", ")}
            names = set(kind().get_params())
            self.assertEqual(names - told, set())
            self.assertEqual({name for name in names - own if name.replace("_", "-") not in options}, set())


if __name__ == "__main__":
    unittest.main()
