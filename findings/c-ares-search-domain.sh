#!/usr/bin/env bash
# c-ares 1.34 (in pycares 5.2.1): one search domain that is too long to end any name, or has a
# label of 64 bytes, makes every look-up of a short name fail, wherever the domain stands in the
# list. The domains before it are asked; then the look-up ends with "Misformatted domain name",
# and neither the domains after it nor the name itself are ever asked. glibc, musl from 1.2.5
# and Go skip the domain or end the list there, and still ask for the name itself.
# Expected: the three lists printed below, of what a server was asked.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv v >/dev/null && v/bin/pip -q install pycares==5.2.1 2>/dev/null
cat > ask.py <<'PY'
import select, socket, sys, threading
import pycares

asked = []
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))

def serve():
    while True:
        packet, peer = server.recvfrom(1500)
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        asked.append(".".join(labels))
        question = packet[12:at + 5]
        # No such name.
        server.sendto(packet[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + question, peer)

threading.Thread(target=serve, daemon=True).start()
channel, done = pycares.Channel(), threading.Event()
said = []

def found(result, error):
    said.append(pycares.errno.strerror(error) if error else "found")
    done.set()

channel.getaddrinfo("db", 80, family=socket.AF_INET, callback=found)
done.wait(10)
print(" ".join(asked) or "nothing", "->", said[0].decode() if isinstance(said[0], bytes) else said[0])
PY
cat > inside.sh <<'SH'
set -e
mkdir t && mount -t tmpfs none t && cp -a /etc/. t
rm -f t/resolv.conf && mount --bind t /etc
ip link set lo up
long=$(printf 'a%.0s' $(seq 64)).test
try() {
  printf 'nameserver 127.0.0.1\nsearch %s\n' "$1" > /etc/resolv.conf
  saw=$(v/bin/python ask.py)
  printf '%-36s %s\n' "search ${1/$long/<64 bytes>.test}" "$saw"
  [ "$saw" = "$2" ] || { echo "expected: $2" >&2; exit 1; }
}
try "one.test two.test" "$1"
try "one.test $long two.test" "$2"
try "$long" "$3"
SH
unshare -n -m bash inside.sh \
  "db.one.test db.two.test db -> Domain name not found" \
  "db.one.test -> Misformatted domain name" \
  "nothing -> Misformatted domain name"
echo "as described"
