"""migrations - the schema's history, one script a step, for both databases."""
