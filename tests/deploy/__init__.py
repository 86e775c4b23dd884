"""The package as an operator meets it: installed into an empty Debian, upgraded, moved, removed."""
