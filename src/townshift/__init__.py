"""townshift: from a folder of evidence about one industry in one small town to tested claims."""

__version__ = "0.1.0"
