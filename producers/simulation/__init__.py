"""The parts of the simulator: who the participants are, what they do from week to week, and what is noted of it."""
