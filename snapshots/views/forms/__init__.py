"""The forms of the pages, one module for each screen. They read what was typed; rules live in operations and vault."""
