"""Long work that survives a crash: a row says how far it is, a worker carries it on."""
