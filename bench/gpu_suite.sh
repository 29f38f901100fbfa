#!/usr/bin/env bash
# Everything that only a machine with a GPU can tell, in one command and within nine minutes:
#
#   bench/gpu_suite.sh [OUT]      default OUT: bench/results
#
#   1. builds the program and annc-bench, benchmarks each job on the GPU, and trains the tutorial's network, also with other options and
#      larger networks in each precision (three minutes at most)
#   2. builds the tests, runs those labelled gpu, and trains in two processes if MPI is there
#   3. runs compute-sanitizer on our own kernels
#   4. benchmarks the CPU; trains the same jobs by PyTorch, JAX and cuBLAS, if they are installed and time is left
#
# Each step has a time limit. OUT holds, rewritten after every step: gpu_suite.txt (the table), gpu_suite.json, gpu_suite.log (the whole
# output of every step), and at the end peers.txt, peers.json and peers.svg. The exit code is 1 if a step failed.
#
# Needs a C and C++ compiler, CMake 3.22 and CUDA 12; zlib, OpenBLAS and Ninja are used if they are installed. Data: MNIST if it is on disk
# (data/mnist, $ANNC_DATA), otherwise the built-in digits. Variables:
#   ANNC_COMMIT           the commit, where the source has no .git
#   ANNC_SUITE_BUILD      build folder (default build/gpu-suite)
#   ANNC_SUITE_SECONDS    the limit of everything (default 540, in a rehearsal 1200)
#   ANNC_SUITE_REHEARSAL  1: small jobs, on the device of $ANNC_CUDA_MODULE, or else on the simulated device of the tests
set -uo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:-bench/results}" && cd "${1:-bench/results}" && pwd)
build=${ANNC_SUITE_BUILD:-build/gpu-suite}
rehearsal=${ANNC_SUITE_REHEARSAL:-0}
text=$out/gpu_suite.txt json=$out/gpu_suite.json log=$out/gpu_suite.log
output=$(mktemp)
trap 'rm -f "$output"' EXIT
deadline=$((SECONDS + ${ANNC_SUITE_SECONDS:-$([ "$rehearsal" = 1 ] && echo 1200 || echo 540)}))
steps="" benchmarks="" trainings="" headline=null together=null failed=0 verdict=""
export ANNC_OFFLINE=1
: >"$text"
: >"$log"

say() { printf '%s\n' "$*" | tee -a "$text"; }

append() { printf '%s%s%s' "$1" "${1:+,}" "$2"; }

write_json() {
  printf '{"schema":"annc.gpu_suite/1","commit":"%s","rehearsal":%s,"gpu":"%s","steps":[%s],"headline":%s,"trainings":[%s],"together":%s,"bench":[%s]}\n' \
    "$commit" "$([ "$rehearsal" = 1 ] && echo true || echo false)" "$gpu" "$steps" "$headline" "$trainings" "$together" "$benchmarks" >"$json.new"
  mv "$json.new" "$json"
}

# step NAME LIMIT COMMAND...: runs a command for at most LIMIT seconds, or what is left of the nine minutes. Sets verdict to ok, skipped (exit
# code 77), 'out of time' or FAILED; $output has what it printed.
step() {
  local name=$1 limit=$2 start=$SECONDS left=$((deadline - SECONDS)) rc
  shift 2
  [ "$rehearsal" = 1 ] && limit=$((4 * limit)) # an interpreter on a busy machine is slow
  [ "$limit" -le "$left" ] || limit=$left
  if [ "$limit" -lt 1 ]; then
    verdict="no time left"
  else
    timeout --kill-after=5 "$limit" "$@" >"$output" 2>&1 </dev/null
    rc=$?
    case $rc in 0) verdict=ok ;; 77) verdict=skipped ;; 124 | 137) verdict="out of time" ;; *) verdict=FAILED ;; esac
  fi
  case $verdict in ok | skipped) ;; *) failed=1 ;; esac
  say "$(printf '%-34s %-12s %4d s' "$name" "$verdict" $((SECONDS - start)))"
  [ "$verdict" = ok ] || tail -n 25 "$output" | sed 's/^/    /' | tee -a "$text"
  { printf '==== %s: %s\n' "$name" "$verdict"; cat "$output"; } >>"$log"
  steps=$(append "$steps" "{\"step\":\"$name\",\"verdict\":\"$verdict\",\"seconds\":$((SECONDS - start))}")
  write_json
  [ "$verdict" = ok ]
}

