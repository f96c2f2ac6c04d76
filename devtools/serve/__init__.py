"""`./dev serve`: all parts on the documented ports, staying up, with the simulated Exchange or a real one."""
