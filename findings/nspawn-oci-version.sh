#!/usr/bin/env bash
# systemd-nspawn 252 runs an OCI bundle (`--oci-bundle`), but only of the version 1.0.0 to
# the letter: it refuses 1.0.1 and 1.0.2, whose files are compatible by the specification,
# and so every bundle that Debian 12's own `runc spec` (1.1.5) makes. `crun spec` (1.8.1)
# writes 1.0.0. A member that came after 1.0.0, or one that the specification does not
# know, ends it with code 1 and not one word, where the specification says that unknown
# members are ignored.
# Expected: the table printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download runc=1.1.5+ds1-1+deb12u1 crun=1.8.1-1+deb12u1 libyajl2=2.1.0-3+deb12u2 \
  busybox-static=1:1.35.0-4+deb12u1+b1 systemd-container=252.39-1~deb12u2 \
  libsystemd-shared=252.39-1~deb12u2 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.py <<'PY'
import copy, json, os, subprocess
lib = os.path.abspath("../p/usr/lib/x86_64-linux-gnu")
os.environ["LD_LIBRARY_PATH"] = f"{lib}:{lib}/systemd"
def spec(tool):
    subprocess.run([tool, "spec"], check=True)
    made = json.load(open("config.json"))
    os.remove("config.json")
    return made
made = {"runc": spec("../p/usr/sbin/runc"), "crun": spec("../p/usr/bin/crun")}
# What both tools write about the machine is left out: the version alone is looked at.
def plain(config):
    config = {k: v for k, v in copy.deepcopy(config).items() if k not in ("linux", "mounts")}
    config["process"].pop("rlimits", None)
    config["process"].update(terminal=False, args=["/bin/busybox", "echo", "hello"])
    return config
def expect(name, config, code, wanted):
    json.dump(config, open("config.json", "w"))
    ran = subprocess.run(["../p/usr/bin/systemd-nspawn", "-q", "--register=no", "--keep-unit",
                          "--oci-bundle=" + os.getcwd()], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=30)
    saw = (ran.stdout + ran.stderr).strip()
    print(f"{name:22} -> {ran.returncode}, {saw or 'not a word'}", flush=True)
    assert (ran.returncode, saw) == (code, wanted), wanted
no = "OCI bundle version not supported: "
expect("crun spec", plain(made["crun"]), 0, "hello")
expect("runc spec", plain(made["runc"]), 1, no + "1.0.2-dev")
good = {**plain(made["runc"]), "ociVersion": "1.0.0"}
expect("runc spec as 1.0.0", good, 0, "hello")
for version in "1.0.1", "1.0.2", "1.1.0":
    expect("ociVersion " + version, {**good, "ociVersion": version}, 1, no + version)
expect("with an annotation", {**good, "annotations": {"org.example.a": "b"}}, 0, "hello")
expect("with domainname", {**good, "domainname": "example"}, 1, "")
expect("with an unknown member", {**good, "org.example.a": {}}, 1, "")
good["process"]["user"]["umask"] = 18
expect("with user.umask", good, 1, "")
PY
cat > inside.sh <<'IN'
set -e
mount -t tmpfs none /run
mkdir b && mount -t tmpfs none b && cd b
mkdir -p rootfs/{bin,etc,usr/lib,proc,dev,sys,tmp,run}
cp ../p/bin/busybox rootfs/bin/ && touch rootfs/etc/os-release rootfs/usr/lib/os-release
/usr/bin/python3 ../look.py
IN
unshare -m -p -f --mount-proc bash inside.sh
echo "as described"
