//! The router's shell over its ports: record, decide, tell, mark.
