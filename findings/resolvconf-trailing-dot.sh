#!/usr/bin/env bash
# resolvconf 1.91+nmu1 (Debian): search domains lose their final dot on the way into the
# merged file, so that `search .`, the line by which systemd-resolved turns searching off,
# becomes no search line at all, and the readers fall back to the host name's own domain.
# After a loopback server every other server is dropped by default, of all interfaces.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download resolvconf=1.91+nmu1 >/dev/null 2>&1 && dpkg -x resolvconf_*.deb p
cat > inside.sh <<'IN'
set -e
p=$PWD/p
for at in /etc /lib /run; do
  mkdir -p "o$at" && mount -t tmpfs none "o$at" && mkdir "o$at/up" "o$at/work"
  mount -t overlay -o "lowerdir=$at,upperdir=o$at/up,workdir=o$at/work" none "$at"
done
cp -r "$p/etc/resolvconf" /etc/; cp -r "$p/lib/resolvconf" /lib/
mkdir -p /run/resolvconf/interface; touch /run/resolvconf/enable-updates
merge() { printf "$1" | REPORT_ABSENT_SYMLINK=no "$p/sbin/resolvconf" -a "$2"; }
merge 'nameserver 127.0.0.1\nsearch .\n' lo.local
merge 'nameserver 192.0.2.53\noptions edns0\n' eth0.dhcp
grep -v '^#' /run/resolvconf/resolv.conf
echo --
merge 'nameserver 192.0.2.1\nsearch corp.example.\n' lo.local
grep -v '^#' /run/resolvconf/resolv.conf
IN
saw=$(unshare -m bash inside.sh 2>&1 | grep .); echo "$saw"
[ "$saw" = "nameserver 127.0.0.1
options edns0
--
nameserver 192.0.2.1
nameserver 192.0.2.53
search corp.example
options edns0" ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
