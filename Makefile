# Two commands do everything on a fresh Debian or Ubuntu with Go, git and make: `make demo` and `make test`.
# What a target needs beyond Go it installs itself as root on Debian or Ubuntu; otherwise it names the one command that
# does (test/need.sh). CI calls these same targets.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO ?= go
# How long each fuzz target runs, how many kills `make kill` does and checks `make check-noise`, what `make test` tests.
FUZZTIME ?= 30s
KILLS ?= 200
CHECKS ?= 30
PACKAGES ?= ./...
# Where `make oracle`, bench-load and bench-tuner save their rows, and which services the oracle sweeps (a,b,c).
OUT ?=
SERVICES ?= demo
# Which seed of `make restore` or e2e-long to go on with, and a regular expression of the cases they play.
SEED ?=
ONLY ?=

# The Go tools that `make bench-load` measures beside Plimsoll.
PEERS = vegeta k6 bombardier
vegeta = github.com/tsenart/vegeta/v12@v12.13.0
k6 = go.k6.io/k6@v1.8.1
bombardier = github.com/codesenberg/bombardier@v1.2.6

# -trimpath and no build id: two builds of one commit are the same bytes.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-buildid= -s -w -X main.buildVersion=$(VERSION)'

.PHONY: help build demo test lint fuzz golden bench bench-load bench-tuner oracle kill check-noise screenshots restore test-v2
.PHONY: cluster cluster-down cluster-needs e2e e2e-long image clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/plimsoll, bin/kubectl-plimsoll (the same, as a kubectl plugin) and bin/demoservice
	$(BUILD) -o bin/plimsoll ./cmd/plimsoll
	$(BUILD) -o bin/demoservice ./demo
	ln -sf plimsoll bin/kubectl-plimsoll

demo: build ## derive the limits of the bundled demo service, on this machine, in three to five minutes
	bin/plimsoll demo --overwrite

test: ## lint, then all tests; what needs root, a cgroup, a cluster or Chromium and finds none skips and says why
	@test/need.sh gcc gcc libc6-dev || true
	@test/need.sh chromium chromium || true
	@$(MAKE) cluster-needs || true
	@lint=0; $(MAKE) lint || lint=1; \
	tests=0; GO='$(GO)' test/all.sh $(PACKAGES) || tests=1; \
	if [ $$lint -ne 0 ]; then echo "FAIL: make lint, see above"; fi; \
	exit $$(( lint | tests ))

lint: ## gofmt, go vet (linux, darwin), arm64 build, staticcheck, and the rules of the house (test/lint)
	@files=$$(gofmt -l $$($(GO) list -f '{{.Dir}}' ./...)); \
	if [ -n "$$files" ]; then echo "not formatted, run gofmt -w on:"; echo "$$files"; exit 1; fi
	$(GO) vet ./...
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) vet ./...
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./...
	$(GO) tool -modfile=test/lint/tools.mod staticcheck ./...
	$(GO) test -count=1 ./test/lint
	@$(GO) mod tidy -diff >/dev/null || { echo "go.mod is not tidy, run: go mod tidy"; exit 1; }

fuzz: ## every fuzz target for FUZZTIME (30s)
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u); do \
	  for target in $$(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' $$package | sed 's/func //' | sort -u); do \
	    echo "== $$package $$target for $(FUZZTIME)"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
	  done; done

golden: ## rewrite the golden files (-update); read the diff before you commit it
	@for package in $$(grep -rlE --include='*_test.go' 'Bool(Var)?\(.*"update"' . | xargs -r -n1 dirname | sort -u); do \
	  $(GO) test -count=1 $$package -update; done
	@git --no-pager diff --stat -- '*testdata*'

bench: ## all Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-load: build $(PEERS:%=.cache/bin/%) ## the load generator beside wrk, vegeta, k6 and bombardier; rows to OUT
	@test/need.sh nginx nginx || true
	@test/need.sh wrk wrk || true
	$(GO) run ./bench/load $(if $(OUT),-out '$(OUT)')

# A peer that can't be built costs its own rows only.
.cache/bin/%:
	GOBIN='$(CURDIR)/.cache/bin' $(GO) install $($*) || true

bench-tuner: ## the tuner on a fleet of simulated services; rows to OUT
	$(GO) run ./bench/tuner $(if $(OUT),-out '$(OUT)')

oracle: build ## sweep SERVICES for their least limits without the tuner, then tune; rows of both to OUT
	$(GO) build -o .cache/oracle/bin/gocache ./test/oracle/services/gocache
	@case ',$(SERVICES),' in *,nginx,*) test/need.sh nginx nginx-light ;; esac
	@case ',$(SERVICES),' in *,nodejs,*) test/need.sh node nodejs ;; esac
	@case ',$(SERVICES),' in *,java,*) test/need.sh javac default-jdk-headless && \
	  javac -d .cache/oracle/classes test/oracle/services/Server.java ;; esac
	@mkdir -p .cache
	$(GO) run ./test/oracle -out '$(or $(OUT),.cache/oracle.json)' -services '$(SERVICES)' -sweep-time '$(or $(SWEEP_TIME),4m)'

