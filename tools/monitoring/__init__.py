"""Tests of infra/monitoring: the Prometheus rules and the Grafana dashboards."""
