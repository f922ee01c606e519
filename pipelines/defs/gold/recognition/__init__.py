"""When authorities recognised that a substance does something: what dates the benchmark of early detection."""
