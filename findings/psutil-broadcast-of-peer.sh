#!/usr/bin/env bash
# The broadcast address of an interface in psutil 7.2.2 and netifaces2 0.0.22: an IPv4 address
# without one (`ip addr add` sets none unless told `brd`) is its own broadcast address, and for
# an address with a peer the peer is the broadcast address. Both read `ifa_broadaddr` of glibc's
# getifaddrs, which is one member with the address of the peer. It holds that address whenever
# the kernel names no broadcast address, on a link with the flag BROADCAST too.
# psutil's member for a peer, `ptp`, is empty, since the link is not of the kind point-to-point.
#   pyroute2 0.9.7 reads netlink: IFA_BROADCAST is there or not, and IFA_ADDRESS is the peer.
# The control is an address with `brd +`, which all three read. iproute2 6.1.0.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a network namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download iproute2=6.1.0-3 >/dev/null 2>&1 && dpkg -x iproute2_*.deb p
python3 -m venv v
v/bin/pip -q install --disable-pip-version-check psutil==7.2.2 netifaces2==0.0.22 pyroute2==0.9.7
cat > look.py <<'PY'
import socket
import netifaces, psutil
from pyroute2 import IPRoute

for it in psutil.net_if_addrs()["v0"]:
    if it.family == socket.AF_INET:
        print(f"psutil:     {it.address} broadcast {it.broadcast} peer {it.ptp}")
for it in netifaces.ifaddresses("v0")[netifaces.AF_INET]:
    print(f"netifaces2: {it['addr']} broadcast {it.get('broadcast')} peer {it.get('peer')}")
with IPRoute() as ip:
    for it in ip.get_addr(family=socket.AF_INET, label="v0"):
        local, peer = it.get_attr("IFA_LOCAL"), it.get_attr("IFA_ADDRESS")
        peer = None if peer == local else peer
        print(f"pyroute2:   {local} broadcast {it.get_attr('IFA_BROADCAST')} peer {peer}")
PY
cat > inside.sh <<'IN'
set -e
export PATH="$PWD/p/bin:$PWD/p/sbin:$PATH"
ip link add v0 type veth peer name v1
look() { echo "ip addr add $*"; ip addr add "$@" dev v0; v/bin/python look.py; ip addr flush dev v0; }
look 192.0.2.1/24 brd +
look 192.0.2.1/24
look 192.0.2.1 peer 198.51.100.2/32
look 192.0.2.1/32
IN
saw=$(unshare -n bash inside.sh); echo "$saw"
[ "$saw" = "ip addr add 192.0.2.1/24 brd +
psutil:     192.0.2.1 broadcast 192.0.2.255 peer None
netifaces2: 192.0.2.1 broadcast 192.0.2.255 peer None
pyroute2:   192.0.2.1 broadcast 192.0.2.255 peer None
ip addr add 192.0.2.1/24
psutil:     192.0.2.1 broadcast 192.0.2.1 peer None
netifaces2: 192.0.2.1 broadcast 192.0.2.1 peer None
pyroute2:   192.0.2.1 broadcast None peer None
ip addr add 192.0.2.1 peer 198.51.100.2/32
psutil:     192.0.2.1 broadcast 198.51.100.2 peer None
netifaces2: 192.0.2.1 broadcast 198.51.100.2 peer None
pyroute2:   192.0.2.1 broadcast None peer 198.51.100.2
ip addr add 192.0.2.1/32
psutil:     192.0.2.1 broadcast 192.0.2.1 peer None
netifaces2: 192.0.2.1 broadcast 192.0.2.1 peer None
pyroute2:   192.0.2.1 broadcast None peer None" ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
