"""One key on two servers under the follow, as a small pure state machine that is explored exhaustively within bounds."""
