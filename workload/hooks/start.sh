#!/bin/bash
# Starts the service.
set -euo pipefail

systemctl restart aira.service
