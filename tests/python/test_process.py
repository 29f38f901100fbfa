"""Signals, threads and processes."""
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest

import numpy as np

import annc
from samples import HAS_SKLEARN, blobs

if not HAS_SKLEARN:
    raise unittest.SkipTest("scikit-learn is not installed")


def run(text, *arguments):
    """Run a program of Python; return what it prints."""
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(text), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, timeout=120, cwd=os.path.dirname(os.path.abspath(__file__)))
    if result.returncode or result.stderr:
        raise AssertionError(f"{result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout


class Libraries(unittest.TestCase):
    def test_packages_of_nvidia(self):
        """Directories of libraries in nvidia/ on sys.path, unless the environment names others."""
        with tempfile.TemporaryDirectory() as folder:
            for name, file in (("cublas", "libcublas.so.12"), ("cuda_runtime", "libcudart.so.12"), ("empty", "__init__.py")):
                (pathlib.Path(folder) / "nvidia" / name / "lib").mkdir(parents=True)
                (pathlib.Path(folder) / "nvidia" / name / "lib" / file).write_text("")
            program = "import sys; sys.path.append(sys.argv[1]); import os, annc; print(os.environ.get('ANNC_CUDA_LIBRARIES'))"
            libraries = [f"{folder}/nvidia/{name}/lib" for name in ("cublas", "cuda_runtime")]
            self.assertEqual(run(program, folder).strip().split(":")[-2:], libraries)
            self.assertNotIn("empty", run(program, folder))
            self.assertEqual(run("import os; os.environ['ANNC_CUDA_LIBRARIES'] = 'mine'\n" + program.replace("; ", "\n"), folder).strip(), "mine")


class Signals(unittest.TestCase):
    def test_interrupt(self):
        """Ctrl-C ends a training within two seconds; the estimator is fitted as far as that."""
        self.assertIn("stopped, fitted", run("""
            import os, signal, threading, time, annc
            from samples import blobs
            signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it
            X, y = blobs()
            fitted = annc.AnncClassifier(epochs=10**6)
            threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            start = time.monotonic()
            try:
                fitted.fit(X, y)
            except KeyboardInterrupt:
                assert time.monotonic() - start < 2.5
                assert len(fitted.loss_curve_) == fitted.n_iter_ > 10 and fitted.score(X, y) > 0.8
                print("stopped, fitted")
            """))

    def test_handlers_of_the_caller(self):
        """An exception of any signal handler ends a training."""
        self.assertIn("alarm", run("""
            import signal, annc
            from samples import waves
            def ring(*_):
                raise TimeoutError("alarm")
            fitted = annc.AnncRegressor(epochs=10**6)
            signal.signal(signal.SIGALRM, ring)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            try:
                fitted.fit(*waves())
            except TimeoutError as error:
                print(error)
            """))

    def test_error_within(self):
        """An error of the progress bar ends a training, and is raised."""
        from annc import _estimators

        class Broken(_estimators._Epochs):
            def __init__(self, epochs, verbose):
                super().__init__(epochs, 0)
                self.bar = self

            def set_postfix(self, **values):
                raise ZeroDivisionError("bar")

            def close(self):
                pass

        kept, _estimators._Epochs = _estimators._Epochs, Broken
        try:
            with self.assertRaisesRegex(ZeroDivisionError, "bar"):
                annc.AnncClassifier().fit(*blobs())
        finally:
            _estimators._Epochs = kept


class Threads(unittest.TestCase):
    def test_lock_is_released(self):
        """Other threads of Python run while a network trains."""
        X, y = blobs(2000, inputs=30)
        rounds, done = 0, threading.Event()

        def count():
            nonlocal rounds
            while not done.is_set():
                rounds += 1

        counter = threading.Thread(target=count)
        counter.start()
        annc.AnncClassifier((200, 200), max_time=0.5, epochs=10**6, threads=1).fit(X, y)
        done.set()
        counter.join()
        self.assertGreater(rounds, 100000)

    def test_together(self):
        """Trainings in several threads have the bits that they have one after another."""
        X, y = blobs(400)
        seeds = range(4)
        alone = [annc.AnncClassifier(seed=seed, epochs=10, threads=1).fit(X, y).predict_proba(X) for seed in seeds]
        together = [None] * 4

        def fit(seed):
            together[seed] = annc.AnncClassifier(seed=seed, epochs=10, threads=1).fit(X, y).predict_proba(X)

        threads = [threading.Thread(target=fit, args=(seed,)) for seed in seeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for a, b in zip(alone, together):
            self.assertTrue(np.array_equal(a, b))

    def test_errors_of_threads(self):
        texts = []

        def fit():
            try:
                annc.AnncClassifier(lr=-1.0).fit(*blobs())
            except ValueError as error:
                texts.append(str(error))

        thread = threading.Thread(target=fit)
        thread.start()
        thread.join()
        self.assertRegex(texts[0], "learning rate is -1")


class Memory(unittest.TestCase):
    def test_growth(self):
        """Trainings, predictions, errors and audits leave nothing behind."""
        self.assertLess(int(run("""
            import annc
            from samples import blobs
            X, y = blobs(2000, inputs=50)
            def resident():
                with open("/proc/self/statm") as file:
                    return int(file.read().split()[1]) * 4096
            def everything():
                fitted = annc.AnncClassifier(epochs=1).fit(X, y)
                fitted.predict_proba(X)
                fitted.model_.check(X[:50], y[:50])
                try:
                    annc.AnncClassifier(lr=-1.0).fit(X, y)
                except ValueError:
                    pass
            for _ in range(10):
                everything()
            before = resident()
            for _ in range(40):
                everything()
            print(resident() - before)
            """)), 8e6)


class Processes(unittest.TestCase):
    def test_fork(self):
        """A child trains and predicts, also with an estimator of its parent."""
        self.assertEqual(run("""
            import os, numpy, annc
            from samples import blobs
            X, y = blobs()
            fitted = annc.AnncClassifier(epochs=5).fit(X, y)
            expected = fitted.predict_proba(X)
            child = os.fork()
            if child == 0:
                same = numpy.array_equal(fitted.predict_proba(X), expected)
                again = numpy.array_equal(annc.AnncClassifier(epochs=5).fit(X, y).predict_proba(X), expected)
                os._exit(0 if same and again else 1)
            print(os.waitpid(child, 0)[1])
            """), "0\n")

    def test_workers(self):
        from sklearn.model_selection import cross_val_score
        X, y = blobs(240)
        alone, workers = (cross_val_score(annc.AnncClassifier(epochs=10), X, y, cv=4, n_jobs=jobs) for jobs in (None, 2))
        self.assertTrue(np.array_equal(alone, workers))


if __name__ == "__main__":
    unittest.main()
