#!/usr/bin/env bash
# runc 1.1.5 stands between the service in a container and the NOTIFY_SOCKET of the
# service manager, and reads the beginning of each datagram only. `STATUS=up\nREADY=1` in
# one message (sd_notify takes any number of lines in any order) never makes the unit
# ready. `READY=1\nSTATUS=up` does, but its status is dropped. What starts with `READY=`
# is passed on whatever its value. `runc start` has exit code 0 each time.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download runc=1.1.5+ds1-1+deb12u1 >/dev/null 2>&1 && dpkg -x runc_*.deb p
cat > look.py <<'PY'
import json, os, re, socket, subprocess, sys
runc = ["../p/usr/sbin/runc", "--root", "../state"]
service = """
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
s.send(sys.argv[1].encode())
time.sleep(0.5)
"""
def run(*command):
    with open("log", "a") as log:
        return subprocess.run([*runc, *command], stdin=subprocess.DEVNULL, stdout=log,
                              stderr=log, timeout=20).returncode
subprocess.run([*runc, "spec"], check=True)
spec = json.load(open("config.json"))
spec["mounts"].append({"destination": "/usr", "type": "bind", "source": "/usr",
                       "options": ["rbind", "ro"]})
spec["process"]["terminal"] = False
spec["process"].pop("rlimits", None)
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
os.environ["NOTIFY_SOCKET"] = os.getcwd() + "/notify"
manager.bind(os.environ["NOTIFY_SOCKET"])
manager.settimeout(1)
def ask(message):
    spec["process"]["args"] = ["/usr/bin/python3", "-c", service, message]
    json.dump(spec, open("config.json", "w"))
    codes = [run("create", sys.argv[1]), run("start", sys.argv[1])]
    got = []
    try:
        while True:
            got.append(re.sub(r"\d{2,}$", "...", manager.recv(4096).decode().strip()))
    except TimeoutError:
        pass
    run("delete", "-f", sys.argv[1])
    assert codes == [0, 0], open("log").read()
    return got
def expect(message, *wanted):
    got = ask(message)
    print(f"{message!r:24} -> {', '.join(map(repr, got)) or 'nothing'}", flush=True)
    assert got == list(wanted), wanted
expect("READY=1", "READY=1", "MAINPID=...")
expect("READY=1\nSTATUS=up", "READY=1", "MAINPID=...")
expect("STATUS=up\nREADY=1")
expect("READY=0", "READY=0", "MAINPID=...")
PY
cat > inside.sh <<'IN'
set -e
mount -t cgroup2 none /sys/fs/cgroup
end() { # also after a step that took too long: its container still runs
  while [ -d "$1" ]; do xargs -r kill -9 < "$1/cgroup.procs" || :; rmdir "$1" || sleep 0.1; done
} 2>/dev/null
trap 'end "/sys/fs/cgroup/$1"' EXIT
mkdir b && mount -t tmpfs none b && cd b
mkdir -p rootfs/{usr,proc,dev,sys}
for link in bin lib lib64; do ln -s usr/$link rootfs/$link; done
/usr/bin/python3 ../look.py "$1"
IN
unshare -m -p -f --mount-proc bash inside.sh "finding-${dir##*.}"
echo "as described"