# benchmark NAME LIMIT OPTIONS...: annc-bench, whose table goes to the text and whose line to the JSON.
benchmark() {
  local name=$1 limit=$2 line
  shift 2
  step "$name" "$limit" "$build/annc-bench" --json "$@"
  line=$(grep '"annc.bench/1"' "$output" | tail -n 1)
  if [ -n "$line" ]; then
    benchmarks=$(append "$benchmarks" "$line")
    say "$(grep -v '^{' "$output" | sed 's/^/    /')"
    write_json
  fi
}

# training OPTIONS...: trains on the GPU; the result's line goes to the JSON, its seconds and engine to the text.
training() {
  local line
  step "train $*" 30 "$build/annc-gpu" train --device cuda --json "$@"
  line=$(grep '"annc.result/1"' "$output" | tail -n 1)
  [ -n "$line" ] && trainings=$(append "$trainings" "$line") && write_json
  say "    $(printf '%s' "${line:-no result}" | grep -oE '"(accuracy|seconds|engine|precision)":[^,]*|no result' | paste -sd ' ' -)"
}

commit=${ANNC_COMMIT:-$(git rev-parse --short=10 HEAD 2>/dev/null || echo unknown)}
git diff --quiet HEAD 2>/dev/null || [ ! -e .git ] || commit="$commit with changes"
gpu=$(nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.max.sm --format=csv,noheader 2>/dev/null | head -n 1)
say "commit $commit; GPU ${gpu:-unknown: no nvidia-smi}"

generator=$(command -v ninja >/dev/null && echo Ninja || echo "Unix Makefiles")
[ -f "$build/CMakeCache.txt" ] && generator=$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$build/CMakeCache.txt")
jobs=$(nproc)
if [ "$rehearsal" = 1 ]; then
  step "configure" 60 cmake -S . -B "$build" -G "$generator" || exit 1
else
  export ANNC_REQUIRE_GPU=1
  step "configure" 60 cmake -S . -B "$build" -G "$generator" -DCMAKE_BUILD_TYPE=Release -DANNC_CUDA=on || exit 1
fi
targets="annc-gpu annc-bench"
[ "$rehearsal" = 1 ] && [ -z "${ANNC_CUDA_MODULE:-}" ] && targets="$targets annc_simulated"
grep -q '^CMAKE_CUDA_COMPILER:' "$build/CMakeCache.txt" && targets="$targets annc_cuda"
# shellcheck disable=SC2086
step "build the programs" 150 cmake --build "$build" -j "$jobs" --target $targets || exit 1
if [ "$rehearsal" = 1 ] && [ -z "${ANNC_CUDA_MODULE:-}" ]; then
  ANNC_CUDA_MODULE=$(find "$(cd "$build" && pwd)" -name annc_simulated.so | head -n 1)
  export ANNC_CUDA_MODULE
fi
version=$("$build/annc-gpu" --version 2>&1)
say "$version"

# ---------------------------------------------------------------- 1 the figures
if [ "$rehearsal" = 1 ]; then
  benchmark "GPU: 784-32-10 b16" 60 --device cuda --job "784-32-10 b16" --repeats 1 --seconds 0.01
  step "headline job" 60 "$build/annc-gpu" train --data digits --layers 784-4-10 --batch 3000 --epochs 1 --device cuda --json
else
  for job in "784-32-10 b16" "784-128-10 b64" "784-512-512-10 b256" "784-4096-4096-10 b4096"; do
    benchmark "GPU: $job" 30 --device cuda --job "$job" --repeats 5 --seconds 0.4
  done
  step "headline job" 30 "$build/annc-gpu" train --device cuda --json
fi
result=$(grep '"annc.result/1"' "$output" | tail -n 1)
headline=${result:-null}
say "    $(printf '%s' "${result:-no result}" | grep -oE '"(accuracy|loss|seconds|test_seconds|wall_seconds|engine)":[^,]*|no result' | paste -sd ' ' -)"
layers=$([ "$rehearsal" = 1 ] && echo 784-4-10 || echo 784-32-10)
step "audit" 30 "$build/annc-gpu" check --device cuda --layers "$layers" --precision tf32
if [ "$rehearsal" = 1 ]; then
  training --data digits --layers 784-4-10 --batch 3000 --epochs 1 --optimizer adam
else
  step "audit in bf16" 30 "$build/annc-gpu" check --device cuda --layers "$layers" --precision bf16
  training --epochs 5 --optimizer adam
  training --epochs 5 --dropout 0.2
  training --epochs 5 --clip 1
  training --epochs 5 --layers 784-128-10 --batch 64
  for precision in fp32 tf32 bf16; do
    training --epochs 5 --layers 784-512-512-10 --batch 256 --precision $precision
    training --epochs 2 --layers 784-4096-4096-10 --batch 4096 --precision $precision
  done
