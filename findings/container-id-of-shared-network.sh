#!/usr/bin/env bash
# A program in a container cannot ask for the container's id where cgroup version 2 hides it, so
# libraries take it from the sources of the mounts on /etc/hostname, resolv.conf and hosts. With
# `--network container:NAME` Docker mounts the three files of the other container. The detectors
# of OpenTelemetry for npm (0.8.14) and PyPI (containerid 0.66b1, docker 0.4.0) then report the
# id of the other one: each program that shares a network is filed under its VPN or pod
# container. docker.io 20.10.24, containerd 1.6.20, runc 1.1.5.
# Expected: the lines printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund @opentelemetry/resource-detector-container@0.8.14 >/dev/null
cp "$(node -p process.execPath)" node
python3 -m pip -q install --disable-pip-version-check --root-user-action=ignore --target lib \
  opentelemetry-resource-detector-containerid==0.66b1 opentelemetry-resourcedetector-docker==0.4.0
apt-get -q download docker.io=20.10.24+dfsg1-1+deb12u1+b6 containerd=1.6.20~ds1-1+deb12u3 \
  runc=1.1.5+ds1-1+deb12u1 tini=0.19.0-1+b3 libdevmapper1.02.1=2:1.02.185-2 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.cjs <<'JS'
const {containerDetector} = require('@opentelemetry/resource-detector-container');
Promise.resolve(containerDetector.detect().attributes['container.id'])
  .then((id) => console.log(id || 'none'));
JS
cat > look.py <<'PY'
from opentelemetry.resource.detector.containerid import ContainerResourceDetector
from opentelemetry_resourcedetector_docker import DockerResourceDetector
for detector in ContainerResourceDetector(), DockerResourceDetector():
    print(detector.detect().attributes.get("container.id", "none"))
PY
cat > inside.sh <<'IN'
set -e
mkdir r && mount -t tmpfs none r && cd r
mkdir -p usr dev sys proc run tmp etc root here old var/lib/docker
for tree in usr dev sys; do mount --rbind "/$tree" "$tree"; done
for link in bin sbin lib lib64; do ln -s "usr/$link" "$link"; done
mount --bind .. here && mount -t proc none proc
pivot_root . old && cd /here && umount -l /old
mount -t cgroup2 none /sys/fs/cgroup
export PATH="/here/p/usr/bin:/here/p/usr/sbin:$PATH" LD_LIBRARY_PATH=/here/p/lib/x86_64-linux-gnu
group=/sys/fs/cgroup/finding-${1##*.}
end() { # also after a step that failed: its container still runs
  jobs -p | xargs -r kill; wait
  while [ -d "$group" ]; do
    find "$group" -name cgroup.procs -exec cat {} + | xargs -r kill -9 || :
    find "$group" -depth -type d -exec rmdir {} + || sleep 0.1
  done
} 2>/dev/null
trap end EXIT
dockerd -s vfs --bridge=none --iptables=false --ip6tables=false \
  --cgroup-parent="/${group##*/}" >log 2>&1 &
for _ in $(seq 300); do docker version >/dev/null 2>&1 && break; sleep 0.1; done
tar -C / -c bin sbin lib lib64 | docker import - image >/dev/null 2>&1
look() { # words, options of docker
  docker run -d --name own -v /usr:/usr:ro -v /here:/here:ro -w /here -e PYTHONPATH=lib "${@:2}" \
    image /bin/sleep 60 >/dev/null
  own=$(docker inspect -f '{{.Id}}' own)
  saw=$(docker exec own /bin/sh -c "./node look.cjs; /usr/bin/python3 look.py" |
    sed "s/$own/own/; s/$other/other/" | paste -sd' ')
  printf '%-26s npm, containerid, docker: %s\n' "$1" "$saw"; docker rm -f own >/dev/null
}
other=$(docker run -d --name other --network none -v /usr:/usr:ro image /bin/sleep 600)
look "a network of its own" --network none
look "the network of the other" --network container:other
look "all but the network" --network none --ipc host --pid container:other
docker rm -f other >/dev/null
IN
saw=$(env -i PATH="$PATH" unshare -m -n -p -f --mount-proc bash inside.sh "$dir"); echo "$saw"
[ "$saw" = "a network of its own       npm, containerid, docker: own own own
the network of the other   npm, containerid, docker: other other other
all but the network        npm, containerid, docker: own own own" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
