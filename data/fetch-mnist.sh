#!/bin/sh
# Downloads MNIST into data/mnist (or the folder named), each file checked before it takes its name. The same as `annc-gpu fetch --to
# FOLDER`, for those who have not built the program. Needs curl, gunzip and sha256sum.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/mnist}
mkdir -p "$folder"
mirrors=$(sed -n 's/^mirror //p' "$here/mnist.txt")
sed -n 's/^file //p' "$here/mnist.txt" | while read -r name bytes sum; do
  right() { [ "$(gunzip -c "$1" 2>/dev/null | sha256sum | cut -d' ' -f1)" = "$sum" ]; }
  if [ -f "$folder/$name.gz" ] && right "$folder/$name.gz"; then
    echo "$name.gz is there"
    continue
  fi
  part=$folder/.$name.$$.part
  for mirror in $mirrors; do
    if curl --proto '=https' --fail --silent --show-error --location --max-redirs 5 --connect-timeout 10 --max-time 600 \
         --max-filesize 20000000 --output "$part" "$mirror$name.gz" && right "$part"; then
      mv "$part" "$folder/$name.gz"
      echo "$name.gz ($bytes bytes unpacked) from $mirror"
      break
    fi
    rm -f "$part"
    echo "$name.gz could not be had from $mirror" >&2
  done
  [ -f "$folder/$name.gz" ] || exit 1
done
