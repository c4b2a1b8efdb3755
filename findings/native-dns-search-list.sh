#!/usr/bin/env bash
# native-dns 0.7.0 (npm) reads the `search` line of resolv.conf as one domain: with two domains
# it asks for the name, a dot and both domains with a comma between them, in one question, and
# never for any of the names that the list stands for. With one domain, or a `domain` line, it
# asks for the right name. Nothing is told: the look-up ends with "not found".
#   dnspython 2.9.2, told to use the search list, asks for a name of each domain.
# Expected: the table printed below, of what a server on the loopback address was asked.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts native-dns@0.7.0 >/dev/null
python3 -m venv v && v/bin/pip -q install --disable-pip-version-check dnspython==2.9.2
cat > serve.py <<'PY'
import socket, sys, threading

def answer(packet):
    at, labels = 12, []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    with open("asked", "a") as asked:
        asked.write(".".join(labels) + "\n")
    # No such name.
    return packet[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + packet[12:at + 5]

def streams(listener):
    while True:
        stream = listener.accept()[0]
        packet = stream.recv(int.from_bytes(stream.recv(2), "big"))
        said = answer(packet) if packet else b""
        stream.sendall(len(said).to_bytes(2, "big") + said)
        stream.close()

listener, server = socket.create_server(("127.0.0.1", 53)), socket.socket(type=socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
threading.Thread(target=streams, args=(listener,), daemon=True).start()
open("ready", "w")
while True:
    packet, peer = server.recvfrom(1500)
    server.sendto(answer(packet), peer)
PY
cat > ask.cjs <<'JS'
require('native-dns').lookup('db', (error) => { console.log(error.code); process.exit(); });
JS
cat > ask.py <<'PY'
import dns.resolver
try:
    dns.resolver.resolve("db", search=True)
except dns.resolver.NXDOMAIN:
    print("ENOTFOUND")
PY
cat > inside.sh <<'IN'
set -e
mkdir t && mount -t tmpfs none t && cp -a /etc/. t
rm -f t/resolv.conf && mount --bind t /etc
ip link set lo up
python3 serve.py & trap 'kill $!' EXIT
until [ -e ready ]; do sleep 0.1; done
ask() {
  : > asked; said=$(timeout 30 "${@:2}"); names=$(sort -u asked | paste -sd' ')
  printf '%-24s %-11s %s -> %s\n' "$line" "$1" "$names" "$said"
}
for line in "search one.test" "domain one.test" "search one.test two.test"; do
  printf 'nameserver 127.0.0.1\noptions attempts:1\n%s\n' "$line" > /etc/resolv.conf
  ask native-dns node ask.cjs; ask dnspython v/bin/python ask.py
done
IN
saw=$(unshare -n -m -p -f --mount-proc bash inside.sh); echo "$saw"
[ "$saw" = "search one.test          native-dns  db db.one.test -> ENOTFOUND
search one.test          dnspython   db db.one.test -> ENOTFOUND
domain one.test          native-dns  db db.one.test -> ENOTFOUND
domain one.test          dnspython   db db.one.test -> ENOTFOUND
search one.test two.test native-dns  db db.one.test,two.test -> ENOTFOUND
search one.test two.test dnspython   db db.one.test db.two.test -> ENOTFOUND" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
