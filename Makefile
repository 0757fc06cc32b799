# Slipway's front door. On a fresh Debian 12 machine with Swift: `make demo`, `make test`.

SHELL := /bin/bash
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
PREFIX ?= /usr

# What a build links against.
BUILD_PACKAGES := pkg-config binutils libssl-dev libyaml-dev libzstd-dev liblzma-dev zlib1g-dev
# What the running daemon uses: unsquashfs for the base system's modules, depmod for modules.dep, iPXE as loader.
RUN_PACKAGES := squashfs-tools kmod ipxe
# A machine to boot: QEMU, firmware, an address server, namespaces.
LAB_PACKAGES := qemu-system-x86 qemu-system-arm ovmf qemu-efi-aarch64 ipxe-qemu dnsmasq-base kea-dhcp4-server isc-dhcp-server \
    iproute2 ethtool procps tcpdump cpio zstd xz-utils
# The peers that tests and benchmarks compare with.
TEST_PACKAGES := tftp-hpa curl skopeo gzip tar nginx-light systemd docker-registry apache2-utils openssl

# One release build serves all, demo, bench and install. Swift's own libraries are in it, so that it runs where there is no
# toolchain; with other flags everything would be built a second time.
RELEASE := swift build -c release --static-swift-stdlib

.PHONY: all demo test fuzz lab-full check settings-page bench install packages

# The program to install.
all:
	@$(MAKE) --no-print-directory packages WANTED="$(BUILD_PACKAGES)"
	$(RELEASE) --product slipway

# Builds everything, makes a Talos-shaped release out of Debian packages, and boots a virtual machine from it, offline.
demo: packages
	$(RELEASE) --product slipway
	$(RELEASE) --product slipway-demo
	$(SUDO) "$$($(RELEASE) --show-bin-path)/slipway-demo"

# A further folder of known answers (docs/testing.md), which sudo would not let through.
VECTORS = $(if $(SLIPWAY_VECTORS),"SLIPWAY_VECTORS=$(abspath $(SLIPWAY_VECTORS))")

# Tests of values alone, which run beside one another.
PURE := CPIO CanonicalYAML Compression DHCP Fuzz Ground HTTPSemantics IPXE Machines Netboot OCIModel PrometheusMetrics Registries Schematics \
    Settings SquashFS TFTP TalosModel TarArchives Timelines Trust Vector
bar := |
space := $(subst ,, )

# Unit, integration and lab tests. The pure ones run all at once first, where what they share would show. Then all run, one test at
# a time: tests of servers wait for programs, and on two processors two of them at once would leave no thread for the server. The
# lab boots real firmware in QEMU and needs root for its network namespaces.
test: packages
	swift build --build-tests
	env $(VECTORS) swift test --skip-build --filter '^($(subst $(space),$(bar),$(strip $(PURE))))Tests\.'
	$(SUDO) env "PATH=$$PATH" LAB=1 $(VECTORS) swift test --skip-build --no-parallel

# Every case of the lab: each firmware beside each address server, rival and outage, some twenty-five minutes of them.
lab-full: packages
	swift build --build-tests
	$(SUDO) env "PATH=$$PATH" LAB=full swift test --skip-build --no-parallel --filter LabTests

# Every decoder of hostile bytes under libFuzzer, guided by coverage, for so many seconds in all.
FUZZ_SECONDS ?= 300
fuzz:
	@$(MAKE) --no-print-directory packages WANTED="$(BUILD_PACKAGES)"
	Tests/Fuzzing/run $(FUZZ_SECONDS)

# What a change must pass beside the tests: formatting, no warnings, and the page about settings that they make.
SETTINGS_PAGE = "$$(swift build --show-bin-path)/slipway" settings --documentation
check:
	swift format lint --strict --recursive --configuration .swift-format Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources
	swift build --product slipway
	diff -u docs/settings.md <($(SETTINGS_PAGE)) || { echo "run 'make settings-page'" >&2; exit 1; }

# The page about settings, out of their declarations.
settings-page:
	swift build --product slipway
	$(SETTINGS_PAGE) >docs/settings.md

# Ratios against peers in the same run, as a table and as JSON.
bench: packages
	$(RELEASE) --product slipway
	$(RELEASE) --product talos-shaped-release
	swift build -c release --package-path Benchmarks
	$(SUDO) "$$(swift build -c release --package-path Benchmarks --show-bin-path)/slipway-bench"

# The binary without its symbols' names, which are two thirds of it, its unit and user. Run it as yourself after `make`: only
# the copying is done as root. A running daemon keeps the file it was started from until it is restarted.
install:
	@test -x .build/release/slipway || { echo "run 'make' first: there is no .build/release/slipway" >&2; exit 1; }
	$(SUDO) install -D -m 0755 -s .build/release/slipway $(DESTDIR)$(PREFIX)/bin/slipway
	$(SUDO) install -D -m 0644 systemd/slipway.service $(DESTDIR)$(PREFIX)/lib/systemd/system/slipway.service
	$(SUDO) install -D -m 0644 systemd/slipway.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/slipway.conf
	$(SUDO) install -D -m 0644 systemd/slipway.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/slipway.conf
	$(SUDO) install -d $(DESTDIR)/etc/slipway $(DESTDIR)/srv/slipway
	$(SUDO) cp -rn tftp-root $(DESTDIR)/srv/slipway/
ifeq ($(DESTDIR),)
	@$(MAKE) --no-print-directory packages WANTED="$(RUN_PACKAGES)"
	$(SUDO) systemd-sysusers
	$(SUDO) systemd-tmpfiles --create slipway.conf
	$(SUDO) systemctl daemon-reload
	@echo "Next: 'slipway release import', write /etc/slipway/machines.yaml, 'systemctl enable --now slipway'."
endif

# Nothing is installed that is there already. The lists are fetched anew when they are older than a day, because the test release
# is made of packages that are downloaded but not installed. Servers among them are not started, now or at the next boot: a DHCP
# server must not come to a network because somebody ran tests.
WANTED ?= $(BUILD_PACKAGES) $(RUN_PACKAGES) $(LAB_PACKAGES) $(TEST_PACKAGES)
packages:
	@wanted="$(WANTED)"; \
	installed=$$(dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $$wanted 2>/dev/null | awk '$$1 == "installed" {print $$2}'); \
	missing=$$(comm -13 <(sort <<<"$$installed") <(printf '%s\n' $$wanted | sort)); \
	if [ -n "$$missing" ] || [ -z "$$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mtime -1 -print -quit)" ]; then \
	    $(SUDO) apt-get update -qq; \
	fi; \
	if [ -n "$$missing" ]; then \
	    echo "installing" $$missing; \
	    policy=/usr/sbin/policy-rc.d; made=; \
	    if [ ! -e $$policy ]; then printf '#!/bin/sh\nexit 101\n' | $(SUDO) install -m 0755 /dev/stdin $$policy && made=yes; fi; \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=400 \
	        $$missing >/dev/null; status=$$?; \
	    if [ -n "$$made" ]; then $(SUDO) rm -f $$policy; fi; \
	    for unit in $(filter %-server %-registry,$(LAB_PACKAGES) $(TEST_PACKAGES)); do \
	        if [[ " $$missing " == *$$unit* ]] && command -v systemctl >/dev/null; then $(SUDO) systemctl -q disable $$unit || true; fi; \
	    done; \
	    exit $$status; \
	fi
