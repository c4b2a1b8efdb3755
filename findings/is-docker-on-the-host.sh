#!/usr/bin/env bash
# is-docker 4.0.0 (npm) also looks for "/docker/containers/" in its own mount table. dockerd
# mounts the shared memory of a container with `--ipc=shareable` at
# /var/lib/docker/containers/ID/mounts/shm on the host: from then on every new process of the
# host, as long as the container runs, is inside Docker to the library. A container without the
# option changes nothing. is-docker 3.0.0 does not look there, and says no each time.
# docker.io 20.10.24, containerd 1.6.20, runc 1.1.5, in a root of its own: a machine that is a
# container itself may have the file /.dockerenv.
# Expected: the lines printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund is-docker@4.0.0 old@npm:is-docker@3.0.0 >/dev/null
apt-get -q download docker.io=20.10.24+dfsg1-1+deb12u1+b6 containerd=1.6.20~ds1-1+deb12u3 \
  runc=1.1.5+ds1-1+deb12u1 tini=0.19.0-1+b3 busybox-static=1:1.35.0-4+deb12u1+b1 \
  libdevmapper1.02.1=2:1.02.185-2 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.mjs <<'JS'
import now from 'is-docker';
import old from 'old';
console.log(`4.0.0 ${now()}, 3.0.0 ${old()}`);
JS
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
dockerd -s vfs --bridge=none --iptables=false --ip6tables=false --cgroup-parent="/${group##*/}" \
  >log 2>&1 &
for _ in $(seq 300); do docker version >/dev/null 2>&1 && break; sleep 0.1; done
tar -C p -c bin/busybox | docker import - image >/dev/null 2>&1
look() { echo "$1: $(node look.mjs)"; }
start() { docker run -d --name cc --network none "$@" image /bin/busybox sleep 60 >/dev/null; }
look "no container"
start; look "a container"; docker rm -f cc >/dev/null
start --ipc shareable; look "a shareable container"; docker rm -f cc >/dev/null
look "no container again"
IN
saw=$(env -i PATH="$PATH" unshare -m -n -p -f --mount-proc bash inside.sh "$dir"); echo "$saw"
[ "$saw" = "no container: 4.0.0 false, 3.0.0 false
a container: 4.0.0 false, 3.0.0 false
a shareable container: 4.0.0 true, 3.0.0 false
no container again: 4.0.0 false, 3.0.0 false" ] || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
