"""The simulator is tested over real HTTP with requests written by hand from PROTOCOL's appendix A."""
