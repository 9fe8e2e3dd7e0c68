//! All SQL there is.
