# `make help` lists the targets.
GO     ?= go
BIN    := bin/pgbudget
SOURCE := $(shell git ls-files '*.go' 2>/dev/null) go.mod

.PHONY: help build demo lab install test check race bench soak fidelity clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 12

build: $(BIN) ## build bin/pgbudget

$(BIN): $(SOURCE)
	$(GO) build -o $@ ./cmd/pgbudget

demo: $(BIN) ## plan a recording of a real loaded lab; nothing needs to be installed but Go
	$(BIN) plan --from fixtures/recordings/lab.jsonl

lab: install ## start real PostgreSQL, PgBouncer and Prometheus under load, print the commands to try, and wait
	$(GO) run ./fixtures/lab/labup

install: ## install what the tests need (Debian packages), where it is missing
	@bash fixtures/lab/install.sh

check: ## gofmt, vet, staticcheck
	@fmt=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$fmt" ] || { echo "gofmt: $$fmt"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

race: ## every test, real servers included, under the race detector
	$(GO) test -race -count=1 -timeout 20m ./...

test: install check race demo ## what CI runs: install, check, every test, and one plan of a recording

clean: ## remove what was built
	rm -rf bin
