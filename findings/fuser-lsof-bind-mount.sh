#!/usr/bin/env bash
# psmisc 23.6 and lsof 4.95.0: "who uses this mount?" is answered by device number. For a
# bind mount within a file system both name every process that uses the file system
# anywhere, also with fuser's -M, which is there to protect from this. `fuser -km` on a
# volume would end them all. A process inside the source directory, which does not use the
# bind mount, cannot be distinguished from one inside the bind mount.
# Only the process "in" uses the mount "view"; "beside" and "source" do not.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download psmisc=23.6-1 lsof=4.95.0-1 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > inside.sh <<'IN'
set -e
p=$PWD/p
mkdir m && mount -t tmpfs none m
mkdir m/{source,view,beside}; mount --bind m/source m/view
(cd m/beside; exec sleep 60) & beside=$!
(cd m/source; exec sleep 60) & source=$!
(cd m/view; exec sleep 60) & in=$!
sleep 0.5
name() { sed "s/\b$beside\b/beside/; s/\b$source\b/source/; s/\b$in\b/in/"; }
list() { tr -s ' ' '\n' | name | grep -xE 'beside|source|in' | sort | paste -sd' '; }
echo "fuser -m:  $("$p/bin/fuser" -m m/view 2>/dev/null | list)"
echo "fuser -Mm: $("$p/bin/fuser" -Mm m/view 2>/dev/null | list)"
echo "lsof:      $("$p/usr/bin/lsof" -t "$PWD/m/view" 2>/dev/null | list)"
kill $beside $source $in
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh); echo "$saw"
[ "$saw" = "fuser -m:  beside in source
fuser -Mm: beside in source
lsof:      beside in source" ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
