#!/usr/bin/env bash
# The environment of an OCI hook without `env`. runc 1.1.5 and crun 1.8.1 give the hooks on the
# host everything that the runtime itself was started with. createContainer, which runs on the
# host's files but in the container's namespaces, has the container's variables from runc and
# the runtime's from crun; startContainer has the container's from both. With a list, an empty
# one too, that list is all, in every hook.
#   RUNTIME is a variable of the runtime, PROGRAM one of process.env, HOOK one of the hook's.
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
spec["process"].update(terminal=False, args=["/bin/busybox", "true"], env=["PROGRAM=1"])
spec["root"]["readonly"] = False
del spec["process"]["rlimits"]
os.environ["RUNTIME"] = "1"

def names(tool, kind, **member):
    shell, out = "/bin/busybox", "/seen"
    if kind != "startContainer":
        shell, out = os.path.abspath("rootfs/bin/busybox"), os.path.abspath("rootfs/seen")
    spec["hooks"] = {kind: [{"path": shell, "args": ["sh", "-c", f"{shell} env > {out}; cat"],
                           **member}]}
    with open("config.json", "w") as file:
        json.dump(spec, file)
    subprocess.run([*TOOLS[tool], "run", sys.argv[1]], stdin=subprocess.DEVNULL, timeout=30,
                   stdout=subprocess.DEVNULL, check=True)
    with open("rootfs/seen") as file:
        seen = {line.split("=")[0] for line in file}
    os.remove("rootfs/seen")
    return " ".join(sorted(seen & {"RUNTIME", "PROGRAM", "HOOK"})) or "none"

for kind in "createRuntime", "createContainer", "startContainer", "poststart", "poststop":
    for words, member in (("no env", {}), ("env: []", {"env": []}),
                          ("env: HOOK", {"env": ["HOOK=1"]})):
        print(f"{kind:16} {words:10} runc: {names('runc', kind, **member):8}",
              f"crun: {names('crun', kind, **member)}")
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
[ "$saw" = "createRuntime    no env     runc: RUNTIME  crun: RUNTIME
createRuntime    env: []    runc: none     crun: none
createRuntime    env: HOOK  runc: HOOK     crun: HOOK
createContainer  no env     runc: PROGRAM  crun: RUNTIME
createContainer  env: []    runc: none     crun: none
createContainer  env: HOOK  runc: HOOK     crun: HOOK
startContainer   no env     runc: PROGRAM  crun: PROGRAM
startContainer   env: []    runc: none     crun: none
startContainer   env: HOOK  runc: HOOK     crun: HOOK
poststart        no env     runc: RUNTIME  crun: RUNTIME
poststart        env: []    runc: none     crun: none
poststart        env: HOOK  runc: HOOK     crun: HOOK
poststop         no env     runc: RUNTIME  crun: RUNTIME
poststop         env: []    runc: none     crun: none
poststop         env: HOOK  runc: HOOK     crun: HOOK" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
