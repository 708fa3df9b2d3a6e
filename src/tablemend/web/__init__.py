"""The browser: one FastAPI app outside for sign-in, API and live events, Dash in it for the pages."""
