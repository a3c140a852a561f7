"""What a run keeps on both servers: its own keys, its connections, and the epoch that fences whoever came before."""
