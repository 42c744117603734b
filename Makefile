# One command for each thing to do; `make` lists them. The work is in tools/, so that every step
# can be run and read on its own.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

ENV := . tools/env.sh
PYTHON := .tools/sam/bin/python
# The stack of .tools/run/outputs.json on the local endpoint, or, with LIVE=1, the one that your
# AWS credentials and TIDEGATE_CONTROL_TABLE name.
OPS := tools/ops $(if $(LIVE),--live)

# What you wrote behind a variable's name, as one word of the shell, dollar signs included.
quoted = '$(subst ','\'',$(value $(1)))'

STACK ?= tidegate
SEED ?=
BASE ?=
SECONDS_EACH ?= 60
FUNCTION ?= spike-step-scaler
EVENT ?= tick

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^## /{ printf "\n%s\n", substr($$0, 4) } /^[a-z-]+:.*## /{ printf "  make %-18s %s\n", $$1, $$2 }' Makefile

## The main thing
.PHONY: demo
demo: setup ## play a day through the deployed functions on this machine: table and page (SEED=n|random)
	@$(ENV)
	$(PYTHON) tools/demo.py --stack $(STACK) $(if $(SEED),--seed $(SEED))

## Work on it
.PHONY: test
test: ## what CI runs: lints, all tests, proofs at small length, template, roles, a deployed day
	@tools/test

.PHONY: lint
lint: setup ## format and lints only
	@tools/test --only lint

.PHONY: validate
validate: setup ## cfn-lint, sam validate --lint and the template's own tests
	@tools/test --only template

.PHONY: build
build: setup ## the deployable functions, as target/functions/NAME/bootstrap
	@tools/build-functions

.PHONY: bench-start
bench-start: setup ## start-up and memory against an empty function and Python boto3
	@$(ENV)
	$(PYTHON) tools/bench_start.py

.PHONY: grafana
grafana: setup ## renew the Grafana dashboard that is made from infra/dashboard.yaml
	@$(ENV)
	$(PYTHON) tools/watch_grafana.py

.PHONY: policy-keys
policy-keys: ## renew docs/policy.md's table of policy keys from the code
	@$(ENV)
	$(PYTHON) tools/policy_keys.py

## Prove it (docs/proofs.md)
.PHONY: test-deep
test-deep: ## every proof at full length from a new seed, fuzzing, mutants, roles (SEED=n)
	@tools/test-deep $(if $(SEED),--seed $(SEED))

.PHONY: fuzz
fuzz: setup ## search for inputs that break a law, target by target (SECONDS_EACH=60)
	@tools/setup-deep cargo-fuzz
	tools/fuzz --seconds $(SECONDS_EACH)

.PHONY: mutants
mutants: setup ## every mutant of the domain: are they caught?
	@tools/setup-deep cargo-mutants
	tools/mutants

.PHONY: mutants-diff
mutants-diff: setup ## mutants of what you changed in the domain (BASE=commit, else origin/main)
	@tools/setup-deep cargo-mutants
	tools/mutants --in-diff $(BASE)

.PHONY: iam
iam: setup ## the deployed roles by execution: what is allowed, what is denied, what is idle
	@$(ENV)
	$(PYTHON) tools/iam.py

.PHONY: load-sessions
load-sessions: setup ## load a session table: TPS, latency, errors, CSV (WORKERS=4 RATE=n; LIVE=1 TABLE=.. REGION=..)
	@$(ENV)
	$(PYTHON) tools/load_sessions.py --workers $(or $(WORKERS),4) --seconds $(SECONDS_EACH) $(if $(RATE),--rate $(RATE)) \
	    $(if $(LIVE),--live --table $(call quoted,TABLE) --region $(call quoted,REGION)) \
	    $(if $(ACCEPT_COST),--accept-cost $(ACCEPT_COST))

## Release it (docs/release.md)
.PHONY: release
release: setup ## pack what deploys without Rust: build/release/tidegate-VERSION-x86_64.zip
	@tools/release

.PHONY: deploy-release
deploy-release: ## deploy a release with the SAM CLI that is here (BUNDLE=tidegate-0.1.0-arm64.zip ENVIRONMENT=default)
	@$(if $(value BUNDLE),,$(error which file? make deploy-release BUNDLE=tidegate-0.1.0-arm64.zip))
	tools/deploy-release $(call quoted,BUNDLE) $(if $(value ENVIRONMENT),--config-env $(call quoted,ENVIRONMENT))

## Try it locally
.PHONY: deploy-local
deploy-local: setup ## deploy template.yaml to the local endpoint with the SAM CLI (STACK=name)
	@tools/deploy-local $(STACK)

.PHONY: invoke
invoke: setup ## run one function from source on one event (FUNCTION=spike-step-scaler EVENT=tick)
	@tools/invoke $(FUNCTION) $(EVENT)

.PHONY: route
route: ## who would get an alarm, by which way, and why (ALARM=event.json POLICY=policy.toml EXPECT=topic)
	@$(ENV)
	alarm=$(or $(ALARM),$(error which alarm? make route ALARM=events/alarm-router/critical.json))
	cargo run --quiet --locked -p simulator -- route --alarm "$$alarm" \
	    $(if $(POLICY),--policy $(POLICY)) $(if $(EXPECT),--expect $(EXPECT))

