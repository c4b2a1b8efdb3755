#!/usr/bin/env bash
# An IPv4 address may carry a label (`ip addr add … label v0:web`). getifaddrs(3) gives the
# label out as the interface's name, and libraries on top of it list an interface that does
# not exist: it has addresses but no index of its own, no statistics, no sysfs entry. The
# peer of a point-to-point address and a missing broadcast are read in as many ways.
#   ifaddr 0.2.0       adapter "v0:web", with the index of v0
#   psutil 6.0.0       net_if_addrs has "v0:web", net_if_stats has not;
#                      an address without broadcast has itself as broadcast
#   netifaces2 0.0.22  interface "v0:web"; the peer is called "broadcast"
#   pyroute2 0.7.12    (netlink) index of v0, label beside it: as the kernel says
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a network namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv v
v/bin/pip -q install --disable-pip-version-check \
  ifaddr==0.2.0 psutil==6.0.0 netifaces2==0.0.22 pyroute2==0.7.12
cat > look.py <<'PY'
import ifaddr, netifaces, psutil, socket
from pyroute2 import IPRoute

v0 = socket.if_nametoindex("v0")
adapters = {a.name: a.index for a in ifaddr.get_adapters()}
print("ifaddr:", sorted(adapters))
assert adapters["v0:web"] == v0
addrs, stats = psutil.net_if_addrs(), psutil.net_if_stats()
print("psutil:", sorted(addrs), "statistics of", sorted(stats))
assert "v0:web" in addrs and "v0:web" not in stats
assert addrs["v0:web"][0].broadcast == "192.0.2.1"
print("netifaces2:", sorted(netifaces.interfaces()))
assert "v0:web" in netifaces.interfaces()
assert netifaces.ifaddresses("v0")[2][0]["broadcast"] == "198.51.100.2"
with IPRoute() as ip:
    rows = [(r["index"], r.get_attr("IFA_LABEL")) for r in ip.get_addr(family=2)]
print("pyroute2:", rows)
assert (v0, "v0:web") in rows
PY
cat > inside.sh <<'IN'
set -e
ip link set lo up
ip link add v0 type veth peer name v1
ip addr add 192.0.2.1/24 dev v0 label v0:web
ip addr add 198.51.100.1 peer 198.51.100.2/32 dev v0
ip link set v0 up; ip link set v1 up
v/bin/python look.py
IN
unshare -n bash inside.sh
echo "as described"
