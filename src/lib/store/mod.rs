//! All SQL there is.

pub mod scan_index;
