"""What developers and tests run on one machine: local storage, the local Functions host, the simulator, the demo."""
