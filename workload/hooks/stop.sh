#!/bin/bash
# Lets the running answers finish and ends the service. There may be none yet: the first deployment.
set -euo pipefail

if systemctl list-unit-files aira.service --no-legend | grep -q .; then
    systemctl stop aira.service
fi
