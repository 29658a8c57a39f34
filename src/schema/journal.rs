//! Remembering earlier states, at the cost of what changed since.

#[derive(Debug, Default)]
pub struct Journal {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub usize);