kill: build ## kill -9 plimsoll at KILLS (200) random instants; nothing may be left behind
	$(GO) test -count=1 -v -timeout 60m ./test/kill -args -kills=$(KILLS)

check-noise: ## CHECKS (30) checks of an unchanged local service; none may call it worse (about 20 minutes)
	$(GO) test -count=1 -v -timeout 60m -run TestCheckNoise ./test/e2e -args -checks=$(CHECKS)

restore: build ## restoring proven in a real API server: killed at every call, every fault; table to OUT
	PLIMSOLL_BIN='$(CURDIR)/bin/plimsoll' $(GO) test -count=1 -v -timeout 60m ./test/restore -args -all \
	  -state='$(CURDIR)/.cache/restore' -seed=$(or $(SEED),0) $(if $(OUT),-out='$(abspath $(OUT))') $(if $(ONLY),-only='$(ONLY)')

screenshots: ## the pictures of the report in docs/images; needs Chromium
	@test/need.sh chromium chromium
	REPORT_SCREENSHOTS='$(CURDIR)/docs/images' $(GO) test -count=1 -run TestScreenshots ./reports

test-v2: ## prove limits, OOM, throttling, delegation and clean-up on cgroup v2, in a small VM
	@test/need.sh qemu-system-x86_64 qemu-system-x86
	$(GO) run ./test/vm

# What a cluster needs of the machine. Its programs are built once, into the user's cache directory: minutes, not seconds.
cluster-needs:
	@if [ "$$(uname)" != Linux ] || [ "$$(id -u)" != 0 ]; then echo "no cluster for the tests: it needs Linux and root"; exit 1; fi; \
	test/need.sh /usr/lib/cni/bridge containernetworking-plugins && test/need.sh iptables iptables && \
	test/need.sh ip iproute2 && test/need.sh nsenter util-linux && test/need.sh gcc gcc libc6-dev && \
	{ pkg-config --exists libseccomp 2>/dev/null || test/need.sh libseccomp pkg-config libseccomp-dev; } && $(GO) run ./test/kube/cluster build

cluster: cluster-needs ## a real single-node Kubernetes on this machine, as root; prints its KUBECONFIG and how to use it
	$(GO) run ./test/kube/cluster up

cluster-down: ## end it and remove every trace, also after a kill -9
	$(GO) run ./test/kube/cluster down

e2e: ## whole runs against a real cluster: one of its own, PLIMSOLL_CLUSTER=NAME or PLIMSOLL_KUBECONFIG=FILE (test/kube)
	@if [ -z "$$PLIMSOLL_CLUSTER$$PLIMSOLL_KUBECONFIG" ]; then $(MAKE) cluster-needs; fi
	$(GO) test -count=1 -v -timeout 20m -parallel 3 ./test/e2e/kube

e2e-long: ## whole searches on a real cluster, and 50 runs killed and restored: two hours on a quiet machine
	@if [ -z "$$PLIMSOLL_CLUSTER$$PLIMSOLL_KUBECONFIG" ]; then $(MAKE) cluster-needs; fi
	$(GO) test -count=1 -v -timeout 5h -run '$(or $(ONLY),^TestLong)' ./test/e2e/kube -args -long -seed=$(or $(SEED),0)

image: build ## bin/plimsoll-image.tar: the image that a load in the cluster runs, without a container engine
	$(GO) run ./test/image -program bin/plimsoll -name 'ghcr.io/plimsoll/plimsoll:$(subst +,-,$(VERSION))'

clean: ## remove what the targets made
	rm -rf bin .cache plimsoll-report
