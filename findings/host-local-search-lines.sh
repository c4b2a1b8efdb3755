#!/usr/bin/env bash
# CNI's host-local 1.1.1 with `resolvConf` hands a container the resolver of a file. Of several
# `search` lines the libc (glibc 2.36) takes the last, and a `domain` before it no longer counts;
# host-local joins all lines and keeps the domain as well, so a container asks for names that
# its host never asks for. It also hands on a fourth nameserver, which the libc leaves out.
# Expected: the lines printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download containernetworking-plugins=1.1.1+ds1-3+b5 >/dev/null 2>&1
dpkg -x containernetworking-plugins_*.deb p
cat > look.py <<'PY'
import ctypes, json, os, subprocess

def plugin():
    conf = {"cniVersion": "1.0.0", "name": "net", "type": "none", "ipam": {
        "type": "host-local", "dataDir": os.path.abspath("leases"), "subnet": "10.1.0.0/24",
        "resolvConf": "/etc/resolv.conf"}}
    env = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": f"c{os.getpid()}", "CNI_IFNAME": "eth0",
           "CNI_NETNS": "/proc/self/ns/net", "CNI_PATH": "p/usr/lib/cni"}
    out = subprocess.run(["p/usr/lib/cni/host-local"], env=env, input=json.dumps(conf),
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    dns = json.loads(out)["dns"]
    return dns.get("search"), dns.get("domain"), len(dns["nameservers"])

def libc():
    """__res_state of glibc: nscount at 16, dnsrch[7] at 72, after three addresses at 20."""
    lib = ctypes.CDLL("libresolv.so.2")
    state = ctypes.create_string_buffer(1024)
    assert lib.__res_ninit(state) == 0
    pointers = (ctypes.c_char_p * 7).from_buffer(state, 72)
    return [name.decode() for name in pointers if name], int.from_bytes(state[16:20], "little")

search, domain, servers = plugin()
print(f"  host-local: search {search}, domain {domain}, nameservers {servers}")
print("  libc:       search {}, nameservers {}".format(*libc()))
PY
cat > inside.sh <<'IN'
set -e
mkdir t && mount -t tmpfs none t && cp -a /etc/. t
rm -f t/resolv.conf && mount --bind t /etc
look() { echo "$1:"; shift; printf '%s\n' "$@" > /etc/resolv.conf; /usr/bin/python3 look.py; }
look "one search line" "search one.test two.test" "nameserver 10.9.9.1"
look "two search lines" "search one.test" "search two.test three.test" "nameserver 10.9.9.1"
look "domain, then search" "domain one.test" "search two.test" "nameserver 10.9.9.1"
look "four servers" "search one.test" "nameserver 10.9.9."{1,2,3,4}
IN
saw=$(env -i PATH="$PATH" unshare -m bash inside.sh); echo "$saw"
[ "$saw" = "one search line:
  host-local: search ['one.test', 'two.test'], domain None, nameservers 1
  libc:       search ['one.test', 'two.test'], nameservers 1
two search lines:
  host-local: search ['one.test', 'two.test', 'three.test'], domain None, nameservers 1
  libc:       search ['two.test', 'three.test'], nameservers 1
domain, then search:
  host-local: search ['two.test'], domain one.test, nameservers 1
  libc:       search ['two.test'], nameservers 1
four servers:
  host-local: search ['one.test'], domain None, nameservers 4
  libc:       search ['one.test'], nameservers 3" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
