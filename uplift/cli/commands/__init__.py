"""One command a file: arguments in, one call, output. Only `uplift.cli.main` names them."""
