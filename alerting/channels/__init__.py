"""The ways out: e-mail, signed webhooks, chat."""
