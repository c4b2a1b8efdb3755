#!/usr/bin/env bash
# Configuration managers read and write the files of /etc with augeas 1.14.0. One line that its
# grammar lacks costs it the whole file: no nameserver is left once one has a zone (`fe80::1%eth0`,
# as routers announce them) or `options` has `no-aaaa` (glibc 2.36), and no mount of fstab once
# an option list has a double comma. The tree is empty then, as for a file that is missing, and
# the exit code 0; only a node under /augeas tells of the error.
#   libc and findmnt 2.38.1 read each of these files.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download augeas-tools=1.14.0-1+deb12u1 libaugeas0=1.14.0-1+deb12u1 \
  augeas-lenses=1.14.0-1+deb12u1 libreadline8=8.2-1.3 libxml2=2.9.14+dfsg-1.3~deb12u6 \
  libicu72=72.1-3+deb12u1 util-linux=2.38.1-5+deb12u3 libsmartcols1=2.38.1-5+deb12u3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > inside.sh <<'IN'
set -e
export LD_LIBRARY_PATH=$PWD/p/usr/lib/x86_64-linux-gnu:$PWD/p/lib/x86_64-linux-gnu
tree() { # file, lens: the nodes of augeas
  p/usr/bin/augtool -r "$PWD/root" -S -A -I "$PWD/p/usr/share/augeas/lenses/dist" <<END >tree
set /augeas/load/one/lens $2
set /augeas/load/one/incl $1
load
print /files$1
END
  grep -Ec '/(nameserver|spec)(\[.\])? = ' tree || :
}
look() { # file, lens, words, line
  printf '%s\n' "$4" >> "root$1"
  case $1 in
    *fstab) other="findmnt $(p/bin/findmnt -n --tab-file "root$1" -o TARGET,OPTIONS | wc -l)" ;;
    *) cp "root$1" /etc/resolv.conf; other="libc $(/usr/bin/python3 count.py)" ;;
  esac
  printf '%-21s augeas %s, %s\n' "$3" "$(tree "$1" "$2")" "$other"
}
resolv() { printf '%s\n' "nameserver 10.9.9.1" "search one.test" > root/etc/resolv.conf
           look /etc/resolv.conf Resolv.lns "$@"; }
fstab() { printf '%s\n' "/dev/sda1 / ext4 ro 0 1" > root/etc/fstab
          look /etc/fstab Fstab.lns "$@"; }
mkdir -p root/etc t && mount -t tmpfs none t && cp -a /etc/. t
rm -f t/resolv.conf && mount --bind t /etc
resolv "options edns0" "options edns0"
resolv "options no-aaaa" "options no-aaaa"
resolv "a server" "nameserver fe80::1"
resolv "a server with a zone" "nameserver fe80::1%lo"
fstab "ro,noexec" '/dev/sdb1 /b ext4 ro,noexec 0 0'
fstab "ro,,noexec" '/dev/sdb1 /b ext4 ro,,noexec 0 0'
IN
cat > count.py <<'PY'
import ctypes
lib = ctypes.CDLL("libresolv.so.2")
state = ctypes.create_string_buffer(1024)
lib.__res_ninit(state)
print(int.from_bytes(state[16:20], "little"))
PY
saw=$(unshare -m bash inside.sh); echo "$saw"
[ "$saw" = "options edns0         augeas 1, libc 1
options no-aaaa       augeas 0, libc 1
a server              augeas 2, libc 2
a server with a zone  augeas 0, libc 2
ro,noexec             augeas 2, findmnt 2
ro,,noexec            augeas 0, findmnt 2" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
