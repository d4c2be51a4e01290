"""A trained model screens candidates, the DFT chain verifies the best of them (doc/screening.md)."""
