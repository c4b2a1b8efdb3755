#!/usr/bin/env bash
# A tmpfs with `mode=0711` on a directory that the image has: runc 1.1.5 mounts it, then gives
# it the mode of the directory below, so the option counts only where the directory is missing.
# A tmpfs without the option takes the mode of the directory from runc and the kernel's 1777
# from crun 1.8.1, and mount(8) 2.38.1 and crun obey the option. The owner of the directory is
# taken over by none of them, `uid=` counts in all.
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
spec["process"].update(terminal=False, args=["/bin/busybox", "stat", "-c", "%a %u", "/data"])
del spec["process"]["rlimits"]
base, point = spec["mounts"], "rootfs/data"

def bundle(tool, options):
    spec["mounts"] = [*base, {"destination": "/data", "type": "tmpfs", "source": "none",
                              "options": options}]
    with open("config.json", "w") as file:
        json.dump(spec, file)
    ran = subprocess.run([*TOOLS[tool], "run", sys.argv[1]], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=30)
    return ran.stdout.strip() or ran.stderr

def mount(options):
    os.makedirs(point, exist_ok=True)
    subprocess.run(["../p/bin/mount", "-t", "tmpfs", "-o", ",".join(["rw", *options]), "none",
                    point], check=True)
    seen = os.stat(point)
    subprocess.run(["umount", point], check=True)
    return f"{seen.st_mode & 0o7777:o} {seen.st_uid}"

for below in (None, 0o755, 0o700):
    for options in ([], ["mode=0711"], ["mode=0711", "uid=5"]):
        saw = []
        for look in (mount, lambda o: bundle("crun", o), lambda o: bundle("runc", o)):
            if os.path.isdir(point):
                os.rmdir(point)
            if below:
                os.mkdir(point)
                os.chown(point, 7, 7)
                os.chmod(point, below)
            saw.append(look(options))
        print(f"{f'on {below:o} of 7' if below else 'on nothing':12}{','.join(options):16}",
              "mount(8): {:8}crun: {:8}runc: {}".format(*saw))
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
[ "$saw" = "on nothing                   mount(8): 1777 0  crun: 1777 0  runc: 1777 0
on nothing  mode=0711        mount(8): 711 0   crun: 711 0   runc: 711 0
on nothing  mode=0711,uid=5  mount(8): 711 5   crun: 711 5   runc: 711 5
on 755 of 7                  mount(8): 1777 0  crun: 1777 0  runc: 755 0
on 755 of 7 mode=0711        mount(8): 711 0   crun: 711 0   runc: 755 0
on 755 of 7 mode=0711,uid=5  mount(8): 711 5   crun: 711 5   runc: 755 5
on 700 of 7                  mount(8): 1777 0  crun: 1777 0  runc: 700 0
on 700 of 7 mode=0711        mount(8): 711 0   crun: 711 0   runc: 700 0
on 700 of 7 mode=0711,uid=5  mount(8): 711 5   crun: 711 5   runc: 700 5" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
