"""A made-up fortnight of stories about a made-up brand, to try everything on."""