.PHONY: status
status: ## memory, bids and last decision of each fleet (LIVE=1: with your AWS credentials)
	@$(OPS) status

.PHONY: explain
explain: ## the last decisions of a fleet, with their reasons (FLEET=aira-web)
	@$(OPS) explain $(or $(FLEET),$(error which fleet? make explain FLEET=aira-web))

.PHONY: policy-put
policy-put: ## check a policy document, show what changes, store it (FILE=policy.toml)
	@$(OPS) policy-put $(or $(FILE),$(error which file? make policy-put FILE=policy.toml))

.PHONY: silence
silence: ## nobody is told of some alarms (MATCH='fleet="aira-web"' FOR=2h BY=name COMMENT=why)
	@$(if $(value MATCH),,$(error which alarms? make silence MATCH='fleet="aira-web"' FOR=2h BY=name COMMENT=why))
	$(OPS) silence --match $(call quoted,MATCH) $(if $(value STARTS),--starts $(call quoted,STARTS)) \
		--for $(call quoted,FOR) --by $(call quoted,BY) --comment $(call quoted,COMMENT)

.PHONY: silences
silences: ## the silences that hold or are to come (ALL=1: those that are over, too)
	@$(OPS) silences $(if $(ALL),--all)

.PHONY: unsilence
unsilence: ## end a silence now (ID=s-1f0c6a83)
	@$(if $(value ID),,$(error which one? make silences, then make unsilence ID=s-...))
	$(OPS) unsilence $(call quoted,ID)

.PHONY: aira
aira: ## run the reference workload on 127.0.0.1, sessions in memory; says where and how to sign in (PORT=8080)
	@workload/run $(or $(PORT),8080)

.PHONY: load
load: setup ## load the workload with Locust's users: table, report, pictures (USERS=40 MINUTES=2 STAGES=0:5,60:40,90: SEED=n URL=.. CODES=.. INSTANCES=n)
	@tools/setup --load
	$(ENV)
	$(PYTHON) tools/load_aira.py --users $(or $(USERS),40) --minutes $(or $(MINUTES),2) \
		$(if $(value STAGES),--stages $(call quoted,STAGES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(value URL),--url $(call quoted,URL)) $(if $(value CODES),--codes $(call quoted,CODES)) \
		$(if $(INSTANCES),--instances $(INSTANCES)) $(if $(value PROGRAM),--program $(call quoted,PROGRAM))

.PHONY: load-demo
load-demo: ## a fleet of processes under 5 to 400 users: fixed, native steps, Tidegate; one page (RUNS=1 USERS=400 OPTIONS='--help')
	@tools/load-demo $(if $(RUNS),--runs $(RUNS)) $(if $(USERS),--users $(USERS)) $(OPTIONS)

.PHONY: endpoint-start
endpoint-start: setup ## start the local AWS endpoint on 127.0.0.1
	@tools/endpoint start

.PHONY: endpoint-stop
endpoint-stop: ## stop it; it forgets everything
	@tools/endpoint stop

## Attach it and take it off (docs/attach.md)
.PHONY: doctor
doctor: ## a group before Tidegate: what stands in the way, and the mode that follows (GROUP=name POLICY=file REGION=r JSON=1)
	@$(if $(value GROUP),,$(error which group? make doctor GROUP=my-web-group POLICY=policy.toml))
	$(OPS) doctor $(call quoted,GROUP) $(if $(value POLICY),--policy $(call quoted,POLICY)) \
		$(if $(value REGION),--region $(call quoted,REGION)) $(if $(JSON),--json)

.PHONY: uninstall
uninstall: setup ## leave a group as it was found: the plan, and with YES=1 it is done (GROUP=name MIN=n BACKSTOP=remove)
	@$(if $(value GROUP),,$(error which group? make uninstall GROUP=my-web-group, then YES=1))
	tools/uninstall $(call quoted,GROUP) $(if $(LIVE),--live) --stack $(call quoted,STACK) \
		$(if $(value REGION),--region $(call quoted,REGION)) $(if $(value MIN),--min $(call quoted,MIN)) \
		$(if $(filter remove,$(BACKSTOP)),--remove-backstop) $(if $(YES),--yes)

.PHONY: deploy-region
deploy-region: setup ## a further region, on its replica of the session table (REGION=r SET='CacheUrl=...' PRIMARY=r CODE=dir)
	@$(if $(value REGION),,$(error which region? make deploy-region REGION=eu-central-1 SET='CacheUrl=rediss://...'))
	$(ENV)
	$(PYTHON) tools/deploy_region.py $(call quoted,REGION) --stack $(call quoted,STACK) $(if $(LIVE),--live) \
		$(if $(value PRIMARY),--primary $(call quoted,PRIMARY)) $(foreach word,$(SET),--set '$(word)') \
		$(if $(CODE),--code $(call quoted,CODE))

## This machine
.PHONY: preflight
preflight: ## name everything that is missing here, at once
	@tools/preflight

.PHONY: setup
setup: preflight ## install the pinned tools into .tools/ (nothing to do the second time)
	@tools/setup

.PHONY: clean
clean: ## stop the endpoint, remove build outputs and the tools in .tools/
	@if [ -d .tools/run ]; then tools/endpoint stop; fi
	rm -rf .tools .aws-sam build target fuzz/target
