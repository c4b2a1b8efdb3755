#!/usr/bin/env bash
# Of two contrary mount options the last one counts in mount(8) 2.38.1, from whose manual OCI
# bundles take theirs, and in runc 1.1.5. In crun 1.8.1 an option that sets a flag stays set:
# `["ro", "rw"]` is read-only and `["noexec", "exec"]` is noexec, without a word, so nobody can
# take an option back by one more at the end. `defaults` on a tmpfs is the reverse: crun and
# mount(8) ignore it, runc hands it to the file system, which refuses it.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download runc=1.1.5+ds1-1+deb12u1 crun=1.8.1-1+deb12u1 libyajl2=2.1.0-3+deb12u2 \
  busybox-static=1:1.35.0-4+deb12u1+b1 mount=2.38.1-5+deb12u3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.py <<'PY'
import json, os, subprocess, sys
os.environ["LD_LIBRARY_PATH"] = os.path.abspath("../p/usr/lib/x86_64-linux-gnu")
TOOLS = {"runc": ["../p/usr/sbin/runc", "--root", "../runc-state"],
         "crun": ["../p/usr/bin/crun", "--root", "../crun-state", "--cgroup-manager=disabled"]}
subprocess.run([TOOLS["runc"][0], "spec"], check=True)
with open("config.json") as file:
    spec = json.load(file)
spec["process"].update(terminal=False, args=["/bin/busybox", "cat", "/proc/self/mountinfo"])
del spec["process"]["rlimits"]

def flags(table, point):
    [row] = [row.split() for row in table.splitlines() if row.split()[4] == point]
    return row[5]

def bundle(tool):
    ran = subprocess.run([*TOOLS[tool], "run", sys.argv[1]], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=30)
    if ran.returncode:
        return "invalid argument" if "invalid argument" in ran.stderr else ran.stderr
    return flags(ran.stdout, "/data")

def mount(options):
    point = os.path.abspath("point")
    subprocess.run(["../p/bin/mount", "-t", "tmpfs", "-o", ",".join(options), "none", point],
                   check=True)
    with open("/proc/self/mountinfo") as file:
        seen = flags(file.read(), point)
    subprocess.run(["umount", point], check=True)
    return seen

base = spec["mounts"]
for options in (["rw", "ro"], ["ro", "rw"], ["noexec"], ["noexec", "exec"],
                ["nodiratime", "diratime"], ["ro", "defaults"]):
    spec["mounts"] = [*base, {"destination": "/data", "type": "tmpfs", "source": "none",
                              "options": options}]
    with open("config.json", "w") as file:
        json.dump(spec, file)
    print(f"{','.join(options):20} mount(8): {mount(options):20} runc: {bundle('runc'):20} "
          f"crun: {bundle('crun')}")
PY
cat > inside.sh <<'IN'
set -e
mount -t cgroup2 none /sys/fs/cgroup
end() { # also after a step that took too long: its container still runs
  while [ -d "$1" ]; do xargs -r kill -9 < "$1/cgroup.procs" || :; rmdir "$1" || sleep 0.1; done
} 2>/dev/null
trap 'end "/sys/fs/cgroup/$1"' EXIT
mkdir b && mount -t tmpfs none b && cd b
mkdir -p point rootfs/{bin,proc,dev,sys} && cp ../p/bin/busybox rootfs/bin/
/usr/bin/python3 ../look.py "$1"
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh "finding-${dir##*.}"); echo "$saw"
[ "$saw" = "rw,ro                mount(8): ro,relatime          runc: ro,relatime          crun: ro,relatime
ro,rw                mount(8): rw,relatime          runc: rw,relatime          crun: ro,relatime
noexec               mount(8): rw,noexec,relatime   runc: rw,noexec,relatime   crun: rw,noexec,relatime
noexec,exec          mount(8): rw,relatime          runc: rw,relatime          crun: rw,noexec,relatime
nodiratime,diratime  mount(8): rw,relatime          runc: rw,relatime          crun: rw,nodiratime,relatime
ro,defaults          mount(8): ro,relatime          runc: invalid argument     crun: ro,relatime" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
