"""Keep the tables you depend on healthy."""

__version__ = "0.1.0"