fi
# Networks together: one block of threads each. Seconds are sums of the networks' shares.
if [ "$rehearsal" = 1 ]; then
  step "networks together" 60 "$build/annc-gpu" sweep --data digits --layers 784-4-10 --grid lr=1,3 --batch 3000 --epochs 1 --device cuda --json
else
  step "networks together" 60 "$build/annc-gpu" sweep --layers 784-32-10 --grid lr=1,2,3 --seeds 44 --epochs 3 --device cuda --json
fi
result=$(grep '"annc.sweep_result/1"' "$output" | tail -n 1)
together=${result:-null}
say "    $(printf '%s' "${result:-no result}" | grep -oE '"(networks|seconds|wall_seconds)":[^,}]*|no result' | paste -sd ' ' -)"

# ---------------------------------------------------------------- 2 the tests
step "build the tests" 150 cmake --build "$build" -j "$jobs"
if [ "$rehearsal" = 1 ]; then
  step "GPU tests" 120 ctest --test-dir "$build" -R '^backends_(gpu|simulated)$' --output-on-failure --no-tests=error
else
  step "GPU tests" 120 ctest --test-dir "$build" -L gpu --output-on-failure --no-tests=error -j 4
fi

# Two ranks: on one GPU, whose gradients pass through the host's memory, and on two, by NCCL, to the same bits.
ranks() {
  local name=$1 save=$2
  shift 2
  # shellcheck disable=SC2016
  step "two ranks, $name" 60 env "$@" mpirun -n 2 sh -c \
    '[ "$OWN_GPU" = 0 ] || export CUDA_VISIBLE_DEVICES="${OMPI_COMM_WORLD_LOCAL_RANK:-$MPI_LOCALRANKID}"; exec "$@"' -- \
    "$build/annc-gpu" train --data digits --layers "$layers" --batch 3000 --epochs 1 --device cuda --save "$save"
  say "    $(grep '^ranks:' "$output")"
}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
if [[ $version == *"MPI none"* ]] || ! command -v mpirun >/dev/null; then
  say "several ranks are left out: no MPI"
else
  models=$(mktemp -d)
  ranks "one GPU" "$models/one" OWN_GPU=0
  if [ "$(nvidia-smi --list-gpus 2>/dev/null | wc -l)" -gt 1 ]; then
    ranks "two GPUs" "$models/nccl" OWN_GPU=1
    ranks "two GPUs without NCCL" "$models/host" OWN_GPU=1 ANNC_NCCL=off
    step "their equal bits" 10 cmp "$models/nccl" "$models/host"
  fi
  rm -r "$models"
fi

# ---------------------------------------------------------------- 3 the sanitizer, on our kernels alone
if command -v compute-sanitizer >/dev/null; then
  ours=""
  for kernel in $(grep -oh '[a-z_0-9]*_kernel(' kernels/*.cu kernels/*/*.cu | tr -d '(' | sort -u); do
    ours="$ours --kernel-name kernel_substring=$kernel"
  done
  for tool in memcheck racecheck initcheck synccheck; do
    only=""
    [ "$tool" = memcheck ] && only="--report-api-errors no"
    # shellcheck disable=SC2086
    step "compute-sanitizer $tool" 40 compute-sanitizer --tool $tool --error-exitcode 9 $only $ours \
      "$build/annc-gpu" train --data digits --layers 784-16-10 --epochs 1 --batch 6000 --device cuda --quiet
  done
else
  say "compute-sanitizer is left out: it is not installed"
fi

# ---------------------------------------------------------------- 4 the CPU, and the peers
if [ "$rehearsal" = 1 ]; then
  benchmark "CPU" 60 --device cpu --job "784-32-10 b16" --repeats 1 --seconds 0.01
elif [[ $version == *built-in* ]]; then # its product takes minutes for the largest job
  benchmark "CPU" 60 --device cpu --except 4096 --repeats 3 --seconds 0.2
else
  benchmark "CPU" 90 --device cpu --repeats 3 --seconds 0.2
fi
if [ "$rehearsal" = 1 ]; then
  say "the peers are left out: they have a rehearsal of their own (bench/peers/gpu.py --device cpu)"
elif ! python3 -c 'import numpy' 2>/dev/null; then
  say "the peers are left out: NumPy is not installed"
else
  step "peers" $((deadline - SECONDS)) python3 bench/peers/gpu.py --program "$build/annc-gpu" --repeats 5 --table "$out/peers.txt" \
    --json "$out/peers.json" --svg "$out/peers.svg"
fi
say "$([ $failed = 0 ] && echo 'all passed' || echo 'FAILED')"
exit $failed
