"""From angles to meaning: ready gate, repetitions, phases, figures, faults."""
