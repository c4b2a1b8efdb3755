#!/usr/bin/env bash
# passt 0.0~git20230309: its reader of /etc/resolv.conf, which decides what a guest or a
# rootless container gets by DHCP and NDP, differs from every C library:
#   * only one blank may follow `nameserver`: a tab, an indent, or a comment behind the
#     address makes the server disappear without a word;
#   * of several `search` lines the first is used (glibc and musl use the last), and
#     `domain` is not read;
#   * a loopback server is given out as the address of the default gateway.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; chmod 755 "$dir"; cd "$dir"
apt-get -q download passt=0.0~git20230309.7c7625d-1 >/dev/null 2>&1 && dpkg -x passt_*.deb p
cat > inside.sh <<'IN'
set -e
mkdir t s && chmod 777 s && mount -t tmpfs none t && cp -a /etc/. t
rm -f t/resolv.conf && mount --bind t /etc
ip link set lo up
ip link add v0 type veth peer name v1
ip link set v0 up; ip link set v1 up
ip addr add 192.0.2.1/24 dev v0
ip route add default via 192.0.2.254
# What passt says it will give out over IPv4, on one line.
ask() {
  printf "$1" > /etc/resolv.conf
  timeout 3 setpriv --reuid=65534 --regid=65534 --clear-groups \
    p/usr/bin/passt -f -s "$PWD/s/socket$RANDOM" > said 2>&1 || true
  grep -q '^UNIX domain socket bound' said || { echo "passt did not start" >&2; return 1; }
  sed -n '/^DNS/,/^[A-Z]*NDP\|^UNIX/p' said | awk '/^DNS:/{k="dns"} /^DNS search/{k="search"} /^[NU]/{exit} /^    /{printf "%s=%s ", k, $1}'
}
expect() {
  saw=$(ask "$1"); printf '%-62s -> %s\n' "$1" "${saw:-nothing}"
  [ "${saw% }" = "$2" ] || { echo "expected: $2" >&2; exit 1; }
}
expect 'nameserver 192.0.2.53\n'            'dns=192.0.2.53'
expect 'nameserver\t192.0.2.53\n'           ''
expect ' nameserver 192.0.2.53\n'           ''
expect 'nameserver 192.0.2.53 # office\n'   ''
expect 'nameserver 127.0.0.53\n'            'dns=192.0.2.254'
expect 'search a.example\nsearch b.example\ndomain c.example\nnameserver 192.0.2.53\n' \
       'dns=192.0.2.53 search=a.example'
IN
unshare -n -m bash inside.sh
echo "as described"
