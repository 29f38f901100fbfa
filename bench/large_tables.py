"""Measures how fast large text tables are loaded, and how fast `predict` answers their rows.

    python bench/large_tables.py build/release [--megabytes 300] [--rounds 5] [--threads 1] [--folder FOLDER]

needs NumPy. Makes three tables (30 columns of short numbers; 30 of all digits of a double; words,
dates, quotes and numbers), loads each with annc-tables, and predicts each from CSV to CSV with a
model trained on its first rows. Results are verified first: annc-tables compares the processor's
loops with the portable ones, and every row must have a prediction, the same each time. Prints a JSON object per
measurement: CPU seconds, rates per CPU second, and peak memory against the file's size."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

COLUMNS, BLOCK = 30, 20000


def short_rows(rng, count):
    x = rng.normal(size=(count, COLUMNS)) * [10.0 ** (i % 4) for i in range(COLUMNS)]
    form = ",".join("%.6f" if i % 3 else "%.4f" for i in range(COLUMNS))
    return [form % tuple(row) + (",1" if row[0] + row[4] > 0 else ",0") for row in x.tolist()]


def long_rows(rng, count):
    x = rng.normal(size=(count, COLUMNS))
    return [",".join(map(repr, row)) + (",1" if row[0] + row[4] > 0 else ",0") for row in x.tolist()]


def mixed_rows(rng, count):
    colours = ["red", "green", "blue", '"dark ""grey"""', '"ochre, pale"']
    numbers, colour, town = rng.normal(size=(count, 8)), rng.integers(0, 5, count), rng.integers(0, 20, count)
    day, month = rng.integers(1, 29, count), rng.integers(1, 13, count)
    return [f'{colours[colour[i]]},"town {town[i]}",2024-{month[i]:02d}-{day[i]:02d} 12:{day[i]:02d},' + ",".join("%.5f" % v for v in numbers[i])
            + (",yes" if numbers[i][0] + colour[i] > 2 else ",no") for i in range(count)]


TABLES = {
    "short": (short_rows, [f"x{i}" for i in range(COLUMNS)]),
    "long": (long_rows, [f"x{i}" for i in range(COLUMNS)]),
    "mixed": (mixed_rows, ["colour", "town", "when"] + [f"x{i}" for i in range(8)]),
}


def make_table(path, name, megabytes):
    """Writes a table; prints its number of rows. In a process of its own: the peak memory of a program counts that of its parent, too,
    and this one is to be small."""
    import numpy as np

    make_rows, names = TABLES[name]
    rng, rows = np.random.default_rng(1), 0
    with open(path, "w") as file:
        file.write(",".join([*names, "label"]) + "\n")
        while file.tell() < megabytes * 1e6:
            lines = make_rows(rng, BLOCK)
            file.write("\n".join(lines) + "\n")
            rows += len(lines)
    print(rows)


def make_model(program, table, folder):
    begin, model = folder / "begin.csv", folder / "model.safetensors"
    with open(table) as file:
        begin.write_text("".join(line for line, _ in zip(file, range(5000))))
    subprocess.run([program, "train", "--data", begin, "--label", "label", "--hidden", "16", "--epochs", "1", "--save", model, "--quiet"], check=True)
    return model


def predict(program, model, table, output, threads):
    """Predicts; returns CPU seconds and peak memory in bytes."""
    with open(output, "wb") as file:
        process = subprocess.Popen([program, "predict", "--csv", "--quiet", "--threads", str(threads), model, table], stdout=file)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"large_tables.py: predict ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def same_files(a, b):
    with open(a, "rb") as first, open(b, "rb") as second:
        while True:
            x, y = first.read(1 << 20), second.read(1 << 20)
            if x != y:
                return False
            if not x:
                return True


def check_predictions(program, model, table, rows, folder, threads):
    """Every row has a prediction, and the same when one thread predicts it again."""
    output = folder / "predictions.csv"
    predict(program, model, table, output, threads)
    with open(output, "rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    if lines != rows + 1:
        sys.exit(f"large_tables.py: {lines - 1} predictions of {rows} rows")
    again = folder / "again.csv"
    predict(program, model, table, again, 1)
    if not same_files(output, again):
        sys.exit("large_tables.py: two predictions of one table differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--megabytes", type=float, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", help="where the tables go; default: a temporary folder")
    options = parser.parse_args()
    if options.make:
        return make_table(*options.make, options.megabytes)
    program = options.build / "annc-gpu"
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = pathlib.Path(name)
        for kind in TABLES:
            table = folder / f"{kind}.csv"
            made = subprocess.run([sys.executable, __file__, str(options.build), "--megabytes", str(options.megabytes), "--make", table, kind],
                                  check=True, capture_output=True, text=True)
            rows = int(made.stdout)
            loads = subprocess.run([options.build / "annc-tables", "--rounds", str(options.rounds), "--label", "label", "--threads", str(options.threads), table],
                                   check=True, capture_output=True, text=True)
            print(json.dumps({"table": kind, "load": json.loads(loads.stdout)}), flush=True)
            model = make_model(program, table, folder)
            check_predictions(program, model, table, rows, folder, options.threads)
            runs = [predict(program, model, table, folder / "predictions.csv", options.threads) for _ in range(options.rounds)]
            cpu = statistics.median(run[0] for run in runs)
            print(json.dumps({"table": kind, "predict": {"rows": rows, "cpu_seconds": round(cpu, 4), "rows_per_cpu_second": round(rows / cpu),
                                                         "seconds_per_10_million_rows": round(1e7 * cpu / rows, 2),
                                                         "peak_megabytes": round(max(run[1] for run in runs) / 1e6, 1)}}), flush=True)
            table.unlink()


if __name__ == "__main__":
    main()
