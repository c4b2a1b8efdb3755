#!/usr/bin/env bash
# aardvark-dns 1.4.0 answers for the names of containers in podman's networks, and passes other
# names on to the servers of the host's resolv.conf. One option or keyword there that its parser
# does not know (`options no-aaaa`, which Debian 12's own glibc 2.36 brought) takes all servers
# away: containers find each other as before, and no other name gets any answer, not even an
# error. Nothing is told; its line for debugging names 1.1.1.1 as the server whatever the file
# says, and that one is never asked. glibc ignores what it does not know.
# Expected: the table printed below. 1.1.1.1 is an address of the loopback interface here.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download aardvark-dns=1.4.0-3 iproute2=6.1.0-3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > serve.py <<'PY'
import select, socket
servers = {}
for address in "127.0.0.1", "1.1.1.1":
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    servers[server] = address
open("ready", "w")
while True:
    for server in select.select(list(servers), [], [])[0]:
        packet, peer = server.recvfrom(1500)
        with open("asked", "a") as asked:
            asked.write(servers[server] + "\n")
        # Every name has the address 192.0.2.7.
        end = packet.index(b"\0", 12) + 5
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7"
        server.sendto(packet[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + packet[12:end] + record, peer)
PY
cat > ask.py <<'PY'
import socket, time
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(3)
client.connect(("10.89.0.1", 5533))

def ask(name):
    while True:
        try:
            client.send(b"\0\7\1\0\0\1\0\0\0\0\0\0" + name + b"\0\0\1\0\1")
            return socket.inet_ntoa(client.recv(1500)[-4:])
        except ConnectionRefusedError:  # It has not started yet.
            time.sleep(0.1)
        except TimeoutError:
            return "no answer"

print("web:", ask(b"\3web\3dns\6podman") + ", host.test:", ask(b"\4host\4test"))
PY
cat > inside.sh <<'IN'
set -e
export PATH="$PWD/p/bin:$PATH"
mount -t tmpfs none /run
mkdir t c && mount -t tmpfs none t && cp -a /etc/. t
rm -f t/resolv.conf && mount --bind t /etc
ip link add podman0 type veth peer name other
for link in lo podman0 other; do ip link set $link up; done
ip addr add 1.1.1.1/32 dev lo; ip addr add 10.89.0.1/24 dev podman0
printf '10.89.0.1\n0123abcd 10.89.0.2  web\n' > c/podman
/usr/bin/python3 serve.py & trap 'kill $!' EXIT
until [ -e ready ]; do sleep 0.1; done
for line in "" "options edns0 trust-ad rotate" "options no-aaaa" "some word"; do
  printf 'nameserver 127.0.0.1\n%s\n' "$line" > /etc/resolv.conf; : > asked
  p/usr/lib/podman/aardvark-dns -c "$PWD/c" -p 5533 run >/dev/null 2>&1
  said=$(timeout 20 /usr/bin/python3 ask.py)
  it=$(cat c/aardvark.pid); kill "$it"; while kill -0 "$it" 2>/dev/null; do sleep 0.1; done
  echo "${line:-a server alone}: it asks $(sort -u asked | grep . || echo nobody); $said"
  [ "$(getent -A ahostsv4 host.test | awk '/STREAM/ { print $1 }')" = 192.0.2.7 ] # glibc
done
IN
saw=$(unshare -n -m -p -f --mount-proc bash inside.sh); echo "$saw"
[ "$saw" = "a server alone: it asks 127.0.0.1; web: 10.89.0.2, host.test: 192.0.2.7
options edns0 trust-ad rotate: it asks 127.0.0.1; web: 10.89.0.2, host.test: 192.0.2.7
options no-aaaa: it asks nobody; web: 10.89.0.2, host.test: no answer
some word: it asks nobody; web: 10.89.0.2, host.test: no answer" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
