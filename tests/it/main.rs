//! Every workflow on both stores, and the real binary as its users start it.

#![allow(
    clippy::expect_used,
    clippy::similar_names,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    missing_docs,
    reason = "a test fails by panicking, and tells its seed on stdout"
)]

mod bad_files;
mod carriage;
mod codes;
mod concurrency;
mod count_entries;
mod count_places;
mod counts;
mod deliveries;
mod demo;
mod dispatch;
mod doctor;
mod fire;
mod harness;
mod history;
mod house;
mod invoices;
mod labels;
mod live;
mod locations;
mod lookups;
mod low_stock;
mod office;
mod open;
mod outages;
mod packing;
mod people;
mod picking;
mod print_room;
mod printing;
mod products;
mod purchasing;
mod receiving;
mod reserve;
mod secrets;
mod served;
mod shelves;
mod site;
mod slips;
mod station;
mod stock;
mod sync;
mod tenant;
mod trade;
mod trading;
mod ups;
mod weather;
mod web_scans;
mod web_security;
