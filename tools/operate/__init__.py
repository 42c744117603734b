"""Tests of the tools behind `make deploy-region` and `make uninstall`."""
