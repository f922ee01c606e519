"""What people wrote in the workbench, copied into the lake so that tables can be made of it."""
