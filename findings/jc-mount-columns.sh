#!/usr/bin/env bash
# jc 1.25.3 on the output of findmnt 2.38.1: columns are split at blanks, so that a mount
# whose source is empty (valid, and usual in nested containers) has its type as source
# and its options as type, and a mount point with a blank shifts everything by a word. No
# error, exit 0. On the output of mount(8) one row with an empty source makes the parser
# refuse the whole table. findmnt's own JSON (`findmnt -J`) has all rows right.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv v
v/bin/pip -q install --disable-pip-version-check jc==1.25.3
apt-get -q download util-linux=2.38.1-5+deb12u3 mount=2.38.1-5+deb12u3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.py <<'PY'
import json, subprocess
def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True)
plain = run("p/bin/findmnt", "-R", "m").stdout
rows = json.loads(run("v/bin/jc", "--findmnt", text=plain).stdout)
for row in rows:
    print(row)
empty, blank = rows[1], rows[2]
assert empty["source"] == "tmpfs" and empty["fstype"].startswith("rw,")
assert blank["target"].endswith("/on") and blank["source"] == "a" and blank["fstype"] == "disk"
table = "".join(l for l in run("p/bin/mount").stdout.splitlines(True) if " tmpfs " in l and "/m" in l)
print("jc --mount:", run("v/bin/jc", "--mount", text=table).returncode)
assert run("v/bin/jc", "--mount", text=table).returncode != 0
one = "".join(l for l in table.splitlines(True) if not l.startswith(" on") and "/on a" not in l)
assert one and run("v/bin/jc", "--mount", text=one).returncode == 0
own = json.loads(run("p/bin/findmnt", "-J", "-R", "m").stdout)["filesystems"][0]["children"]
assert [r["fstype"] for r in own] == ["tmpfs", "tmpfs"], own
PY
cat > inside.sh <<'IN'
set -e
mkdir m && mount -t tmpfs none m
mkdir m/empty "m/on a disk"
mount -t tmpfs '' m/empty
mount -t tmpfs none "m/on a disk"
python3 look.py
IN
unshare -m bash inside.sh
echo "as described"
