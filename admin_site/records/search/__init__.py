"""Finding rows by words: one table of documents, one index of each database behind one interface."""
