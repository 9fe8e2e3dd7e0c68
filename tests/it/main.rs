//! Every workflow on both stores, and the real binary as its users start it.

mod bad_files;
mod concurrency;
mod fire;
mod harness;
mod house;
mod reserve;
mod stock;
