#!/usr/bin/env bash
# In interfaces(5) of Debian's ifupdown 0.8.41 a comment is a line that starts with "#", and a
# "#" anywhere else belongs to the value. ifupdown-ng 0.11.4 (Debian has it as a replacement
# for the same file) cuts each line at its first "#": the name of a network and the end of a
# command are gone without a word, and what is left of the command may end within
# quotes.
# Expected: the lines printed below.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download ifupdown=0.8.41 ifupdown-ng=0.11.4~rc1-1+b2 >/dev/null 2>&1
dpkg -x ifupdown_*.deb old && dpkg -x ifupdown-ng_*.deb ng
cat > interfaces <<'END'
# a comment
iface one inet manual
    # another
    mtu 1400
    up ip link set one alias spare
iface two inet manual
    wpa-ssid office#2
    up ip link set two alias "rack #7"
    up ip route add 10.1.0.0/16 dev two # office
END
for name in one two; do
  echo "$name, ifupdown:"; old/sbin/ifquery -i interfaces "$name" | tr -s ' ' | sed '/^$/d;s/^/  /'
  echo "$name, ifupdown-ng:"; ng/sbin/ifquery -i interfaces "$name" | sed '/^$/d;s/^ */  /'
done > saw
cat saw
[ "$(cat saw)" = "one, ifupdown:
  mtu: 1400
  up: ip link set one alias spare
one, ifupdown-ng:
  iface one
  use link
  mtu 1400
  up ip link set one alias spare
two, ifupdown:
  wpa-ssid: office#2
  up: ip link set two alias \"rack #7\"
  up: ip route add 10.1.0.0/16 dev two # office
two, ifupdown-ng:
  iface two
  use link
  wpa-ssid office
  use wpa
  up ip link set two alias \"rack 
  up ip route add 10.1.0.0/16 dev two " ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
