#!/usr/bin/env bash
# PyPI opencontainers 0.0.15 on image manifests and indexes. The image specification says
# that `mediaType` SHOULD be set at the top (and since 1.1 there are `artifactType` and
# `subject`), and every current builder sets it. The library knows none of the three: it
# prints a line and raises SystemExit, which `except Exception` does not catch, so that
# the whole program ends with code 1. It does the same to an image configuration with a
# `variant`. The same documents without these members load, and come back as they were.
# Expected: the table printed below.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv v
v/bin/pip -q install --disable-pip-version-check opencontainers==0.0.15
cat > look.py <<'PY'
import copy
from opencontainers.image.v1 import Image, Index, Manifest

oci = "application/vnd.oci.image."
def blob(kind, letter):
    return {"mediaType": oci + kind, "digest": "sha256:" + letter * 64, "size": 3}
config = blob("config.v1+json", "a")
manifest = {"schemaVersion": 2, "config": config, "layers": [blob("layer.v1.tar+gzip", "b")]}
index = {"schemaVersion": 2, "manifests": [blob("manifest.v1+json", "c")]}
image = {"architecture": "arm64", "os": "linux",
         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "d" * 64]}}

def load(kind, document, **more):
    document = {**copy.deepcopy(document), **more}
    try:
        loaded = kind()
        loaded.load(copy.deepcopy(document))
        return "the same" if loaded.to_dict() == document else "changed"
    except Exception as error:
        return "error"
    except SystemExit as end:
        return f"the program ends, {end.code}"

def expect(name, saw, wanted):
    print(f"{name:28} -> {saw}", flush=True)
    assert saw == wanted, wanted

ends = "the program ends, 1"
expect("manifest", load(Manifest, manifest), "the same")
expect("manifest, annotations", load(Manifest, manifest, annotations={"a": "b"}), "the same")
expect("manifest, mediaType", load(Manifest, manifest, mediaType=oci + "manifest.v1+json"), ends)
expect("manifest, artifactType", load(Manifest, manifest, artifactType="text/plain"), ends)
expect("manifest, subject", load(Manifest, manifest, subject=blob("manifest.v1+json", "e")), ends)
expect("index", load(Index, index), "the same")
expect("index, mediaType", load(Index, index, mediaType=oci + "index.v1+json"), ends)
expect("configuration", load(Image, image), "the same")
expect("configuration, variant", load(Image, image, variant="v8"), ends)
PY
v/bin/python look.py 2>/dev/null
echo "as described"
