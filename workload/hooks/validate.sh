#!/bin/bash
# The deployment went well when the instance says that it wants requests; what it says else is shown.
set -euo pipefail

port="$(sed -n 's/^AIRA_LISTEN=.*://p' /etc/aira.env | tail -n 1)"
for _ in $(seq 1 40); do
    if curl -fsS --max-time 2 "http://127.0.0.1:${port:-8080}/readyz"; then
        exit 0
    fi
    sleep 1
done
systemctl status --no-pager --lines=20 aira.service || true
exit 1
