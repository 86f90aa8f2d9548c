"""The edge that makes sample blocks: replayed recordings and the simulator."""
