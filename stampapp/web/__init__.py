"""Views on Faust's own web server."""
