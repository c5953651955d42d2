"""The questions, one a module: each takes a connection with the models and gives an answer."""
