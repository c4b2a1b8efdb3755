#!/usr/bin/env bash
# systemd-tmpfiles 252 never removes a socket that a process still listens on, however old, with
# a rule as `d /tmp - - - 10d`. It asks /proc/net/unix for that, which lists the sockets of its
# own network namespace, by the words that bind() was given. So a socket in a shared directory
# goes, under a living server, where the server has a network namespace of its own (a container,
# a unit with PrivateNetwork=), has another root (the name begins elsewhere) or has bound a
# relative name. No client can connect any more, and the server goes on and sees nothing of it.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2 \
  libip4tc2=1.8.9-2 libkmod2=30+20221128-1 libapparmor1=3.0.8-3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.py <<'PY'
import ctypes, os, signal, socket, subprocess, time
CLONE_NEWNET = 0x40000000
HERE = os.path.abspath("d")
LIBS = "p/usr/lib/x86_64-linux-gnu"
os.mkdir(HERE)

def serve(name, bound, before):
    """The process of a server that runs `before`, binds `bound`, and answers each client."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        before()
        server = socket.socket(socket.AF_UNIX)
        server.bind(bound)
        server.listen()
        os.write(tell, b"1")
        while True:
            server.accept()
    os.read(ready, 1)
    return name, pid

def connects(name):
    try:
        socket.socket(socket.AF_UNIX).connect(f"{HERE}/{name}")
        return "a client connects"
    except OSError as error:
        return error.strerror

servers = [serve("plain", f"{HERE}/plain", lambda: None),
           serve("network", f"{HERE}/network", lambda: ctypes.CDLL(None).unshare(CLONE_NEWNET)),
           serve("root", "/root", lambda: os.chroot(HERE)),
           serve("relative", "relative", lambda: os.chdir(HERE))]
before = [connects(name) for name, _ in servers]
time.sleep(2.5)
with open("rule.conf", "w") as rule:
    rule.write(f"d {HERE} - - - 1s\n")
subprocess.run(["p/bin/systemd-tmpfiles", "--clean", os.path.abspath("rule.conf")], check=True,
               env={"LD_LIBRARY_PATH": f"{LIBS}:{LIBS}/systemd"})
for (name, pid), first in zip(servers, before):
    state = "gone" if os.waitpid(pid, os.WNOHANG)[0] else "lives"
    print(f"{name:9} before: {first}, after: {connects(name)}, server {state}")
    os.kill(pid, signal.SIGKILL)
PY
cat > inside.sh <<'IN'
set -e
mkdir b && mount -t tmpfs none b
ln -s ../p b/p && cd b && /usr/bin/python3 ../look.py
IN
saw=$(unshare -m -n -p -f --mount-proc bash inside.sh); echo "$saw"
[ "$saw" = "plain     before: a client connects, after: a client connects, server lives
network   before: a client connects, after: No such file or directory, server lives
root      before: a client connects, after: No such file or directory, server lives
relative  before: a client connects, after: No such file or directory, server lives" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
