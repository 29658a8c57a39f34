//! Operations change the schema.

/// The server would refuse: the object exists already, or does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub why: String,
}
