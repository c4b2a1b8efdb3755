#!/usr/bin/env bash
# glibc 2.36: getmntent(3) reads a row of 4 096 bytes or more, such as an overlay with some
# dozens of layers, cut and without an error: its last option is half a path, and
# upperdir and workdir, which stand behind the layers, are missing. getmntent_r(3) cuts to
# the caller's buffer in the same way. And of the kernel's escapes one is not undone: a
# `#` in a source is written as \043 by the kernel and stays \043.
set -euo pipefail
version=$(getconf GNU_LIBC_VERSION); echo "$version"
[ "$version" = "glibc 2.36" ] || { echo "needs glibc 2.36 (Debian 12)" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 - <<'PY'
import ctypes

class Entry(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("source", "point", "type", "options")]
    _fields_ += [("freq", ctypes.c_int), ("pass_", ctypes.c_int)]

libc = ctypes.CDLL("libc.so.6")
libc.setmntent.restype = ctypes.c_void_p
libc.getmntent.restype = ctypes.POINTER(Entry)
libc.getmntent.argtypes = [ctypes.c_void_p]

layers = ":".join(f"/var/lib/layers/{i:060d}" for i in range(100))
options = f"rw,lowerdir={layers},upperdir=/upper,workdir=/work"
with open("mounts", "w") as table:
    table.write(f"overlay /merged overlay {options} 0 0\n")
    table.write("a\\040b\\043c /mnt tmpfs rw 0 0\n")
file = libc.setmntent(b"mounts", b"r")
row = libc.getmntent(file).contents
got = row.options.decode()
print(f"options written: {len(options)} bytes, read: {len(got)}, upperdir read: {'upperdir' in got}")
assert options.startswith(got) and len(got) < 4096 and "upperdir" not in got
source = libc.getmntent(file).contents.source.decode()
print("source written: a b#c, read:", source)
assert source == "a b\\043c"
assert not libc.getmntent(file)
PY
echo "as described"
