"""Other people's clients against our simulator: what they expect of Exchange, the simulator has to give."""
