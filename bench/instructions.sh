#!/bin/sh
# Instructions of one step of the tutorial's job, counted by callgrind: a figure that does not depend on the machine's neighbours. The fused
# engine with AVX2, since callgrind knows no AVX-512.
#
#     bench/instructions.sh build/release/annc-gpu FOLDER     (FOLDER: the MNIST files)
set -eu
program=$1
images=$(ls "$2"/train-images*idx3-ubyte* | head -1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ANNC_CPU_KERNELS=avx2 valgrind --tool=callgrind --callgrind-out-file="$work/out" --collect-atstart=no --toggle-collect=annc_worker_run \
  "$program" train --data "$images" --epochs 1 --threads 1 --device cpu --quiet >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
total=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/said")
echo "784-32-10, minibatches of 16, AVX2: $((total / 3750)) instructions a step"
callgrind_annotate "$work/out" | sed -n 's/^ *\([0-9,]*\) *( *\([0-9.]*\)%).*[:?]\([a-z_0-9]*\) .*/    \2 % \3/p' | head -8
