#!/usr/bin/env bash
# dockerfile-parse 2.0.1 (PyPI) takes the lines of a here-document in a Dockerfile (`RUN <<EOF`)
# for instructions. A line of a script that begins with "from" becomes a stage: `baseimage` is
# then a word of a statement in SQL, and `parent_images` has an image that nobody pulls. A line
# with "label" of a copied file is a label of the image. Nothing is told. An empty line after a
# backslash ends an instruction, which goes on in BuildKit.
#   dockerfile-ast 0.7.1 (npm) keeps a here-document whole, but not one whose word has a blank or
#   whose arrows follow the number of a descriptor: then its lines are instructions too.
# The judge is dockerfile 3.4.0 (PyPI), which is BuildKit's own parser with Python around it.
# Expected: the instructions that each one sees, as printed below.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund dockerfile-ast@0.7.1 >/dev/null
python3 -m venv v
v/bin/pip -q install --disable-pip-version-check dockerfile==3.4.0 dockerfile-parse==2.0.1
cat > look.cjs <<'JS'
const { DockerfileParser } = require('dockerfile-ast');
const file = DockerfileParser.parse(require('fs').readFileSync('Dockerfile', 'utf8'));
console.log('dockerfile-ast:   ', ...file.getInstructions().map((it) => it.getKeyword()));
JS
cat > look.py <<'PY'
import sys
import dockerfile
from dockerfile_parse import DockerfileParser

print("BuildKit's parser:", *(it.cmd.upper() for it in dockerfile.parse_file("Dockerfile")))
it = DockerfileParser(path=".")
labels = f", labels {it.labels}" if it.labels else ""
print("dockerfile-parse: ", *(one["instruction"] for one in it.structure),
      f"(base image {it.baseimage}{labels})")
PY
look() { # lines between FROM and CMD
  printf 'FROM debian:12\n%b\nCMD ["sh"]\n' "$1" > Dockerfile
  echo "$1"; v/bin/python look.py; node look.cjs
}
saw=$(
  look 'RUN sql "SELECT name \\\n  FROM users"'
  look 'RUN sql <<EOF\nSELECT name\nFROM users\nEOF'
  look 'COPY <<EOF /etc/disks\nlabel root\nEOF'
  look 'RUN a && \\\n\n  b'
  look 'RUN sql <<"END OF IT"\nSELECT name\nFROM users\nEND OF IT'
  look 'RUN sql 0<<EOF\nSELECT name\nFROM users\nEOF'
); echo "$saw"
diff - <(echo "$saw") >&2 <<'END' || { echo "the behaviour has changed" >&2; exit 1; }
RUN sql "SELECT name \\\n  FROM users"
BuildKit's parser: FROM RUN CMD
dockerfile-parse:  FROM RUN CMD (base image debian:12)
dockerfile-ast:    FROM RUN CMD
RUN sql <<EOF\nSELECT name\nFROM users\nEOF
BuildKit's parser: FROM RUN CMD
dockerfile-parse:  FROM RUN SELECT FROM EOF CMD (base image users)
dockerfile-ast:    FROM RUN CMD
COPY <<EOF /etc/disks\nlabel root\nEOF
BuildKit's parser: FROM COPY CMD
dockerfile-parse:  FROM COPY LABEL EOF CMD (base image debian:12, labels {'root': ''})
dockerfile-ast:    FROM COPY CMD
RUN a && \\\n\n  b
BuildKit's parser: FROM RUN CMD
dockerfile-parse:  FROM RUN B CMD (base image debian:12)
dockerfile-ast:    FROM RUN CMD
RUN sql <<"END OF IT"\nSELECT name\nFROM users\nEND OF IT
BuildKit's parser: FROM RUN CMD
dockerfile-parse:  FROM RUN SELECT FROM END CMD (base image users)
dockerfile-ast:    FROM RUN SELECT FROM END CMD
RUN sql 0<<EOF\nSELECT name\nFROM users\nEOF
BuildKit's parser: FROM RUN CMD
dockerfile-parse:  FROM RUN SELECT FROM EOF CMD (base image users)
dockerfile-ast:    FROM RUN SELECT FROM EOF CMD
END
echo "as described"
