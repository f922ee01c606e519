"""What the command line starts that is no method on a file: runs, pages, comparisons, the dictionary, the doctor."""
