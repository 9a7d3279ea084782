# SPDX-License-Identifier: MIT
# What people type; docs/development.md says how it works. Every target sets up what it needs, without a question.

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
# Other sizes of the WebSocket buffer that the suites must pass at; the firmware's own default is in firmware/Makefile.
VARIANTS := 65535 512 160
# How many tests and suites run at a time, two at least: most wait for an emulator of their own.
WORKERS := $(shell n=$$(nproc); echo $$((n > 2 ? n : 2)))
PYTEST = PATH="$(BIN):$$PATH" $(BIN)/python -m pytest bench/tests -n $(WORKERS) --dist loadfile --junitxml=build/pytest.xml
ROBOT_OUTPUT = --outputdir build/robot --xunit xunit.xml
ROBOT = PATH="$(BIN):$$PATH" $(BIN)/robot $(ROBOT_OUTPUT) robot/
PABOT = PATH="$(BIN):$$PATH" $(BIN)/pabot --chunk --processes $(WORKERS) --no-pabotlib $(ROBOT_OUTPUT) robot/
SHRINK_CHECK = PATH="$(BIN):$$PATH" $(BIN)/python -m pic32bench.cli shrink --check
CONFORMANCE = PATH="$(BIN):$$PATH" $(BIN)/python -m pic32bench.cli conformance \
    $(if $(CASES),--cases "$(CASES)") $(if $(PYTHON2),--python2 "$(PYTHON2)")
BENCH = $(if $(COMPARE),--compare "$(COMPARE)") $(if $(ORIGINAL),--original "$(ORIGINAL)") $(if $(RUNS),--runs $(RUNS))

.DEFAULT_GOAL := help
.PHONY: help run test bench fuzz stock-qemu setup packages venv emulator firmware firmware-variants firmware-whole firmware-large peer built lint check-c shrink-check
.PHONY: conformance conformance-original pytest clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: built ## set up, build, and run the Robot suites; log in build/robot/log.html
	@$(ROBOT)

test: built firmware-variants ## set up, build, and run every check and test
	@failed=; \
	$(MAKE) --no-print-directory lint || failed="$$failed lint"; \
	$(PYTEST) || failed="$$failed pytest"; \
	$(PABOT) || failed="$$failed robot"; \
	$(SHRINK_CHECK) || failed="$$failed shrink-check"; \
	if [ -n "$$failed" ]; then echo "make test: failed:$$failed" >&2; exit 1; fi; \
	echo "make test: everything passed"

bench: built firmware-large stock-qemu ## measure speed; table here and in build/bench.json; COMPARE=old.json shows changes
	@PATH="$(BIN):$$PATH" $(BIN)/python -m pic32bench.benchmark --output build/bench.json $(BENCH)

fuzz: built ## fuzz the firmware, each protocol for MINUTES (5); corpora in firmware/fuzz
	@failed=; for protocol in ethernet arp ip tcp udp dhcp nbns http websocket; do \
	    $(BIN)/python -m pic32bench.cli fuzz $$protocol --minutes $(or $(MINUTES),5) --seed $$(date +%s) || failed="$$failed $$protocol"; \
	done; if [ -n "$$failed" ]; then echo "make fuzz: failed:$$failed" >&2; exit 1; fi

# What the emulator is held against. Nothing else needs it, and without it there is only no ratio.
stock-qemu:
	@$(PYTHON) platforms/debian_packages.py qemu-system-mips || echo "bench: goes on without Debian's QEMU"

setup: packages venv ## install the Debian packages and Python packages that are missing

packages:
	@$(PYTHON) platforms/debian_packages.py

# Installed again whenever pyproject.toml says something else than at the last time.
venv: packages
	@mkdir -p build && flock build/.venv.lock sh -ec 'cmp -s pyproject.toml $(VENV)/.installed && exit; \
	    echo "setup: installing Python packages into $(VENV)"; \
	    [ -x $(BIN)/python ] && $(BIN)/python -c "import pip" 2>/dev/null || $(PYTHON) -m venv --clear $(VENV); \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"; \
	    cp pyproject.toml $(VENV)/.installed'

emulator: packages ## build qemu-system-mipsel with the PIC32MZ machine, or take it from the cache
	@$(PYTHON) platforms/qemu/build.py

firmware: packages ## build the reference firmware
	@echo "firmware: building"
	@$(MAKE) --no-print-directory -C firmware

peer: packages ## build the TCP/IP station for network wire
	@echo "peer: building"
	@$(MAKE) --no-print-directory -C platforms/peer

