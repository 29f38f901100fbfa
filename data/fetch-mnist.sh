#!/bin/sh
# Downloads MNIST into data/mnist (or the folder named), each file checked before it takes its name. The same as `annc-gpu fetch --to
# FOLDER`, for those who have not built the program. Needs curl, gunzip and sha256sum.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/mnist}
mkdir -p "$folder"
mirrors=${ANNC_MIRRORS:-$(sed -n 's/^mirror //p' "$here/mnist.txt")}
part=$folder/.$$.part
trap 'rm -f "$part"' EXIT
trap 'exit 130' INT TERM
# A file that is another's: whole, and not MNIST's. Fashion-MNIST has the same names.
is_packed() { [ "$(head -c 2 "$1" | od -An -tx1)" = " 1f 8b" ]; }
is_other() { [ -s "$1" ] && [ -f "$1" ] && { ! is_packed "$1" || gunzip -t "$1" 2>/dev/null; } && ! right "$1" "$2"; }
right() { [ "$({ gunzip -c "$1" 2>/dev/null || cat "$1"; } | sha256sum | cut -d' ' -f1)" = "$2" ]; }

# One byte more than a file may have is fetched at most: not every curl sees to that where a server does not say how many will come.
download() {
  curl -q --proto '=https' --proto-redir '=https' --fail --silent --show-error --location --max-redirs 5 --connect-timeout 10 \
    --speed-limit 1000 --speed-time 10 --max-time 600 --max-filesize 20000000 "$1" | head -c 20000001 >"$part"
}

list=$(sed -n 's/^file //p' "$here/mnist.txt")
while read -r name bytes sum; do
  for file in "$folder/$name" "$folder/$name.gz"; do
    is_other "$file" "$sum" || continue
    echo "$file is not MNIST's, and is not replaced; remove it, or name another folder" >&2
    exit 1
  done
done <<END
$list
END
while read -r name bytes sum; do
  done=no
  for file in "$folder/$name" "$folder/$name.gz"; do
    if [ -f "$file" ] && right "$file" "$sum"; then
      echo "${file##*/} is already downloaded"
      done=yes
      break
    fi
  done
  [ "$done" = no ] || continue
  done=no
  for mirror in $mirrors; do
    if download "$mirror$name.gz" && right "$part" "$sum"; then
      mv "$part" "$folder/$name.gz"
      echo "$name.gz ($bytes bytes unpacked) from $mirror"
      done=yes
      break
    fi
    echo "$name.gz could not be had from $mirror" >&2
  done
  [ "$done" = yes ] || exit 1
done <<END
$list
END
