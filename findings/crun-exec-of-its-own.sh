#!/usr/bin/env bash
# `exec` of runc 1.1.5 starts from the process of the bundle: its user, groups, directory,
# rlimits, oom_score_adj and no_new_privs hold for a further program too, all but the umask.
# crun 1.8.1 takes over the capabilities and variables alone: the further program is root in "/"
# with the limits of whoever called crun, and one `-e` drops all of the bundle's variables, PATH
# among them. `-u`, `--cwd` and `--process` set the rest in both.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download runc=1.1.5+ds1-1+deb12u1 crun=1.8.1-1+deb12u1 libyajl2=2.1.0-3+deb12u2 \
  busybox-static=1:1.35.0-4+deb12u1+b1 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.py <<'PY'
import json, os, resource, subprocess, sys
os.environ["LD_LIBRARY_PATH"] = os.path.abspath("../p/usr/lib/x86_64-linux-gnu")
TOOLS = {"runc": ["../p/usr/sbin/runc", "--root", "../runc-state"],
         "crun": ["../p/usr/bin/crun", "--root", "../crun-state", "--cgroup-manager=disabled"]}
NAME = sys.argv[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (900, 900))
subprocess.run([TOOLS["runc"][0], "spec"], check=True)
with open("config.json") as file:
    spec = json.load(file)
spec["process"].update(terminal=False, args=["/bin/busybox", "sleep", "60"], cwd="/tmp",
    user={"uid": 7, "gid": 8, "additionalGids": [9], "umask": 0o27}, oomScoreAdj=33,
    env=["PATH=/bin", "ONE=1"], noNewPrivileges=True,
    rlimits=[{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 50}])
with open("config.json", "w") as file:
    json.dump(spec, file)
ASK = """b=/bin/busybox; s=/proc/self/status
echo user $($b id -u) groups $($b id -G) in $PWD umask $(umask) files $(ulimit -n) \
  adj $($b cat /proc/self/oom_score_adj) nnp $($b awk '/NoNewPrivs/{print $2}' $s) \
  env $($b env | $b grep -Eo '^(ONE|TWO)=' | $b tr -d =)"""

def run(tool, *args):
    with open("said", "w") as said:
        subprocess.run([*TOOLS[tool], *args], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                       timeout=30, check=True)
    with open("said") as said:
        return said.read().strip()

for tool in TOOLS:
    run(tool, "run", "-d", NAME)
    try:
        for options in [], ["-e", "TWO=2"], ["-u", "7:8", "--cwd", "/tmp"]:
            print(f"{tool} exec {' '.join(options)}".rstrip() + ":\n  " +
                  run(tool, "exec", *options, NAME, "/bin/busybox", "sh", "-c", ASK))
    finally:
        run(tool, "delete", "-f", NAME)
PY
cat > inside.sh <<'IN'
set -e
mount -t cgroup2 none /sys/fs/cgroup
trap 'rmdir "/sys/fs/cgroup/$1" 2>/dev/null || :' EXIT
mkdir b && mount -t tmpfs none b && cd b
mkdir -p rootfs/{bin,proc,dev,sys,tmp} && cp ../p/bin/busybox rootfs/bin/
/usr/bin/python3 ../look.py "$1"
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh "finding-${dir##*.}"); echo "$saw"
[ "$saw" = "runc exec:
  user 7 groups 8 9 in /tmp umask 0022 files 50 adj 33 nnp 1 env ONE
runc exec -e TWO=2:
  user 7 groups 8 9 in /tmp umask 0022 files 50 adj 33 nnp 1 env ONE TWO
runc exec -u 7:8 --cwd /tmp:
  user 7 groups 8 9 in /tmp umask 0022 files 50 adj 33 nnp 1 env ONE
crun exec:
  user 0 groups 0 in / umask 0022 files 900 adj 0 nnp 0 env ONE
crun exec -e TWO=2:
  user 0 groups 0 in / umask 0022 files 900 adj 0 nnp 0 env TWO
crun exec -u 7:8 --cwd /tmp:
  user 7 groups 8 in /tmp umask 0022 files 900 adj 0 nnp 0 env ONE" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
