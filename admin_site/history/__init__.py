"""What happened: append-only entries under change sets, written with every change."""
