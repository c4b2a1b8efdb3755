#!/usr/bin/env bash
# dnsmasq 2.90 (Debian 12) follows its resolv.conf with inotify on the directory that holds
# the file. Where the file is a bind mount, as engines lay it into containers, the directory
# never hears of it: the kernel tells the directory of the mount's source. So neither the
# engine's write to its own file, nor a write inside the container to /etc/resolv.conf
# itself, is ever noticed. SIGHUP does not help: it reloads hosts files, and reads
# resolv.conf only with --no-poll, which is documented as the option that stops looking.
# Expected: the plain file is followed; the mounted one only by --no-poll and SIGHUP.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download dnsmasq-base=2.90-4~deb12u2 libnetfilter-conntrack3=1.0.9-3 \
  libnftables1=1.0.6-2+deb12u2 libnftnl11=1.2.4-2 libnfnetlink0=1.0.2-2 libjansson4=2.14-2 \
  libxtables12=1.8.9-2 libmnl0=1.0.4-3 libedit2=3.1-20221030-2 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > inside.sh <<'IN'
set -e
export LD_LIBRARY_PATH=$PWD/p/usr/lib/x86_64-linux-gnu:$PWD/p/lib/x86_64-linux-gnu
ip link set lo up
mkdir m && mount -t tmpfs none m
mkdir m/engine m/plain m/mounted
echo 'nameserver 192.0.2.1' | tee m/plain/resolv.conf > m/engine/resolv.conf
touch m/mounted/resolv.conf
mount --bind m/engine/resolv.conf m/mounted/resolv.conf
port=5300
start() { # name, directory, options
  port=$((port + 1))
  p/usr/sbin/dnsmasq -k --conf-file=/dev/null --user=root --group=root --pid-file= \
    --bind-interfaces --listen-address=127.0.0.1 --port=$port --log-facility=- \
    --resolv-file="$PWD/m/$2/resolv.conf" ${3-} 2>"$1.log" &
  for _ in $(seq 50); do grep -qs using "$1.log" && break; sleep 0.1; done
}
start plain plain; start mounted mounted; start no-poll mounted --no-poll
servers() { grep -o 'using nameserver [^#]*' "$1.log" | cut -d' ' -f3 | paste -sd' '; }
show() { echo "$1"; for name in plain mounted no-poll; do echo "  $name: $(servers $name)"; done; }
p/usr/sbin/dnsmasq -v | head -n 1 | cut -d' ' -f1-3
show "at first"
echo 'nameserver 192.0.2.2' > m/plain/resolv.conf
echo 'nameserver 192.0.2.2' > m/engine/resolv.conf
sleep 2
show "after a write by the engine"
echo 'nameserver 192.0.2.3' > m/plain/resolv.conf
echo 'nameserver 192.0.2.3' > m/mounted/resolv.conf
sleep 2
show "after a write in the container"
kill -HUP $(jobs -p)
sleep 1
show "after SIGHUP"
kill $(jobs -p)
IN
saw=$(unshare -n -m bash inside.sh); echo "$saw"
[ "$(tail -n +2 <<< "$saw")" = "at first
  plain: 192.0.2.1
  mounted: 192.0.2.1
  no-poll: 192.0.2.1
after a write by the engine
  plain: 192.0.2.1 192.0.2.2
  mounted: 192.0.2.1
  no-poll: 192.0.2.1
after a write in the container
  plain: 192.0.2.1 192.0.2.2 192.0.2.3
  mounted: 192.0.2.1
  no-poll: 192.0.2.1
after SIGHUP
  plain: 192.0.2.1 192.0.2.2 192.0.2.3
  mounted: 192.0.2.1
  no-poll: 192.0.2.1 192.0.2.3" ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
