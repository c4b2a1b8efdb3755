#!/usr/bin/env bash
# "What is the default gateway?" has more answers than one address beside one interface: an
# IPv4 route may go over an IPv6 neighbour (`via inet6`, RFC 8950), over several next hops,
# over a next hop object (`nhid`), or straight out of a device. Two libraries that read the
# text of `ip route` fail on them, and one that reads netlink tells each as it is.
#   netifaces2 0.0.22      over IPv6: gateway "inet6" of interface "dev"; over several next
#                          hops: none is a default; over an object or a device: no gateway
#   default-gateway 7.2.2  (npm) finds none for the first three, and for the route out of
#                          a device raises "family.substring is not a function"
#   pyroute2 0.7.12        RTA_VIA, RTA_MULTIPATH, RTA_GATEWAY of the object, none of them
# The control is a plain `via 192.0.2.2`, which all three read. iproute2 6.1.0.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a network namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download iproute2=6.1.0-3 >/dev/null 2>&1 && dpkg -x iproute2_*.deb p
python3 -m venv v
v/bin/pip -q install --disable-pip-version-check netifaces2==0.0.22 pyroute2==0.7.12
npm install --silent --no-audit --no-fund default-gateway@7.2.2 >/dev/null
cat > look.py <<'PY'
import netifaces
from pyroute2 import IPRoute

print("netifaces2:", netifaces.gateways().get(2, []))
with IPRoute() as ip:
    [route] = ip.get_default_routes(family=2)
found = []
for hop in route.get_attr("RTA_MULTIPATH") or [route]:
    attrs = dict(hop["attrs"])
    found.append(attrs.get("RTA_GATEWAY") or attrs.get("RTA_VIA", {}).get("addr"))
print("pyroute2:", found)
PY
cat > look.mjs <<'JS'
import { gateway4sync } from 'default-gateway';
try {
  const found = gateway4sync();
  console.log('default-gateway:', found.gateway, found.int);
} catch (error) {
  console.log('default-gateway:', error.message);
}
JS
cat > inside.sh <<'IN'
set -e
export PATH="$PWD/p/bin:$PWD/p/sbin:$PATH"
ip link add v0 type veth peer name v1; ip link add w0 type veth peer name w1
ip addr add 192.0.2.1/24 dev v0; ip addr add 198.51.100.1/24 dev w0
for link in v0 v1 w0 w1; do ip link set $link up; done
ip nexthop add id 7 via 192.0.2.2 dev v0
look() {
  echo "default $*"
  ip -4 route add default "$@"; v/bin/python look.py; node look.mjs; ip -4 route del default
}
look via 192.0.2.2
look via inet6 fe80::1 dev v0
look nexthop via 192.0.2.2 nexthop via 198.51.100.2
look nhid 7
look dev v0
IN
saw=$(unshare -n bash inside.sh); echo "$saw"
none='default-gateway: Unable to determine default gateway'
[ "$saw" = "default via 192.0.2.2
netifaces2: [('192.0.2.2', 'v0', True)]
pyroute2: ['192.0.2.2']
default-gateway: 192.0.2.2 v0
default via inet6 fe80::1 dev v0
netifaces2: [('inet6', 'dev', True)]
pyroute2: ['fe80::1']
$none
default nexthop via 192.0.2.2 nexthop via 198.51.100.2
netifaces2: [('192.0.2.2', 'v0'), ('198.51.100.2', 'w0')]
pyroute2: ['192.0.2.2', '198.51.100.2']
$none
default nhid 7
netifaces2: []
pyroute2: ['192.0.2.2']
$none
default dev v0
netifaces2: []
pyroute2: [None]
default-gateway: family.substring is not a function" ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
