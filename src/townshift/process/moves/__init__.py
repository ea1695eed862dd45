"""Which establishments moved, branched or were founded by returnees: pairs, probabilities, reasons and totals."""
