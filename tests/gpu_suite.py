#!/usr/bin/env python3
"""Rehearses bench/gpu_suite.sh where there is no GPU, with stand-ins for the tools that only a GPU machine has: nvidia-smi and
compute-sanitizer.

    tests/gpu_suite.py SOURCE BUILD      SOURCE: the checkout, or a copy without .git; BUILD: a build folder, made if it is not there

$ANNC_CUDA_MODULE names the device; without it the simulated one is used."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
STAND_INS = {
    "nvidia-smi": """#!/bin/sh
[ "$1" = --list-gpus ] && printf 'GPU 0\\nGPU 1\\n' && exit
echo "Stand-in, 580.00, 1980 MHz, 1980 MHz"
""",
    # Takes the options that the real one knows, and none else; then runs the program.
    "compute-sanitizer": """#!/bin/sh
echo "$@" >>"$STAND_IN_LOG"
while :; do
  case "$1 $2" in
    "--tool memcheck" | "--tool racecheck" | "--tool initcheck" | "--tool synccheck" | "--error-exitcode 9" | "--report-api-errors no" | \\
      "--kernel-name kernel_substring="*) shift 2 ;;
    --*) echo "unknown option $1"; exit 1 ;;
    *) break ;;
  esac
done
exec "$@"
""",
}


def suite(folder, **variables):
    """Exit code, table and JSON of a run into a folder of its own."""
    out = folder / "out"
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "STAND_IN_LOG": str(folder / "calls"), "ANNC_COMMIT": "0123abcd",
                   "ANNC_SUITE_REHEARSAL": "1", "ANNC_SUITE_BUILD": str(BUILD), **variables}
    run = subprocess.run(["bash", SOURCE / "bench/gpu_suite.sh", out], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    files = sorted(path.name for path in out.iterdir())
    assert files == ["gpu_suite.json", "gpu_suite.log", "gpu_suite.txt"], files
    return run.returncode, run.stdout, json.loads((out / "gpu_suite.json").read_text())


def main():
    with tempfile.TemporaryDirectory(prefix="annc-suite-") as name:
        folder = pathlib.Path(name)
        for tool, script in STAND_INS.items():
            (folder / tool).write_text(script)
            (folder / tool).chmod(0o755)
        code, table, result = suite(folder)
        print(table)
        verdicts = {step["step"]: step["verdict"] for step in result["steps"]}
        assert code == 0 and set(verdicts.values()) == {"ok"}, verdicts
        assert [name for name in verdicts if name.startswith("compute-sanitizer")] == [
            f"compute-sanitizer {tool}" for tool in ("memcheck", "racecheck", "initcheck", "synccheck")]
        assert result["commit"].startswith("0123abcd") and result["gpu"].startswith("Stand-in") and result["rehearsal"]
        assert [bench["device"] for bench in result["bench"]][0] != result["bench"][1]["device"]
        assert all(job["verified"] for bench in result["bench"] for job in bench["jobs"])
        assert result["headline"]["engine"] == "recorded" and result["headline"]["commit"]
        assert [training["precision"] for training in result["trainings"]] == ["fp32"]
        assert result["together"]["networks"] == 2
        if shutil.which("mpirun") and "several ranks are left out" not in table:
            assert verdicts["their equal bits"] == "ok" and table.count("gradients are summed in the host's memory: ") == 3
        calls = (folder / "calls").read_text().splitlines()
        assert all("kernel_substring=gather_kernel" in call for call in calls) and "--report-api-errors no" in calls[0]
        # A limit that is reached fails the suite, and the JSON says where.
        code, table, result = suite(folder, ANNC_SUITE_SECONDS="0")
        assert code == 1 and result["steps"][0]["verdict"] == "no time left", table
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
