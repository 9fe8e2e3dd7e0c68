//! The outside services, one folder each, all over one `http`.

pub mod carrier;
pub mod cups;
pub mod http;
pub mod manual;
mod percent;
pub mod ups;
pub mod woocommerce;
