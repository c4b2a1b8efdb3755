#!/usr/bin/env bash
# A whiteout (`.wh.NAME`) says that NAME of the layers below is gone. The image
# specification: a file in the same layer as its whiteout stays, whatever the order of the
# two in the archive. umoci 0.4.7 does so. buildah 1.28.2 (containers/storage, as podman
# has it) agrees if the whiteout comes first. If the file comes first, the driver vfs
# leaves it out without a word, and the driver overlay refuses the image ("file exists").
# The opaque whiteout (`.wh..wh..opq`) after new files is no such case: all keep the files.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download umoci=0.4.7+ds-3+b7 buildah=1.28.2+ds1-3+deb12u1+b3 \
  libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5 libdevmapper1.02.1=2:1.02.185-2 \
  libsubid4=1:4.13+dfsg1-1+deb12u2 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > layer.py <<'PY'
import io, sys, tarfile
layer = tarfile.open(sys.argv[1], "w")
for name in sys.argv[2:]:
    entry = tarfile.TarInfo(name.rstrip("/"))
    entry.mode = 0o755
    if name.endswith("/"):
        entry.type = tarfile.DIRTYPE
    layer.addfile(entry, io.BytesIO())
layer.close()
PY
cat > inside.sh <<'IN'
set -e
p=$PWD/p
export LD_LIBRARY_PATH=$p/usr/lib/x86_64-linux-gnu
mount -t tmpfs none /mnt && cd /mnt # buildah makes a name of the path: no capitals
mkdir home && export HOME=/mnt/home
echo '{"default":[{"type":"insecureAcceptAnything"}]}' > policy.json
python3 "$p/../layer.py" 1.tar gone opaque/ opaque/old file
say() { echo "$1: $(cd "$2" && find . -type f | sort | paste -sd' ')"; }
# The second layer has its members in the order of the arguments.
try() {
  local name=$1; shift
  echo "# $name"
  python3 "$p/../layer.py" 2.tar .wh.gone opaque/ opaque/new opaque/.wh..wh..opq "$@"
  "$p/usr/bin/umoci" init --layout $name
  "$p/usr/bin/umoci" new --image $name:t
  for n in 1 2; do "$p/usr/bin/umoci" raw add-layer --image $name:t $n.tar; done
  "$p/usr/bin/umoci" unpack --image $name:t bundle-$name >log 2>&1
  say umoci bundle-$name/rootfs
  for driver in vfs overlay; do
    buildah() { "$p/usr/bin/buildah" --root /mnt/$driver --runroot /mnt/run-$driver \
      --storage-driver $driver "$@" 2>>log; }
    if buildah from --signature-policy policy.json --name $name oci:/mnt/$name:t >>log; then
      say "buildah, $driver" "$(buildah mount $name)"
      buildah umount $name >>log
    else
      echo "buildah, $driver: $(grep -o 'processing tar file.*' log)"
    fi
  done
}
try first .wh.file file
try last file .wh.file
IN
saw=$(unshare -m bash inside.sh); echo "$saw"
[ "$saw" = "# first
umoci: ./file ./opaque/new
buildah, vfs: ./file ./opaque/new
buildah, overlay: ./file ./opaque/new
# last
umoci: ./file ./opaque/new
buildah, vfs: ./opaque/new
buildah, overlay: processing tar file(file exists): exit status 1" ] ||
  { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
