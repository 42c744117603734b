"""A small real fleet on one machine, under load: it is run, watched and compared."""
