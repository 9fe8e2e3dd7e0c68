//! People who may sign in. What proves them is stored as hashes only.

/// A user as a session knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badged {
    /// Their id.
    pub id: i64,
    /// The name they sign in with.
    pub name: String,
    /// The name they are called by.
    pub display_name: String,
    /// Their role, as stored.
    pub role: String,
}
