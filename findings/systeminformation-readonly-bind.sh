#!/usr/bin/env bash
# fsSize() of systeminformation 5.33.26 (npm) says for each file system whether it is writable
# (`rw`). It keeps that by source, not by mount, and the last row of /proc/mounts with the same
# source decides: one directory that is bound read-only elsewhere makes the file system itself
# read-only, and a writable bind of a directory makes a mount writable that is not. df, from
# which the rest comes, shows one row for all of them, the mount itself.
#   findmnt 2.38.1 has the options of each mount; touch asks the kernel.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund systeminformation@5.33.26 >/dev/null
apt-get -q download util-linux=2.38.1-5+deb12u3 >/dev/null 2>&1 && dpkg -x util-linux_*.deb p
cat > look.cjs <<'JS'
require('systeminformation').fsSize().then((all) => {
  const found = all.filter((it) => it.fs === '/dev/example');
  console.log(...found.map((it) => `${it.mount.split('/').pop()} ${it.rw ? 'rw' : 'ro'}`));
});
JS
cat > inside.sh <<'IN'
set -e
mkdir m && mount -t tmpfs /dev/example m && mkdir m/data m/view
look() {
  kernel=rw; touch m/file 2>/dev/null || kernel=ro
  printf '%-27s systeminformation: %s, findmnt: m %s, touch: m %s\n' "$1:" "$(node look.cjs)" \
    "$(p/bin/findmnt -no OPTIONS m | cut -d, -f1)" $kernel
}
look "a file system"
mount --bind m/data m/view; look "with a bind"
mount -o remount,bind,ro m/view; look "with a read-only bind"
umount m/view; look "without it"
mount -o remount,bind,ro m; look "read-only"
mount --bind m/data m/view; mount -o remount,bind,rw m/view; look "read-only, writable bind"
IN
saw=$(unshare -m bash inside.sh); echo "$saw"
[ "$saw" = "a file system:              systeminformation: m rw, findmnt: m rw, touch: m rw
with a bind:                systeminformation: m rw, findmnt: m rw, touch: m rw
with a read-only bind:      systeminformation: m ro, findmnt: m rw, touch: m rw
without it:                 systeminformation: m rw, findmnt: m rw, touch: m rw
read-only:                  systeminformation: m ro, findmnt: m ro, touch: m ro
read-only, writable bind:   systeminformation: m rw, findmnt: m ro, touch: m ro" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
