#!/usr/bin/env bash
# Everything that only a machine with a GPU can tell, in one go and in under nine minutes: build, all tests with the GPU required,
# compute-sanitizer on small runs, the headline job, and the throughput of CPU and GPU side by side.
#
#   bench/gpu_suite.sh [OUT]      writes OUT/gpu_suite.json and OUT/gpu_suite.txt (default: bench/results)
#
# Needs a C and C++ compiler, CMake 3.22 and CUDA 12; zlib, OpenBLAS and Ninja are used where they are. Data: MNIST where it is on disk
# (data/mnist, $ANNC_DATA), otherwise the built-in digits. With ANNC_SUITE_SIMULATED=1 the same steps run on the simulated device, as a
# rehearsal; what only a GPU machine has is then left out and said to be.
set -uo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:-bench/results}" && cd "${1:-bench/results}" && pwd)
build=${ANNC_SUITE_BUILD:-build/gpu-suite}
simulated=${ANNC_SUITE_SIMULATED:-0}
text=$out/gpu_suite.txt json=$out/gpu_suite.json
steps="" failed=0
: >"$text"

say() { printf '%s\n' "$*" | tee -a "$text"; }

# step NAME COMMAND...: runs it, keeps the time and the verdict, shows the end of its output. Exit code 77 is a skip.
step() {
  local name=$1 start end rc verdict
  shift
  start=$(date +%s.%N)
  "$@" >"$build-step.log" 2>&1
  rc=$?
  end=$(date +%s.%N)
  case $rc in 0) verdict=ok ;; 77) verdict=skipped ;; *) verdict=FAILED failed=1 ;; esac
  say "$(printf '%-34s %-8s %6.1f s' "$name" "$verdict" "$(echo "$end - $start" | bc -l 2>/dev/null || python3 -c "print($end - $start)")")"
  [ "$verdict" = ok ] || tail -n 25 "$build-step.log" | sed 's/^/    /' | tee -a "$text"
  steps="$steps${steps:+,}{\"step\":\"$name\",\"verdict\":\"$verdict\"}"
  cp "$build-step.log" "$out/$(printf '%s' "$name" | tr -c 'a-z0-9\n' '_').log" 2>/dev/null
}

mkdir -p "$(dirname "$build")"
generator=$(command -v ninja >/dev/null && echo Ninja || echo "Unix Makefiles")
cuda=$([ "$simulated" = 1 ] && echo off || echo on)
step configure cmake -S . -B "$build" -G "$generator" -DCMAKE_BUILD_TYPE=Release -DANNC_CUDA=$cuda
step build cmake --build "$build" -j "$(nproc)"
program=$build/annc-gpu bench=$build/annc-bench
if [ "$simulated" = 1 ]; then
  ANNC_CUDA_MODULE=$(find "$PWD/$build" "$build" -name 'annc_simulated.so' 2>/dev/null | head -1)
  export ANNC_CUDA_MODULE
else
  export ANNC_REQUIRE_GPU=1
fi

say "commit $(git rev-parse --short=10 HEAD 2>/dev/null || echo unknown)$(git diff --quiet 2>/dev/null || echo ' with changes')"
if command -v nvidia-smi >/dev/null && [ "$simulated" != 1 ]; then
  say "$(nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.max.sm --format=csv,noheader)"
fi
say "$("$program" --version 2>&1)"

step "all tests" ctest --test-dir "$build" --output-on-failure -j "$(nproc)" --timeout 300

if command -v compute-sanitizer >/dev/null && [ "$simulated" != 1 ]; then
  small="$program train --data digits --layers 784-16-10 --epochs 1 --batch 500 --device cuda --quiet"
  for tool in memcheck racecheck initcheck synccheck; do
    # shellcheck disable=SC2086
    step "compute-sanitizer $tool" timeout 120 compute-sanitizer --tool $tool --error-exitcode 9 $small
  done
else
  say "compute-sanitizer: left out, not on this machine"
fi

epochs=$([ "$simulated" = 1 ] && echo 1 || echo 30)
layers=$([ "$simulated" = 1 ] && echo 784-4-10 || echo 784-32-10)
batch=$([ "$simulated" = 1 ] && echo 3000 || echo 16)
step "headline job" "$program" train --offline --layers "$layers" --batch "$batch" --epochs "$epochs" --device cuda --json
headline=$(grep '"annc.result/1"' "$build-step.log" | tail -1)
say "${headline:-no result}"
step "audit" "$program" check --device cuda

if [ "$simulated" = 1 ]; then
  step "throughput" "$bench" --device cuda --job 784-32-10 --repeats 1 --seconds 0.01 --json
else
  step "throughput" "$bench" --repeats 5 --seconds 0.4 --json
fi
lines=$(grep '"annc.bench/1"' "$build-step.log" | paste -sd, -)
[ "$simulated" = 1 ] || "$bench" --repeats 3 --seconds 0.2 2>&1 | tee -a "$text"

printf '{"schema":"annc.gpu_suite/1","commit":"%s","simulated":%s,"steps":[%s],"headline":%s,"bench":[%s]}\n' \
  "$(git rev-parse --short=10 HEAD 2>/dev/null || echo unknown)" "$([ "$simulated" = 1 ] && echo true || echo false)" \
  "$steps" "${headline:-null}" "$lines" >"$json"
rm -f "$build-step.log"
say "$([ $failed = 0 ] && echo 'all passed' || echo 'FAILED')"
exit $failed
