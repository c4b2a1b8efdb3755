#!/usr/bin/env bash
# prometheus-node-exporter 1.5.0 (Debian 12), textfile collector, on files in OpenMetrics
# 1.0: it has the format's `# EOF` and `# UNIT` lines for comments, so that the plainest
# file works and the format seems to be read. Yet the types `info`, `stateset` and
# `unknown`, a timestamp in (fractional) seconds and an exemplar each drop the whole file,
# with the other files still served, and `node_textfile_scrape_error 1` for all of them
# together. A counter (`# TYPE x counter`, sample `x_total`) is served without an error, and
# without its type: `# TYPE x_total untyped`. Only gauges come through as they are.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download prometheus-node-exporter=1.5.0-1+b6 >/dev/null 2>&1
dpkg -x prometheus-node-exporter_*.deb p
mkdir t; printf '# TYPE other gauge\nother 1\n' > t/other.prom
p/usr/bin/prometheus-node-exporter --collector.disable-defaults --collector.textfile \
  --collector.textfile.directory=t --web.listen-address=127.0.0.1:29811 2>log &
scrape() {
  python3 - <<'PY'
import time, urllib.request
for _ in range(50):
    try:
        text = urllib.request.urlopen("http://127.0.0.1:29811/metrics").read().decode()
        break
    except OSError:
        time.sleep(0.2)
keep = ("x", "# TYPE x", "other", "node_textfile_scrape_error")
print("; ".join(l for l in text.splitlines() if l.startswith(keep)))
PY
}
look() { # name, expected, text
  printf "$3" > t/x.prom
  seen=$(scrape); echo "$1: $seen"
  [ "$seen" = "$2" ] || { echo "changed: $1" >&2; exit 1; }
}
lost='node_textfile_scrape_error 1; other 1'
kept='node_textfile_scrape_error 0; other 1'
look "gauge with unit" "$kept; # TYPE x_seconds gauge; x_seconds 5" \
  '# TYPE x_seconds gauge\n# UNIT x_seconds seconds\nx_seconds 5\n# EOF\n'
look info "$lost" '# TYPE x info\nx_info{a="b"} 1\n# EOF\n'
look stateset "$lost" '# TYPE x stateset\nx{x="a"} 1\n# EOF\n'
look unknown "$lost" '# TYPE x unknown\nx 1\n# EOF\n'
look counter "$kept; # TYPE x_total untyped; x_total 5" '# TYPE x counter\nx_total 5\n# EOF\n'
look timestamp "$lost" '# TYPE x gauge\nx 5 1700000000.5\n# EOF\n'
look exemplar "$lost" '# TYPE x counter\nx_total 5 # {a="b"} 1\n# EOF\n'
echo "as described"
