#!/usr/bin/env bash
# The propagation of a mount in an OCI bundle (`"options": ["bind", "shared"]`) counts in crun
# 1.8.1 only where the bundle also has `linux.rootfsPropagation`. Without it, as in the bundles
# of `runc spec` and `crun spec`, every mount ends private, whatever its options say; a mount of
# the host that is bound without such an option is private too, and a slave in runc 1.1.5.
# With `rootfsPropagation` both agree on the mounts, and not on the root: "shared" makes it
# shared in crun, and changes nothing in runc. The exit code is 0 each time.
# Expected: the table printed below: rootfsPropagation, option, and what /data and / became.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download runc=1.1.5+ds1-1+deb12u1 crun=1.8.1-1+deb12u1 libyajl2=2.1.0-3+deb12u2 \
  busybox-static=1:1.35.0-4+deb12u1+b1 >/dev/null 2>&1
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

def run(tool):
    ran = subprocess.run([*TOOLS[tool], "run", sys.argv[1]], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0, ran.stderr
    rows = {row.split()[4]: row.split() for row in ran.stdout.splitlines()}
    def kind(point):
        tags = [tag.split(":")[0] for tag in rows[point][6:rows[point].index("-")]]
        return "+".join(tags) or "private"
    return f"{kind('/data')}, root {kind('/')}".replace("master", "slave")

base = spec["mounts"]
for root, option in ((None, None), (None, "shared"), (None, "slave"), (None, "unbindable"),
                     ("private", "shared"), ("slave", "slave"), ("shared", "unbindable")):
    spec["linux"].pop("rootfsPropagation", None)
    if root:
        spec["linux"]["rootfsPropagation"] = root
    spec["mounts"] = [*base, {"destination": "/data", "type": "bind", "source": "../shared",
                              "options": ["bind"] + [option] * bool(option)}]
    with open("config.json", "w") as file:
        json.dump(spec, file)
    runc, crun = run("runc"), run("crun")
    print(f"{root or '-':8}{option or '-':11} runc: {runc:34} crun: {crun}")
PY
cat > inside.sh <<'IN'
set -e
mount -t cgroup2 none /sys/fs/cgroup
end() { # also after a step that took too long: its container still runs
  while [ -d "$1" ]; do xargs -r kill -9 < "$1/cgroup.procs" || :; rmdir "$1" || sleep 0.1; done
} 2>/dev/null
trap 'end "/sys/fs/cgroup/$1"' EXIT
mkdir shared b && mount -t tmpfs none shared && mount --make-shared shared
mount -t tmpfs none b && cd b
mkdir -p rootfs/{bin,proc,dev,sys} && cp ../p/bin/busybox rootfs/bin/
/usr/bin/python3 ../look.py "$1"
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh "finding-${dir##*.}"); echo "$saw"
[ "$saw" = "-       -           runc: slave, root private                crun: private, root private
-       shared      runc: shared+slave, root private         crun: private, root private
-       slave       runc: slave, root private                crun: private, root private
-       unbindable  runc: unbindable, root private           crun: private, root private
private shared      runc: shared, root private               crun: shared, root private
slave   slave       runc: slave, root private                crun: slave, root private
shared  unbindable  runc: unbindable, root private           crun: unbindable, root shared" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
