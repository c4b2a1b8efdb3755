#!/usr/bin/env bash
# crun 1.8.1 puts the container's rlimits on itself while it still has work to do. With a soft
# RLIMIT_NOFILE below 20 it cannot open the paths that it has yet to mask and starts nothing,
# whatever the program needs; with an RLIMIT_FSIZE of 0 it cannot write its own status file,
# and ends the program that it has just started. runc 1.1.5 starts both, from the same bundle
# and down to 8 descriptors.
# Expected: the table printed below.
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
spec["process"].update(terminal=False, args=["/bin/busybox", "echo", "runs"])

def bundle(tool, limit, number):
    spec["process"]["rlimits"] = [{"type": limit, "soft": number, "hard": number}]
    with open("config.json", "w") as file:
        json.dump(spec, file)
    ran = subprocess.run([*TOOLS[tool], "run", sys.argv[1]], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=30)
    subprocess.run([*TOOLS[tool], "delete", "-f", sys.argv[1]], capture_output=True, timeout=30)
    said = [word for word in ("Too many open files", "File too large") if word in ran.stderr]
    return ran.stdout.strip() if ran.returncode == 0 else ": ".join(["fails", *said])

for limit, number in (("RLIMIT_NOFILE", 64), ("RLIMIT_NOFILE", 20), ("RLIMIT_NOFILE", 16),
                      ("RLIMIT_NOFILE", 8), ("RLIMIT_FSIZE", 102400), ("RLIMIT_FSIZE", 0)):
    print(f"{limit} {number}:".ljust(21), f"runc: {bundle('runc', limit, number)}",
          f" crun: {bundle('crun', limit, number)}")
PY
cat > inside.sh <<'IN'
set -e
mount -t cgroup2 none /sys/fs/cgroup
end() { # also after a step that took too long: its container still runs
  while [ -d "$1" ]; do xargs -r kill -9 < "$1/cgroup.procs" || :; rmdir "$1" || sleep 0.1; done
} 2>/dev/null
trap 'end "/sys/fs/cgroup/$1"' EXIT
mkdir b && mount -t tmpfs none b && cd b
mkdir -p rootfs/{bin,proc,dev,sys} && cp ../p/bin/busybox rootfs/bin/
/usr/bin/python3 ../look.py "$1"
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh "finding-${dir##*.}"); echo "$saw"
[ "$saw" = "RLIMIT_NOFILE 64:     runc: runs  crun: runs
RLIMIT_NOFILE 20:     runc: runs  crun: runs
RLIMIT_NOFILE 16:     runc: runs  crun: fails: Too many open files
RLIMIT_NOFILE 8:      runc: runs  crun: fails: Too many open files
RLIMIT_FSIZE 102400:  runc: runs  crun: runs
RLIMIT_FSIZE 0:       runc: runs  crun: fails: File too large" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
