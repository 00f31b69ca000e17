"""forms - blocks into sections and items: the ways people write an item, and which one it is.

tables (titles, bullets, paragraphs, rows) -> series, groups -> sections -> items. A new form is a
function in the module of its unit and a row in tables.
"""
