"""The handover's crash test: an application on both sides, and movers that die at every point."""
