# A node with something to say. $1 is the command, $2 the directory for what it prints.
D=$1; OUT=$2
hostname node-7
ip link set lo up
# Not every kernel has each kind.
for kind in dummy veth bridge; do ip link add eth0 type $kind 2> /dev/null && break; done
ip address add 192.0.2.10/24 dev eth0
ip link set eth0 up
mount --make-rprivate /
mkdir -p /tmp/bin
for empty in /var/lib /run /etc; do mount -t tmpfs tmpfs $empty; done
cp "$D" /run/daemon-host; D=/run/daemon-host
echo 'nameserver 192.0.2.53' > /etc/resolv.conf
mkdir /etc/docker
echo '{"runtimes": {"crun": {"path": "/run/crun"}}, "default-runtime": "crun"}' > /etc/docker/daemon.json
printf '#!/bin/sh\nexit 1\n' > /run/crun; chmod 755 /run/crun

id() { printf '%s' "$1" | sha256sum | cut -c-64; }
L=/var/lib/docker; mkdir -p $L/containers $L/overlay2 /run/docker/runtime-runc/moby
mount --bind $L $L
for name in web db; do
    mkdir -p $L/containers/$(id $name)/mounts/shm; mount -t tmpfs shm $L/containers/$(id $name)/mounts/shm
    mkdir -p $L/overlay2/$(id $name-layer)/merged; mount -t tmpfs overlay $L/overlay2/$(id $name-layer)/merged
done
mkdir -p $L/volumes/data/_data; mount -t tmpfs tmpfs $L/volumes/data/_data
(cd $L/containers/$(id web)/mounts/shm; exec sleep 300 > /dev/null 2>&1) &
mkdir -p $L/overlay2/$(id gone)/merged; touch $L/overlay2/$(id gone)/merged/file

typed() { script -qec "stty rows 60 cols 92; $D --color always $2 || true" "$OUT/$1.typescript" < /dev/null > /dev/null
    # The first and the last line are script's own.
    sed '1d;$d' "$OUT/$1.typescript" | tr -d '\r' > "$OUT/$1.txt"; }
typed report 'report --no-probe'

mount --make-rshared $L
unshare -m --propagation slave sleep 300 > /dev/null 2>&1 &
unshare -m --propagation private sleep 300 > /dev/null 2>&1 &
sleep 0.3
$D mounts peers $L/overlay2/$(id db-layer)/merged --svg "$OUT/peers.svg" > /dev/null
kill $(jobs -p)
