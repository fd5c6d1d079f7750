"""The report of a design as a page for a browser: source, schedule and IR side by side."""
