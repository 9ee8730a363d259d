#!/bin/bash
# need.sh COMMAND PACKAGE...: makes sure COMMAND is there. As root on Debian or Ubuntu it installs the packages;
# otherwise it names the one command that does, and exits 1.
set -euo pipefail
command=$1
shift

# The names under which Chromium is found, and the one place where its package is no program but a snap.
names=$command
if [ "$command" = chromium ]; then names="chromium chromium-browser google-chrome headless-shell"; fi
for name in $names; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$command" = chromium ] && grep -qs '^ID=ubuntu' /etc/os-release; then
  echo "chromium is missing, and Ubuntu has it as a snap only: snap install chromium"
  exit 1
fi

install="apt-get install -y --no-install-recommends $*"
if ! command -v apt-get >/dev/null; then
  echo "$command is missing: install it with your system's package manager (Debian: $install)"
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  echo "$command is missing: sudo $install"
  exit 1
fi
echo "$command is missing, installing: $*"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if $install </dev/null >"$log" 2>&1; then exit 0; fi
if apt-get update </dev/null >"$log" 2>&1 && $install </dev/null >>"$log" 2>&1; then exit 0; fi
tail -n 5 "$log"
echo "$command could not be installed: $install"
exit 1
