"""Every method side by side: one row a pair and method, in the one shape of `models.result`."""
