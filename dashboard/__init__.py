"""Web pages and the HTTP API over projections and analytics; what a person does here becomes a fact."""
