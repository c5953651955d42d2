"""Outside data turned into facts and put on the log: registers, JSON lines, OULAD, the simulator."""
