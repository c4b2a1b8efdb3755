#!/usr/bin/env bash
# A container's RLIMIT_NOFILE of 50, at most 60: what `runc run` starts has 50, and so has most of
# what `runc exec` 1.1.5 starts, but some of it, here one in five to thirty, has 60. runc sets
# the limit on its helper inside the container while that helper's own runtime raises the soft
# limit to the hard one for itself, and either may be the last. With --process too, where the
# limit stands in the file. crun 1.8.1 is right each time, and so is runc with two equal limits.
# Expected: the table printed below; the script goes on until it has seen a wrong limit.
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
NAME = sys.argv[1]
subprocess.run([TOOLS["runc"][0], "spec"], check=True)
with open("config.json") as file:
    spec = json.load(file)
ASK = ["/bin/busybox", "sh", "-c", "ulimit -n"]

def run(tool, *args):
    with open("said", "w") as said:
        subprocess.run([*TOOLS[tool], *args], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                       timeout=30, check=True)
    with open("said") as said:
        return said.read().strip()

def times(tool, least, most, *args):
    seen = set()
    for number in range(most):
        seen.add(run(tool, *args))
        if number >= least and len(seen) > 1:
            break
    return " and ".join(sorted(seen))

def write(name, args, soft):
    process = {**spec["process"], "terminal": False, "args": args,
               "rlimits": [{"type": "RLIMIT_NOFILE", "soft": soft, "hard": 60}]}
    with open(name, "w") as file:
        json.dump({**spec, "process": process} if name == "config.json" else process, file)

for soft in 50, 60:
    for tool in TOOLS:
        write("config.json", ASK, soft)
        saw = [times(tool, 30, 30, "run", NAME)]
        write("config.json", ["/bin/busybox", "sleep", "600"], soft)
        write("process.json", ASK, soft)
        run(tool, "run", "-d", NAME)
        try:
            saw.append(times(tool, 60, 500 if tool == "runc" and soft == 50 else 60,
                             "exec", "-p", "process.json", NAME))
        finally:
            run(tool, "delete", "-f", NAME)
        print(f"soft {soft}, hard 60: {tool} run {saw[0]}, exec {saw[1]}")
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
[ "$saw" = "soft 50, hard 60: runc run 50, exec 50 and 60
soft 50, hard 60: crun run 50, exec 50
soft 60, hard 60: runc run 60, exec 60
soft 60, hard 60: crun run 60, exec 60" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
