"""Files on their way in: read, mapped to fields, tried, and then written by a job through the one write path."""
