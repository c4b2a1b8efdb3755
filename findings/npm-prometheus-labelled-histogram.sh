#!/usr/bin/env bash
# parse-prometheus-text-format 1.1.1 (npm), which says that its output aims to be compatible
# with prom2json, on the text format 0.0.4: a histogram or summary without labels is read
# as it is. With any label beside `le` or `quantile`, all series of the family become one:
# the labels are gone, `_sum` and `_count` are gone, and each bucket or quantile is that of
# the last series. Counts without quantiles, as in the example of its README, are kept.
#   prometheus_client 0.21.1 (PyPI), from whose parser it was ported, keeps every sample.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund parse-prometheus-text-format@1.1.1 >/dev/null
python3 -m venv v && v/bin/pip -q install --disable-pip-version-check prometheus_client==0.21.1
cat > look.mjs <<'JS'
import fs from 'node:fs';
import parse from 'parse-prometheus-text-format';
console.log(JSON.stringify(parse(fs.readFileSync('in.prom', 'utf8'))[0].metrics));
JS
cat > look.py <<'PY'
from prometheus_client.parser import text_string_to_metric_families
[family] = text_string_to_metric_families(open("in.prom").read())
print(len(family.samples))
PY
look() { # name, samples, expected, text
  printf "$4" > in.prom
  seen=$(node look.mjs); samples=$(v/bin/python look.py)
  echo "$1: $seen; prometheus_client: $samples samples"
  [ "$seen" = "$3" ] && [ "$samples" = "$2" ] || { echo "changed: $1" >&2; exit 1; }
}
look "no label" 4 '[{"buckets":{"1":"1","+Inf":"2"},"count":"2","sum":"3"}]' \
'# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 2
h_sum 3
h_count 2
'
look "one labelled series" 4 '[{"buckets":{"1":"1","+Inf":"2"}}]' \
'# TYPE h histogram
h_bucket{on="a",le="1"} 1
h_bucket{on="a",le="+Inf"} 2
h_sum{on="a"} 3
h_count{on="a"} 2
'
look "two labelled series" 8 '[{"buckets":{"1":"10","+Inf":"20"}}]' \
'# TYPE h histogram
h_bucket{on="a",le="1"} 1
h_bucket{on="a",le="+Inf"} 2
h_sum{on="a"} 3
h_count{on="a"} 2
h_bucket{on="b",le="1"} 10
h_bucket{on="b",le="+Inf"} 20
h_sum{on="b"} 30
h_count{on="b"} 20
'
look "two labelled summaries" 6 '[{"quantiles":{"0.5":"10"}}]' \
'# TYPE s summary
s{on="a",quantile="0.5"} 1
s_sum{on="a"} 2
s_count{on="a"} 3
s{on="b",quantile="0.5"} 10
s_sum{on="b"} 20
s_count{on="b"} 30
'
look "summaries without quantiles" 4 \
  '[{"labels":{"on":"a"},"sum":"2","count":"3"},{"labels":{"on":"b"},"sum":"20","count":"30"}]' \
'# TYPE s summary
s_sum{on="a"} 2
s_count{on="a"} 3
s_sum{on="b"} 20
s_count{on="b"} 30
'
echo "as described"
