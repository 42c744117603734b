#!/bin/bash
# The files are there: makes them the service.
set -euo pipefail

chown root:root /opt/aira/aira /etc/systemd/system/aira.service
chmod 0755 /opt/aira/aira
chmod 0644 /etc/systemd/system/aira.service
systemctl daemon-reload
systemctl enable aira.service
