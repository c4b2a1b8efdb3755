#!/usr/bin/env bash
# machine-id(5): an image has an empty /etc/machine-id or the word "uninitialized" in it, and
# systemd makes an id of its own at the first start. In between, and in each container of such
# an image, nobody has an id: systemd-id128 252 says so. node-machine-id 1.1.12 (npm) and
# py-machineid 1.0.0 (PyPI) take the word for the id, the same one for all machines. node-machine-id
# takes an empty file for the host's name, and glues the host's name to an id without a line's
# end, which systemd reads well.
#   All without /var/lib/dbus/machine-id, which the libraries ask first.
# Expected: the lines printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund node-machine-id@1.1.12 >/dev/null
python3 -m venv v
v/bin/pip -q install --disable-pip-version-check py-machineid==1.0.0
apt-get -q download systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2 \
  libip4tc2=1.8.9-2 libkmod2=30+20221128-1 libapparmor1=3.0.8-3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.cjs <<'JS'
console.log(require('node-machine-id').machineIdSync(true));
JS
cat > look.py <<'PY'
import machineid
try:
    print(machineid.id())
except machineid.MachineIdNotFound:
    print("none")
PY
cat > inside.sh <<'IN'
set -e
hostname example
mount -t tmpfs none /etc
[ ! -d /var/lib/dbus ] || mount -t tmpfs none /var/lib/dbus
look() {
  printf '%-16s node-machine-id: %s\n%17spy-machineid:    %s\n%17ssystemd-id128:   %s\n' "$1" \
    "$(node look.cjs)" '' "$(v/bin/python look.py)" '' "$(
    LD_LIBRARY_PATH=p/usr/lib/x86_64-linux-gnu:p/usr/lib/x86_64-linux-gnu/systemd \
    p/usr/bin/systemd-id128 machine-id 2>/dev/null || echo none)"
}
id=0123456789abcdef0123456789abcdef
echo $id > /etc/machine-id; look "an id"
printf $id > /etc/machine-id; look "no line's end"
echo uninitialized > /etc/machine-id; look "uninitialized"
: > /etc/machine-id; look "empty"
IN
saw=$(env -i PATH="$PATH" unshare -m -u bash inside.sh); echo "$saw"
[ "$saw" = "an id            node-machine-id: 0123456789abcdef0123456789abcdef
                 py-machineid:    0123456789abcdef0123456789abcdef
                 systemd-id128:   0123456789abcdef0123456789abcdef
no line's end    node-machine-id: 0123456789abcdef0123456789abcdefexample
                 py-machineid:    0123456789abcdef0123456789abcdef
                 systemd-id128:   0123456789abcdef0123456789abcdef
uninitialized    node-machine-id: uninitialized
                 py-machineid:    uninitialized
                 systemd-id128:   none
empty            node-machine-id: example
                 py-machineid:    none
                 systemd-id128:   none" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
