#!/usr/bin/env bash
# A link-local server with its zone in resolv.conf, `nameserver fe80::2%v0`, is asked by glibc,
# since a server that a router announces is often of that kind. Two others of Debian 12:
#   udns 0.4   leaves such a line out without a word and asks the next server. Where there is
#              no other line, it asks 127.0.0.1, which stands in no file.
#   adns 1.6.0 asks it, and writes lines of its developers to the standard error of the program
#              for each such server ("will parse scoped addr"), also where the program wants
#              silence: in the quiet mode of adnshost they are all that is printed.
# Neither does so for a server without a zone, `::1`. The judge is glibc 2.36, by getent.
# Expected: the table printed below, with who was asked and what stood on standard error.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download adns-tools=1.6.0-2 libadns1=1.6.0-2 udns-utils=0.4-1+b1 libudns0=0.4-1+b1 \
  iproute2=6.1.0-3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > serve.py <<'PY'
import select, socket
servers = {}
for family, *address in ((socket.AF_INET, "127.0.0.1", 53), (socket.AF_INET6, "::1", 53),
                         (socket.AF_INET6, "fe80::2", 53, 0, socket.if_nametoindex("v1"))):
    server = socket.socket(family, socket.SOCK_DGRAM)
    server.bind(tuple(address))
    servers[server] = address[0]
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
cat > inside.sh <<'IN'
set -e
export PATH="$PWD/p/bin:$PWD/p/usr/bin:$PATH"
mkdir t && mount -t tmpfs none t && cp -a /etc/. t
rm -f t/resolv.conf && mount --bind t /etc
ip link set lo up
ip link add v0 type veth peer name v1
for end in 0 1; do ip link set v$end up; ip addr add fe80::$((end + 1))/64 dev v$end nodad; done
python3 serve.py & trap 'kill $!' EXIT
until [ -e ready ]; do sleep 0.1; done
ask() { # the tool and its arguments
  : > asked
  LD_LIBRARY_PATH=$PWD/p/usr/lib:$PWD/p/usr/lib/x86_64-linux-gnu timeout 20 "$@" >out 2>err || true
  printf '  %-8s asks %-10s lines on standard error: %s%s\n' "$1" "$(sort -u asked)," \
    "$(wc -l < err)" "$(sed 's/^/: /;q' err)"
}
for servers in "::1" "fe80::2%v0" "fe80::2%v0 ::1"; do
  echo "$servers"; printf 'nameserver %s\n' $servers > /etc/resolv.conf
  ask getent -A ahostsv4 host.test; ask dnsget -q -t A host.test; ask adnshost -Vq -t a host.test
done
IN
saw=$(unshare -n -m -p -f --mount-proc bash inside.sh); echo "$saw"
diff - <(echo "$saw") >&2 <<'END' || { echo "the behaviour has changed" >&2; exit 1; }
::1
  getent   asks ::1,       lines on standard error: 0
  dnsget   asks ::1,       lines on standard error: 0
  adnshost asks ::1,       lines on standard error: 0
fe80::2%v0
  getent   asks fe80::2,   lines on standard error: 0
  dnsget   asks 127.0.0.1, lines on standard error: 0
  adnshost asks fe80::2,   lines on standard error: 3: adns_text2addr: will parse scoped addr `fe80::2' % `v0'
fe80::2%v0 ::1
  getent   asks fe80::2,   lines on standard error: 0
  dnsget   asks ::1,       lines on standard error: 0
  adnshost asks fe80::2,   lines on standard error: 3: adns_text2addr: will parse scoped addr `fe80::2' % `v0'
END
echo "as described"
