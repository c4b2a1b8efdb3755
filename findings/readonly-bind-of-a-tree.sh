#!/usr/bin/env bash
# "Bind this directory read-only", where another file system is mounted inside it: three
# tools, two answers, and each option reads the same.
#   bubblewrap 0.8.0    --ro-bind    directory read-only, mount inside read-only
#   systemd-nspawn 252  --bind-ro    directory read-only, mount inside read-only
#   util-linux 2.38.1   mount --rbind -o ro   directory read-only, mount inside WRITABLE
# The kernel applies a remount to one mount only; the first two walk the tree themselves,
# mount(8) of this version does not, and prints no warning.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download bubblewrap=0.8.0-2+deb12u1 busybox-static=1:1.35.0-4+deb12u1+b1 \
  systemd-container=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2 \
  mount=2.38.1-5+deb12u3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > inside.sh <<'IN'
set -e
p=$PWD/p
mkdir m && mount -t tmpfs none m && cd m
mkdir -p tree/inside root/{bin,usr/lib,etc,proc,dev,sys,tmp,run,data}
mount -t tmpfs none tree/inside
cp "$p/bin/busybox" root/bin/; ln -s busybox root/bin/sh
touch root/etc/os-release root/usr/lib/os-release
probe='for d in $0 $0/inside; do if touch $d/x 2>/dev/null; then rm $d/x; echo writable; else echo read-only; fi; done'
say() { echo "$1: $(paste -sd' ')"; }
"$p/usr/bin/bwrap" --bind root / --ro-bind tree /data --dev /dev --proc /proc \
  /bin/busybox sh -c "$probe" /data | say bwrap
LD_LIBRARY_PATH=$p/usr/lib/x86_64-linux-gnu/systemd "$p/usr/bin/systemd-nspawn" -q --register=no \
  --keep-unit --as-pid2 -D root --bind-ro="$PWD/tree:/data" \
  /bin/busybox sh -c "$probe" /data 2>/dev/null | tr -d '\r' | say nspawn
mkdir other && "$p/bin/mount" --rbind -o ro tree other
sh -c "$probe" other | say mount
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh); echo "$saw"
[ "$saw" = "bwrap: read-only read-only
nspawn: read-only read-only
mount: read-only writable" ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
