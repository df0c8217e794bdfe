"""Outlines of source code: imports, signatures and bodies, by a parser where one serves, else by indentation."""
