#!/usr/bin/env bash
# A process with many threads whose main thread waits for a slow FUSE server (Linux 6.18): the
# kernel chooses the main thread for SIGTERM, which cannot run a handler before the server has
# answered, and wakes no other. So os/signal of Go 1.19.8, whose handler may run in any thread,
# tells of nothing. A second SIGTERM is one with the first that is still pending. A signal of any
# other kind finds a thread that is free, and this one runs both handlers: SIGUSR1 brings the
# SIGTERM. With the same wait in another thread each signal comes at once, and so it does where
# every thread blocks the signals and one of them takes them by sigwait().
# Expected: the lines printed below.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root for namespaces of its own" >&2; exit 2; }
[ -c /dev/fuse ] || { echo "needs /dev/fuse" >&2; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get -q download golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" p; done
cat > serve.py <<'PY'
"""A file system whose server is asked for names, notes that in `asked`, and has no answer yet."""
import ctypes, os, struct
LOOKUP, GETATTR, INIT = 1, 3, 26
fd = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
assert ctypes.CDLL(None).mount(b"slow", b"m", b"fuse", 0, options) == 0
while True:
    _, code, unique = struct.unpack_from("<IIQ", os.read(fd, 1 << 18))
    if code == INIT:
        body = struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 8, 8, 4096, 1, 1, 0, 0)
        os.write(fd, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
    elif code == GETATTR:
        body = struct.pack("<16xQ52xIII16x", 1, 0o40755, 2, 0)
        os.write(fd, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
    elif code == LOOKUP:
        open("asked", "w").close()
PY
cat > wait.go <<'GO'
package main

import ("fmt"; "os"; "os/signal"; "runtime"; "syscall")

func init() { runtime.LockOSThread() } // main() runs in the main thread

func main() {
	signals := make(chan os.Signal, 9)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGUSR1)
	go func() { for one := range signals { fmt.Println(one) } }()
	if os.Args[1] == "main" { os.Stat("m/file") }
	go os.Stat("m/file")
	select {}
}
GO
cat > wait.py <<'PY'
import os, signal, threading
kinds = {signal.SIGTERM: "terminated", signal.SIGUSR1: "user defined signal 1"}
signal.pthread_sigmask(signal.SIG_BLOCK, kinds)
def wait():
    while True:
        print(kinds[signal.sigwait(kinds)], flush=True)
threading.Thread(target=wait).start()
os.stat("m/file")
PY
GOROOT=$PWD/p/usr/lib/go-1.19 GOCACHE=$PWD/cache GO111MODULE=off p/usr/lib/go-1.19/bin/go build wait.go
cat > inside.sh <<'IN'
set -e
look() { # words, command; the server ends with this namespace
  mkdir "$1" && cd "$1" && mkdir m
  /usr/bin/python3 ../serve.py & until grep -q "$1/m .* fuse " /proc/self/mountinfo; do sleep 0.1; done
  "${@:2}" >> said & it=$!; disown
  until [ -e asked ]; do sleep 0.1; done; sleep 0.5
  echo "$1:"
  for kind in TERM TERM USR1; do
    : > said; kill -$kind $it; sleep 1
    brings=$(sort said | paste -sd,); echo "  SIG$kind brings: ${brings:-nothing}"
  done
  kill -KILL $it; cd ..
}
look main-thread-waits ../wait main
look other-thread-waits ../wait other
look main-thread-waits-and-sigwait /usr/bin/python3 ../wait.py
IN
saw=$(unshare -m -p -f --mount-proc bash inside.sh); echo "$saw"
[ "$saw" = "main-thread-waits:
  SIGTERM brings: nothing
  SIGTERM brings: nothing
  SIGUSR1 brings: terminated,user defined signal 1
other-thread-waits:
  SIGTERM brings: terminated
  SIGTERM brings: terminated
  SIGUSR1 brings: user defined signal 1
main-thread-waits-and-sigwait:
  SIGTERM brings: terminated
  SIGTERM brings: terminated
  SIGUSR1 brings: user defined signal 1" ] \
  || { echo "the behaviour has changed" >&2; exit 1; }
echo "as described"
