# Sourced by every script here: where things are, and what no tool may do by itself.
# shellcheck shell=bash
TIDEGATE_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
TIDEGATE_TOOLS="$TIDEGATE_ROOT/.tools"
TIDEGATE_RUN="${TIDEGATE_RUN:-$TIDEGATE_TOOLS/run}"
export TIDEGATE_ROOT TIDEGATE_TOOLS TIDEGATE_RUN
# Links to the few commands we use, so that the environments' own python3 and pip stay out of PATH.
export PATH="$TIDEGATE_TOOLS/bin:$PATH"
# cargo-lambda links with Zig, which it looks for as a Python module.
export CARGO_ZIGBUILD_PYTHON_PATH="$TIDEGATE_TOOLS/lambda/bin/python"
# Nothing here may fetch a Rust toolchain or target: cargo-lambda would call `rustup target add`
# for another architecture. A dead address turns that into a clear error.
export RUSTUP_DIST_SERVER=http://127.0.0.1:9
export RUSTUP_AUTO_INSTALL=0
export SAM_CLI_TELEMETRY=0
export PIP_DISABLE_PIP_VERSION_CHECK=1
export PYTHONDONTWRITEBYTECODE=1
