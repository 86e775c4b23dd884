"""Between the core's commands and events and Asterisk's words, which end here."""
