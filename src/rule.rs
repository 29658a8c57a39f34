//! What a rule is, and what it gets to see.
