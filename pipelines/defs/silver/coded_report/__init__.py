"""Reports as arrays of integer codes: what counting at scale reads."""
