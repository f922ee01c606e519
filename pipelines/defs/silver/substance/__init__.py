"""The substance spine: one moiety whatever the language, salt, brand or species."""