firmware-variants: $(VARIANTS:%=firmware-ws%) firmware-whole firmware-large ## build the firmware with other WebSocket buffers, and with a large file

# Noise, so that nobody can compress it; the same each time.
build/assets/megabyte.bin:
	@mkdir -p $(@D)
	@$(PYTHON) -c "import hashlib, sys; sys.stdout.buffer.write(hashlib.shake_128(b'megabyte').digest(1 << 20))" > $@.new
	@mv $@.new $@

firmware-large: firmware build/assets/megabyte.bin ## build the firmware with a file of 1 MiB beside its page
	@echo "firmware: building with a file of 1 MiB"
	@$(MAKE) --no-print-directory -C firmware EXTRA_ASSETS=$(CURDIR)/build/assets BUILD=$(CURDIR)/build/$@

.PHONY: $(VARIANTS:%=firmware-ws%)
$(VARIANTS:%=firmware-ws%): firmware-ws%: firmware
	@echo "firmware: building with WS_BUFFER_SIZE=$*"
	@$(MAKE) --no-print-directory -C firmware WS_BUFFER_SIZE=$* BUILD=$(CURDIR)/build/$@

firmware-whole: firmware ## build the firmware with WS_WHOLE_MESSAGES
	@echo "firmware: building with WS_WHOLE_MESSAGES=1"
	@$(MAKE) --no-print-directory -C firmware WS_WHOLE_MESSAGES=1 WS_BUFFER_SIZE=4096 BUILD=$(CURDIR)/build/$@

# Side by side, as one waits for the network while another computes.
built: packages
	@$(MAKE) --no-print-directory -j4 venv emulator firmware peer

# MYPYPATH: build.py imports its neighbour.
lint: export MYPYPATH := bench:platforms/qemu
lint: venv check-c ## static checks: ruff, mypy, C warnings
	@status=0; \
	echo "lint: ruff"; $(BIN)/ruff check --quiet . || status=1; \
	echo "lint: mypy"; $(BIN)/mypy --no-error-summary || status=1; \
	$(BIN)/mypy --no-error-summary platforms/debian_packages.py platforms/qemu/build.py \
	    platforms/qemu/generate.py platforms/qemu/peripherals.py || status=1; \
	exit $$status

check-c: packages ## build the emulator and compile the overlay with -Wall -Wextra -Werror
	@$(PYTHON) platforms/qemu/build.py --check

shrink-check: built ## try again what firmware/shrink-baseline.json has as proven minima
	@$(SHRINK_CHECK)

# Without a size, as shipped. With one the firmware as shipped is not built: make would hand the size on to it.
CONFORMANCE_BUILD = build/firmware-ws$(WS_BUFFER_SIZE)
CONFORMANCE_BASELINE = $(wildcard firmware/conformance/ws-buffer-size-$(WS_BUFFER_SIZE).json)
ifeq ($(WS_BUFFER_SIZE),)
conformance: built ## Autobahn's testsuite against the firmware, 301 cases; WS_BUFFER_SIZE=N, CASES=1.*,7.1.1, PYTHON2=FILE
	@$(CONFORMANCE) --output build/conformance/default
else
conformance: venv emulator
	@echo "firmware: building with WS_BUFFER_SIZE=$(WS_BUFFER_SIZE)"
	@$(MAKE) --no-print-directory -C firmware BUILD=$(CURDIR)/$(CONFORMANCE_BUILD)
	@$(CONFORMANCE) $(CONFORMANCE_BUILD)/websocket-demo.elf --output build/conformance/ws-buffer-size-$(WS_BUFFER_SIZE) \
	    $(if $(CONFORMANCE_BASELINE),--baseline $(CONFORMANCE_BASELINE))
endif

# What it must not become worse than is in the file about the very same image.
conformance-original: built ## the same against the original demo, ORIGINAL=path/to.hex
	@hex="$(or $(ORIGINAL),$(PIC32BENCH_ORIGINAL_HEX))"; \
	[ -f "$$hex" ] || { echo "conformance-original: no image of the original demo: give ORIGINAL=path/to.hex" >&2; exit 2; }; \
	baseline=$$(grep -l "$$(sha256sum "$$hex" | cut -d ' ' -f 1)" firmware/conformance/original-*.json); \
	$(CONFORMANCE) "$$hex" --until 'IP Address: 10\.' --pause 1 --output build/conformance/original \
	    $${baseline:+--baseline "$$baseline"}

pytest: built firmware-variants ## the pytest suites only
	@$(PYTEST)

clean: ## remove build/; the caches outside the tree stay
	rm -rf build
