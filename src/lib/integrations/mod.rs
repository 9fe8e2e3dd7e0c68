//! The outside services, one folder each, all over one `http`.

pub mod http;
pub mod woocommerce;
