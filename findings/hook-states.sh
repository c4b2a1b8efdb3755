#!/usr/bin/env bash
# An OCI hook reads the container's state from its standard input. The runtime specification
# has four words for `status`: `creating` until `create` is done, `created` until the program
# runs, `running` and `stopped`; `pid` is the number that the hook's own namespace has for it.
# runc 1.1.5 still says `created` in poststart, where the program runs. crun 1.8.1 says
# `created` to the hooks of the creation, `starting`, a word of its own, to startContainer, and
# gives 0 as the process to both hooks in the container's namespace.
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
spec["process"].update(terminal=False, args=["/bin/busybox", "true"])
spec["root"]["readonly"] = False
del spec["process"]["rlimits"]
shell = os.path.abspath("rootfs/bin/busybox")

def told(tool, kind):
    inside = kind == "startContainer"
    out = "rootfs/state"
    spec["hooks"] = {kind: [{
        "path": "/bin/busybox" if inside else shell,
        "args": ["sh", "-c", "cat > " + ("/state" if inside else os.path.abspath(out))]}]}
    with open("config.json", "w") as file:
        json.dump(spec, file)
    subprocess.run([*TOOLS[tool], "run", sys.argv[1]], stdin=subprocess.DEVNULL, timeout=30,
                   check=True)
    with open(out) as file:
        state = json.load(file)
    os.remove(out)
    pid = state.get("pid", "none")
    return f"{state['status']:9}{pid if pid in (0, 1, 'none') else 'N':5}"

print("hook              specification  runc: status, pid   crun: status, pid")
for kind, right in (("createRuntime", "creating"), ("createContainer", "creating"),
                    ("startContainer", "created"), ("poststart", "running"),
                    ("poststop", "stopped")):
    print(f"{kind:18}{right:15}{told('runc', kind):20}{told('crun', kind)}".rstrip())
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
[ "$saw" = "hook              specification  runc: status, pid   crun: status, pid
createRuntime     creating       creating N          created  N
createContainer   creating       creating     1      created      0
startContainer    created        created      1      starting     0
poststart         running        created  N          running  N
poststop          stopped        stopped  none       stopped      0" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
