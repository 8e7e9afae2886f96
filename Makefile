# `make help` lists the targets.
GO     ?= go
BIN    := bin/pgbudget
FUZZTIME ?= 3m
FUZZLONG ?= 1h
SOURCE := $(shell git ls-files '*.go' 2>/dev/null) go.mod

.PHONY: help build demo scenarios lab split install unit steady test check race fidelity coverage faults topology flood pace mutate soak bench pictures clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 12

build: $(BIN) ## build bin/pgbudget

$(BIN): $(SOURCE)
	$(GO) build -o $@ ./cmd/pgbudget

demo: $(BIN) ## plan a recording of a real loaded lab; nothing needs to be installed but Go
	$(BIN) plan --from fixtures/recordings/lab.jsonl

scenarios: $(BIN) ## run every shipped scenario and check what it expects, with a JUnit report each under bin/
	@for s in fixtures/scenarios/*.yaml; do $(BIN) simulate --junit bin/$$(basename $$s .yaml).xml $$s > bin/$$(basename $$s .yaml).txt || { cat bin/$$(basename $$s .yaml).txt; exit 1; }; done

lab: install $(BIN) ## start real PostgreSQL, PgBouncer and Prometheus under load, print the commands to try, and wait
	$(GO) build -o bin/labup ./fixtures/lab/labup
	@bin/labup

split: install $(BIN) ## start the lab of a split in small, whose traffic a flag shifts, print the commands to try, and wait
	$(GO) build -o bin/labup ./fixtures/lab/labup
	@bin/labup --shift

install: ## install what the tests need (Debian packages), where it is missing
	@bash fixtures/lab/install.sh

check: ## no file above 256 KiB, gofmt, vet, staticcheck, errorlint, and whether the faults of make mutate can still be put in
	@big=$$(git ls-files -z | xargs -0 sh -c 'find "$$@" -size +256k' -); [ -z "$$big" ] || { echo "over 256 KiB: $$big"; exit 1; }
	@fmt=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$fmt" ] || { echo "gofmt: $$fmt"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) tool go-errorlint -test=false ./...
	$(GO) vet -tags heap ./sim
	$(GO) -C fixtures/bench/simgo vet .
	sh fixtures/mutate.sh --applies

race: ## every test, real servers included, each package under the race detector
	@GO=$(GO) bash fixtures/race.sh

steady: ## make test beside two busy loops: green on a machine half as fast
	@sh -c 'while :; do :; done' & a=$$!; sh -c 'while :; do :; done' & b=$$!; trap "kill $$a $$b" EXIT; $(MAKE) test

unit: ## the tests that need no server, in about a minute: without what does one thing thousands of times
	@GO=$(GO) bash fixtures/unit.sh

test: install check race demo scenarios ## what CI runs: install, check, every test, one plan of a recording, every shipped scenario

fidelity: install ## estimates against the generator's own ledger, and the simulator against the real lab, into sim/README.md
	PGBUDGET_TEST_WINDOW=60s $(GO) test -count=1 -v -timeout 40m -run 'TestEstimate|TestObserve' ./cmd/pgbudget
	$(GO) run ./fixtures/fidelity/compare --page sim/README.md

coverage: install ## how often intervals of loads hold the load, in 1000 windows of each experiment (half an hour of a core) and 48 of real servers, into fixtures/README.md
	PGBUDGET_TEST_WINDOW=60s $(GO) test -tags soak -count=1 -v -timeout 40m -run TestLiveWindows ./cmd/pgbudget -args -update
	$(GO) run ./fixtures/coverage -windows 1000 -page fixtures/README.md

faults: install ## what step does when something goes wrong on a real lab, and 50 times when something hangs (half an hour), into bouncer/README.md
	$(GO) test -count=1 -parallel 4 -run TestAFaultEndsWithItsExitCodeAndReason ./cmd/pgbudget -timeout 100m -args -update -every-fault

topology: ## three hosts of two roles behind ssh and HAProxy in network namespaces: a run to the plan and back, with a link cut (root)
	@bash fixtures/lab/install.sh topology
	$(GO) test -tags soak -count=1 -v -timeout 20m -run 'TestGitLabsLayout' ./cmd/pgbudget

flood: install ## 50 random fleets of real servers, each driven to all that its pools may open
	PGBUDGET_SOAK=1 $(GO) test -count=1 -v -timeout 60m -parallel 4 -run TestRandomFleetsOpenNoMoreThanTheirLedger ./fixtures/flood

pace: $(BIN) ## what small and large steps cost in time and in waiting, into sim/README.md
	$(GO) run ./fixtures/pace sim/README.md

soak: install ## fuzz targets for FUZZTIME (default 3m; text, passwords and journals for FUZZLONG, 1h), live tests five times, theory and fleets in full, interruptions, races, death at every file operation (strace)
	@for f in planner/queue:FuzzErlang planner/queue:FuzzMinServers planner/allocate:FuzzSolve bouncer/config:FuzzParse bouncer/recording:FuzzRead sim/scenario:FuzzParse bouncer/ini:FuzzEdit; do \
	  $(GO) test -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZTIME) ./$${f%:*} || exit 1; done
	@for f in bouncer/quote:FuzzLine bouncer/secret:FuzzWithoutPasswords bouncer/journal:FuzzJournal; do \
	  $(GO) test -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZLONG) ./$${f%:*} || exit 1; done
	$(GO) test -race -count=5 -timeout 60m ./bouncer/live/... ./bouncer/prom ./fixtures/lab ./fixtures/lab/clients ./fixtures/lab/pace
	PGBUDGET_SOAK=1 $(GO) test -count=1 -timeout 90m ./sim ./sim/batch
	$(GO) test -tags soak -count=1 -timeout 20m -run 'TestDeathAtEvery|TestEveryLineThatLabup' ./cmd/pgbudget ./fixtures/lab/labup
	PGBUDGET_SOAK=1 $(GO) test -count=1 -timeout 90m -run 'TestWhateverIsInterrupted|TestTwoOperators' ./cmd/pgbudget
	PGBUDGET_TEST_WINDOW=60s $(GO) test -count=1 -timeout 40m -run 'TestRunMovesALive|TestRunShiftsLive' ./cmd/pgbudget

mutate: install ## faults put into the product, one at a time: each must turn its test red
	sh fixtures/mutate.sh

bench: ## the solver against GLPK, CBC and a bare loop; queueing; a way and a recording read, by the command; the simulator against bare holds and simgo; into fixtures/README.md
	@bash fixtures/lab/install.sh bench
	@mkdir -p bin
	{ $(GO) test -run '^$$' -bench . -benchmem ./planner/... ./sim ./bouncer/recording && $(GO) test -run '^$$' -bench PlanPath ./cmd/pgbudget && $(GO) run ./fixtures/bench/peers && $(GO) -C fixtures/bench/simgo run .; } > bin/bench.txt || { cat bin/bench.txt; exit 1; }
	@cat bin/bench.txt
	@bash fixtures/bench/page.sh bin/bench.txt fixtures/README.md

pictures: ## the report of a simulated rollout as a browser draws it, into fixtures/pictures (needs Debian's chromium)
	@GO=$(GO) bash fixtures/pictures.sh

clean: ## remove what was built
	rm -rf bin
