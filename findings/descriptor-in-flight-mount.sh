#!/usr/bin/env bash
# A descriptor that was sent over a Unix socket and not received yet (SCM_RIGHTS), and that its
# sender has closed, keeps its mount busy: umount says "target is busy". psmisc 23.6's fuser and
# lsof 4.95.0 name nobody, with one exit code and one silence for it and for a mount that nobody
# uses. Before it is sent and after it is received, both name the process. The one trace is the
# count `scm_fds` in /proc/PID/fdinfo of the receiving socket: it says that descriptors wait
# there, not of which mount.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download psmisc=23.6-1 lsof=4.95.0-1 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.py <<'PY'
import os, socket, subprocess
mount = os.getcwd() + "/m"

def run(*command):
    return subprocess.run(command, capture_output=True, text=True)

def named(*command):
    ran = run(*command, mount)
    return ("names it" if str(os.getpid()) in ran.stdout.split() else "names nobody") \
        + f" ({ran.returncode})"

def look(how):
    fuser, lsof = named("p/bin/fuser", "-Mm"), named("p/usr/bin/lsof", "-t")
    ran = run("umount", mount)
    busy = "busy" if "target is busy" in ran.stderr else "unmounted"
    print(f"{how:9} fuser {fuser}, lsof {lsof}, {busy}")

fd = os.open("m/file", os.O_CREAT)
look("open")
sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
socket.send_fds(sender, [b"x"], [fd])
os.close(fd)
look("in flight")
with open(f"/proc/self/fdinfo/{receiver.fileno()}") as info:
    print(*(" ".join(line.split()) for line in info if line.startswith("scm_fds")))
[fd] = socket.recv_fds(receiver, 1, 1)[1]
look("received")
os.close(fd)
look("closed")
PY
cat > inside.sh <<'IN'
set -e
mkdir m && mount -t tmpfs none m
/usr/bin/python3 look.py
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh); echo "$saw"
[ "$saw" = "open      fuser names it (0), lsof names it (0), busy
in flight fuser names nobody (1), lsof names nobody (1), busy
scm_fds: 1
received  fuser names it (0), lsof names it (0), busy
closed    fuser names nobody (1), lsof names nobody (1), unmounted" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
