#!/usr/bin/env bash
# `domainname` and `linux.personality` are members of config.json, the second one since the
# specification 1.0.2 that runc 1.1.5 says it speaks. runc 1.1.5 takes both, starts the
# container without either and says nothing, at `--debug` too: the program of a 32-bit image
# sees x86_64. crun 1.8.1 applies both, from the same bundle. `runc features`, made to be asked
# what a runtime can do, has no word for either.
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
TOOLS = {"runc": ["../p/usr/sbin/runc", "--debug", "--root", "../runc-state"],
         "crun": ["../p/usr/bin/crun", "--debug", "--root", "../crun-state",
                  "--cgroup-manager=disabled"]}
subprocess.run([TOOLS["runc"][0], "spec"], check=True)
with open("config.json") as file:
    spec = json.load(file)
spec["process"].update(terminal=False, args=["/bin/busybox", "sh", "-c", """
  echo $(hostname) $(cat /proc/sys/kernel/domainname) $(uname -m)"""])
del spec["process"]["rlimits"]

def bundle(tool):
    with open("config.json", "w") as file:
        json.dump(spec, file)
    ran = subprocess.run([*TOOLS[tool], "run", sys.argv[1]], stdin=subprocess.DEVNULL, check=True,
                         capture_output=True, text=True, timeout=30)
    said = [word for word in ("domainname", "personality") if word in ran.stderr.lower()]
    return f"{ran.stdout.strip()}, exit {ran.returncode}, said of it: {' '.join(said) or 'nothing'}"

print("runc speaks", spec["ociVersion"])
for name in "plain", "hostname", "domainname", "personality":
    if name in ("hostname", "domainname"):
        spec[name] = "changed"
    elif name == "personality":
        spec["linux"][name] = {"domain": "LINUX32"}
    for tool in TOOLS:
        print(f"{name:12} {tool}: {bundle(tool)}")
features = subprocess.run([TOOLS["runc"][0], "features"], capture_output=True, text=True).stdout
print("runc features:", *(f"{word} {features.count(word)}" for word in
                          ("domainname", "personality", "apparmor", "idmap")))
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
ln -s busybox rootfs/bin/hostname; ln -s busybox rootfs/bin/cat; ln -s busybox rootfs/bin/uname
/usr/bin/python3 ../look.py "$1"
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh "finding-${dir##*.}"); echo "$saw"
[ "$saw" = "runc speaks 1.0.2-dev
plain        runc: runc (none) x86_64, exit 0, said of it: nothing
plain        crun: runc (none) x86_64, exit 0, said of it: nothing
hostname     runc: changed (none) x86_64, exit 0, said of it: nothing
hostname     crun: changed (none) x86_64, exit 0, said of it: nothing
domainname   runc: changed (none) x86_64, exit 0, said of it: nothing
domainname   crun: changed changed x86_64, exit 0, said of it: nothing
personality  runc: changed (none) x86_64, exit 0, said of it: nothing
personality  crun: changed changed i686, exit 0, said of it: nothing
runc features: domainname 0 personality 0 apparmor 1 idmap 0" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
