#!/bin/bash
# all.sh PACKAGE...: go test with the race detector where there is a C compiler, and a summary at the end with every
# reason for a skip. GO is the go command. Exit code 1 where anything failed.
set -euo pipefail
go=${GO:-go}

# Packages whose tests measure time or memory on the real kernel: one after another, so that none is the other's noise.
measuring='/(loadgen|workload/local|trial|test/e2e|test/e2e/kube|test/kill|test/restore)$'

race=-race
if [ "$($go env CGO_ENABLED)" != 1 ]; then
  race=
  echo "WARNING: no C compiler, so the tests run without the race detector"
fi

# run FLAG... tests the packages named on its standard input, if any.
run() {
  mapfile -t packages
  if [ ${#packages[@]} -eq 0 ]; then return 0; fi
  $go test $race -json -timeout 12m "$@" "${packages[@]}" </dev/null
}

# The sample of the runs against a real cluster; `make e2e` runs all of them.
cluster='/test/e2e/kube$'
sample='TestKubeletReportsOOMKill|TestDryRunChangesNothing|TestCPUChangesWithoutRestart'

listed=$($go list "$@")
code=0
(
  code=0
  # grep exits 1 where no line matches. A cached result would not see that a program which a test starts has changed.
  { grep -vE "$measuring" || true; } <<<"$listed" | run || code=1
  { grep -E "$measuring" | grep -vE "$cluster" || true; } <<<"$listed" | run -p 1 -count=1 || code=1
  { grep -E "$cluster" || true; } <<<"$listed" | run -p 1 -count=1 -short -run "$sample" || code=1
  exit $code
) | $go run ./test/summary || code=1
exit $code
