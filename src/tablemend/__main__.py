"""`python -m tablemend`."""

from tablemend.cli.main import main

main()
