"""How fast the tape is, beside hand-written code and beside other tapes."""
