#!/usr/bin/env bash
# iproute2 6.1.0: `ip netns exec NAME` gives a process /etc/netns/NAME/resolv.conf as a bind
# mount over /etc/resolv.conf, in a mount namespace of its own. The mount lasts for as long
# as the host leaves its own /etc/resolv.conf the same file. A host that writes into the
# file changes nothing for the process; a host that renames a new file over it, as most
# daemons that manage it do, takes the mount away in the other namespace (the kernel does
# so since 3.18), and the process goes on with the host's servers until it ends. Nothing
# is logged, and the rename succeeds.
# Expected: of netns, of netns after a write, of the host after a rename.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download iproute2=6.1.0-3 >/dev/null 2>&1 && dpkg -x iproute2_*.deb p
cat > reader.sh <<'IN'
# Tells what a resolver would read, each time that it is asked.
exec 3<>answers
while read -r word && [ "$word" = look ]; do
  mounts=$(grep -c ' /etc/resolv.conf ' /proc/self/mountinfo || true)
  echo "$(paste -sd' ' /etc/resolv.conf), mounts on it: $mounts" >&3
done < questions
IN
cat > inside.sh <<'IN'
set -e
mkdir etc && mount -t tmpfs none etc && mkdir etc/netns etc/netns/blue
cp /etc/passwd /etc/group etc/
echo 'nameserver 203.0.113.1' > etc/resolv.conf
echo 'nameserver 192.0.2.53' > etc/netns/blue/resolv.conf
mount --bind etc /etc
mkdir -p /run/netns && mount -t tmpfs none /run/netns
ip=$PWD/p/bin/ip
$ip -V
$ip netns add blue
mkfifo questions answers
$ip netns exec blue bash reader.sh &
exec 4<>questions 5<>answers
ask() { echo look >&4; read -r -t 10 line <&5; echo "$1: $line"; }
ask "at first"
echo 'nameserver 203.0.113.2' > /etc/resolv.conf
ask "after a write"
echo 'nameserver 203.0.113.3' > /etc/new; mv /etc/new /etc/resolv.conf
ask "after a rename"
echo end >&4; wait
IN
saw=$(unshare -m -n bash inside.sh); echo "$saw"
[ "$(tail -n 3 <<< "$saw")" = "at first: nameserver 192.0.2.53, mounts on it: 1
after a write: nameserver 192.0.2.53, mounts on it: 1
after a rename: nameserver 203.0.113.3, mounts on it: 0" ] || {
  echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
