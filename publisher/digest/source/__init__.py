"""source - a digest's bytes into clean text, lines unchanged.

decode (legacy) -> characters -> comments -> template_tags; foreign tells what is no Markdown.
"""
