#!/usr/bin/env bash
# systemdunitparser 0.4 (PyPI) reads units as configparser reads its files. A line that ends in a
# backslash ends there: the rest of the value becomes a setting of its own where it has a "=",
# which systemd never sees, and an error where it has neither that nor an indent. An indented
# line, to systemd 252 a setting like any other, is joined to the value before it.
#   systemd-analyze names each setting that it does not know.
# Expected: the lines printed below.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv v
v/bin/pip -q install --disable-pip-version-check systemdunitparser==0.4
apt-get -q download systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2 \
  libip4tc2=1.8.9-2 libkmod2=30+20221128-1 libapparmor1=3.0.8-3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > look.py <<'PY'
from SystemdUnitParser import SystemdUnitParser
unit = SystemdUnitParser()
try:
    unit.read("u.service")
    print("  parser: ", dict(unit["Service"]))
except Exception as error:
    print("  parser: ", type(error).__name__)
PY
look() {
  echo "$1:"; shift
  printf '%s\n' "[Service]" "$@" "ExecStart=/bin/true" > u.service
  v/bin/python look.py
  echo "  systemd: $(LD_LIBRARY_PATH=p/usr/lib/x86_64-linux-gnu:p/usr/lib/x86_64-linux-gnu/systemd \
    p/usr/bin/systemd-analyze --man=no verify ./u.service 2>&1 | grep -o "Unknown key '.*'" \
    || echo "all known")"
}
saw=$(
look "two lines" "Environment=A=1" "Another=2"
look "one line" "Environment=A=1 Another=2"
look "continued" "Environment=A=1 \\" "Another=2"
look "continued, indented" "Environment=A=1 \\" "  Another=2"
look "continued, without =" "PassEnvironment=A \\" "Another"
look "indented alone" "Environment=A=1" "  Another=2"
); echo "$saw"
[ "$saw" = "two lines:
  parser:  {'Environment': 'A=1', 'Another': '2', 'ExecStart': '/bin/true'}
  systemd: Unknown key 'Another'
one line:
  parser:  {'Environment': 'A=1 Another=2', 'ExecStart': '/bin/true'}
  systemd: all known
continued:
  parser:  {'Environment': 'A=1 \\\\', 'Another': '2', 'ExecStart': '/bin/true'}
  systemd: all known
continued, indented:
  parser:  {'Environment': 'A=1 \\\\\\nAnother=2', 'ExecStart': '/bin/true'}
  systemd: all known
continued, without =:
  parser:  ParsingError
  systemd: all known
indented alone:
  parser:  {'Environment': 'A=1\\nAnother=2', 'ExecStart': '/bin/true'}
  systemd: Unknown key 'Another'" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
