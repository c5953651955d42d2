"""The ways out: email, signed webhooks, chat."""
