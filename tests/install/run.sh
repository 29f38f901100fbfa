#!/bin/sh
# run.sh BUILD COMPILER: installs the build into a folder of its own, and builds and runs a program against it, by find_package and by
# pkg-config.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
example=$here/../examples/xor.c
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
grep -q 'ANNC_SANITIZE:STRING=.' "$1/CMakeCache.txt" && { echo "skipped: a sanitised library needs its program sanitised"; exit 77; }
cmake -S "$here" -B "$work/build" -DCMAKE_C_COMPILER="$2" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/build/xor" | grep -x '1 xor 0 = [01]\.9.*\|1 xor 0 = 1.000'
"$work/prefix/bin/annc-gpu" --version
grep -q 'SH NAME' "$work"/prefix/share/man/man1/annc-gpu.1
[ "$(find "$work/prefix/share" -type f | wc -l)" -eq 5 ] # the manual page, completions for three shells, the licence
if command -v pkg-config >/dev/null; then
  PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name annc.pc)")
  export PKG_CONFIG_PATH
  # shellcheck disable=SC2046
  "$2" "$example" -o "$work/xor" $(pkg-config --cflags --libs annc)
  LD_LIBRARY_PATH=$(dirname "$(find "$work/prefix" -name 'libannc.*' | head -1)") "$work/xor"
else
  echo "pkg-config is not installed: its file was not tried"
fi
