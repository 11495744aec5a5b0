"""One widget, one file; a widget reads the store and asks its desk, and never imports the link."""
