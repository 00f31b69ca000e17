"""versions - the steps themselves, numbered; add-only, so that old and new senders overlap."""
