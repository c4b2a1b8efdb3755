#!/usr/bin/env bash
# A VLAN is mostly called like eth0.100, and sysctl.d(5) has two ways to name its settings: with
# the dot and the slash exchanged, or with slashes alone. procps 4.0.2, busybox 1.35.0 and systemd
# 252 take both. runc 1.1.5, crun 1.8.1 (`linux.sysctl`) and CNI's tuning plugin 1.1.1 take
# neither: each makes slashes of all dots, the name's too, and fails for a file that is missing.
# runc accepts both forms in its check of the bundle and fails later. So no container can be given
# a setting of such an interface.
#   The interface is a veth of that name: the name counts, not its kind.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download runc=1.1.5+ds1-1+deb12u1 crun=1.8.1-1+deb12u1 libyajl2=2.1.0-3+deb12u2 \
  busybox-static=1:1.35.0-4+deb12u1+b1 procps=2:4.0.2-3 libproc2-0=2:4.0.2-3 \
  containernetworking-plugins=1.1.1+ds1-3+b5 systemd=252.39-1~deb12u2 \
  libsystemd-shared=252.39-1~deb12u2 libip4tc2=1.8.9-2 libkmod2=30+20221128-1 \
  libapparmor1=3.0.8-3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.py <<'PY'
import json, os, subprocess, sys
LIBS = os.path.abspath("../p/usr/lib/x86_64-linux-gnu")
ENV = {"LD_LIBRARY_PATH": f"{LIBS}:{LIBS}/systemd", "CNI_COMMAND": "ADD", "CNI_IFNAME": "lo",
       "CNI_CONTAINERID": "one", "CNI_NETNS": "/run/netns/one", "CNI_PATH": "../p/usr/lib/cni"}
INSIDE = ["ip", "netns", "exec", "one"]
subprocess.run(["../p/usr/sbin/runc", "spec"], check=True)
with open("config.json") as file:
    spec = json.load(file)
spec["process"].update(terminal=False, args=["/bin/busybox", "true"])
del spec["process"]["rlimits"]
for one in spec["linux"]["namespaces"]:
    if one["type"] == "network":
        one["path"] = "/run/netns/one"

def bundle(key, *tool):
    spec["linux"]["sysctl"] = {key: "1"}
    with open("config.json", "w") as file:
        json.dump(spec, file)
    return [*tool, "run", sys.argv[1]], None

def systemd(key):
    with open("one.conf", "w") as file:
        file.write(f"{key}=1\n")
    return [*INSIDE, "../p/lib/systemd/systemd-sysctl", os.path.abspath("one.conf")], None

TOOLS = {
    "procps": lambda key: ([*INSIDE, "../p/sbin/sysctl", "-w", f"{key}=1"], None),
    "busybox": lambda key: ([*INSIDE, "../p/bin/busybox", "sysctl", "-w", f"{key}=1"], None),
    "systemd": systemd,
    "crun": lambda key: bundle(key, "../p/usr/bin/crun", "--root", "../crun-state",
                               "--cgroup-manager=disabled"),
    "runc": lambda key: bundle(key, "../p/usr/sbin/runc", "--root", "../runc-state"),
    "tuning": lambda key: (["../p/usr/lib/cni/tuning"], json.dumps({
        "cniVersion": "0.4.0", "name": "net", "type": "tuning", "sysctl": {key: "1"},
        "prevResult": {"cniVersion": "0.4.0", "interfaces": [], "ips": []}})),
}

def takes(tool, name, key):
    path = f"/proc/sys/net/ipv4/conf/{name}/arp_filter"
    subprocess.run([*INSIDE, "sh", "-c", f"echo 0 > {path}"], check=True)
    command, text = TOOLS[tool](key)
    ran = subprocess.run(command, input=text or "", capture_output=True, text=True, timeout=30,
                         env={**os.environ, **ENV})
    value = subprocess.run([*INSIDE, "cat", path], capture_output=True, text=True).stdout
    missing = "o such file" in ran.stdout + ran.stderr
    return "set" if value == "1\n" else "no such file" if missing else ran.stderr

for key, name in (("net.ipv4.conf.eth0.arp_filter", "eth0"),
                  ("net.ipv4.conf.eth0/100.arp_filter", "eth0.100"),
                  ("net/ipv4/conf/eth0.100/arp_filter", "eth0.100")):
    print(f"{key}:", ", ".join(f"{tool} {takes(tool, name, key)}" for tool in TOOLS))
PY
cat > inside.sh <<'IN'
set -e
mount -t cgroup2 none /sys/fs/cgroup
end() { # also after a step that took too long: its container still runs
  while [ -d "$1" ]; do xargs -r kill -9 < "$1/cgroup.procs" || :; rmdir "$1" || sleep 0.1; done
} 2>/dev/null
trap 'end "/sys/fs/cgroup/$1"' EXIT
mount -t tmpfs none /run && ip netns add one
ip -n one link add eth0 type veth peer name eth0.100
mkdir b && mount -t tmpfs none b && cd b
mkdir -p rootfs/{bin,proc,dev,sys} && cp ../p/bin/busybox rootfs/bin/
/usr/bin/python3 ../look.py "$1"
IN
saw=$(unshare -m -n -p -f --mount-proc bash inside.sh "finding-${dir##*.}"); echo "$saw"
[ "$saw" = "net.ipv4.conf.eth0.arp_filter: procps set, busybox set, systemd set, crun set, runc set, tuning set
net.ipv4.conf.eth0/100.arp_filter: procps set, busybox set, systemd set, crun no such file, runc no such file, tuning no such file
net/ipv4/conf/eth0.100/arp_filter: procps set, busybox set, systemd set, crun no such file, runc no such file, tuning no such file" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
