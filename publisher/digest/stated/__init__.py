"""stated - what front matter, titles, paths and the text itself state about an issue.

front (heads) -> directives; facts (dates, months), languages.
"""
