#!/usr/bin/env bash
# @stroncium/procfs 1.2.1 (npm) keeps 8 bits of the major number of a device. Linux has had 12
# since 2.6, and NVMe disks and partitions of most others have the major 259: such a mount of
# /proc/self/mountinfo is on the device 3:N, which is that of an old IDE disk, and its `devId`
# is not what stat(2) gives for a file on it. Minor numbers over 255 are right.
# The source of a mount also keeps its escapes (`a\040b`), while root and mount point lose them.
# Expected: the lines printed below. The device nodes are there for stat(2), nothing opens them.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund @stroncium/procfs@1.2.1 >/dev/null
cat > look.cjs <<'JS'
const fs = require('fs');
const { procfs, Procfs } = require('@stroncium/procfs');

function show(name, table, file, of) {
  const row = table.find((row) => row.mountPoint.endsWith('/on a'));
  const [library, kernel] = [row.devId, fs.statSync(file)[of]];
  const numbers = name.startsWith('a tmpfs') ? '' : `: library ${library}, stat ${kernel}`;
  console.log(`${name}${numbers}: ${library === kernel ? 'same' : 'another'} device`);
  return row;
}
const { mountPoint, mountSource } = show('a tmpfs', procfs.processMountinfo(), 'm/on a', 'dev');
console.log(`mount point ${mountPoint.split('/').pop()}, source ${mountSource}`);
for (const device of ['8:1', '0:300', '259:2']) {
  fs.writeFileSync('fake/self/mountinfo',
    `30 20 ${device} / /on\\040a rw - ext4 /dev/disk rw\n`);
  show(device, new Procfs(`${__dirname}/fake`).processMountinfo(), `m/${device}`, 'rdev');
}
JS
cat > inside.sh <<'IN'
set -e
mkdir m && mount -t tmpfs none m
mkdir -p fake/self "m/on a" && mount -t tmpfs "some disk" "m/on a"
for device in 8:1 0:300 259:2; do mknod "m/$device" b "${device%:*}" "${device#*:}"; done
node look.cjs
IN
saw=$(unshare -m bash inside.sh); echo "$saw"
[ "$saw" = 'a tmpfs: same device
mount point on a, source some\040disk
8:1: library 2049, stat 2049: same device
0:300: library 1048620, stat 1048620: same device
259:2: library 770, stat 66306: another device' ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
