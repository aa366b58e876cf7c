"""Makes videos that strangers might send: real clips, changed by a seed, with and without regard to their structure."""
