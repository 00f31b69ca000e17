"""markup - Markdown and HTML into tokens, tokens into blocks, blocks into HTML and plain text.

markdown (with its rules: headings, html_tokens, footnotes, formulas, references, signs) -> outline;
bodies and plain are the two renderings.
"""
