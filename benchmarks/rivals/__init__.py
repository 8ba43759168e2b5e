"""Other back offices over the same tables, each set up as its own papers recommend."""
