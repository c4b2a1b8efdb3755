#!/usr/bin/env bash
# toybox 0.8.9: `mountpoint` compares the device numbers of a directory and its parent, so
# a bind mount of one directory onto another of the same file system, and every bind mount
# of a file, "is not a mountpoint" (exit 1). util-linux 2.38.1 reads the mount table and
# says yes. Container volumes are just such mounts: a health check in a toybox image that
# waits for its volume with `mountpoint -q` waits for ever.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download toybox=0.8.9+dfsg-1 util-linux=2.38.1-5+deb12u3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > inside.sh <<'IN'
set -e
mkdir m && mount -t tmpfs none m && cd m
mkdir source volume && mount --bind source volume
touch secret file && mount --bind secret file
mkdir other && mount -t tmpfs none other
ask() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }
for point in volume file other; do
  echo "$point util-linux=$(ask ../p/bin/mountpoint -q $point) toybox=$(ask ../p/bin/toybox mountpoint -q $point)"
done
IN
saw=$(unshare -m bash inside.sh); echo "$saw"
[ "$saw" = "volume util-linux=yes toybox=no
file util-linux=yes toybox=no
other util-linux=yes toybox=yes" ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
