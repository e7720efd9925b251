"""The durable queue: jobs, the ledger that remembers them, the dispatcher that moves them."""
