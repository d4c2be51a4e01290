"""From crystal structures to labelled samples: the DFT job chain of ecdnet (doc/dft_chain.md)."""
