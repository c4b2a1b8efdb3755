#!/usr/bin/env bash
# iproute2 6.1.0: a filter on `ip -j addr` does not remove what it filters out from the
# JSON. A link that is down stays as an empty object in `show up`; an address outside of
# `to PREFIX` stays as an empty object in `addr_info`. A consumer that reads
# `entry["ifname"]` of each element fails, and one that counts elements counts too many.
# The text output of the same commands leaves both out.
# Expected: "[lo {} {}]" and one real and one empty address.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a network namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download iproute2=6.1.0-3 >/dev/null 2>&1 && dpkg -x iproute2_*.deb p
cat > inside.sh <<'IN'
set -e
ip=p/bin/ip
ip link set lo up
ip link add v0 type veth peer name v1
ip addr add 192.0.2.1/24 dev v0
ip addr add 198.51.100.1/24 dev v0
$ip -V
$ip -j addr show up > up.json
$ip addr show up > up.txt
$ip -j addr show to 192.0.2.0/24 > to.json
IN
unshare -n bash inside.sh
python3 - <<'PY'
import json
up = json.load(open("up.json"))
print("show up:", [link.get("ifname", {}) for link in up])
assert [link.get("ifname") for link in up] == ["lo", None, None] and up[1:] == [{}, {}]
assert "v0" not in open("up.txt").read()
to = [link for link in json.load(open("to.json")) if link]
print("to 192.0.2.0/24:", [a.get("local", {}) for a in to[0]["addr_info"]])
assert [a.get("local") for a in to[0]["addr_info"]] == ["192.0.2.1", None]
PY
echo "as described"
