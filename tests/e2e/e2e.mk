# End-to-end tests: a real Docker daemon, the real docker-compose, and the gateway stand-in.

.PHONY: e2e
e2e: $(BUILD)/ibcred $(BUILD)/ibcred-http $(addprefix $(BUILD)/tests/tools/,docker_call forge_put sink_roundtrip systemd_environment) $(STANDIN) ## run the end-to-end tests (root, docker.io, docker-compose)
	bats tests/e2e
	tests/e2e/scenarios

.PHONY: fresh-root
fresh-root: ## run both README commands on a newly made Debian 12 (root, debootstrap, a mirror)
	tests/e2e/fresh-root
