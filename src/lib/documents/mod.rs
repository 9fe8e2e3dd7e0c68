//! Templates become documents: PDF for people, ZPL for thermal printers. Data comes in as
//! values and is never read as markup or as printer commands.
//!
//! A template version is a folder below `templates/`, and never changes once it was used.

pub mod packing_slip;
pub mod pdf;
pub mod zpl;
