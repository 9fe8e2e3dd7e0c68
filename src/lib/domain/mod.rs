//! The rules of the trade, as types and pure functions: no I/O, no async, no clock, no SQL.

pub mod abc;
pub mod bins;
pub mod carrying;
pub mod catalogue;
pub mod cost;
pub mod count;
pub mod country;
pub mod fifo;
pub mod gs1;
pub mod gtin;
pub mod landed;
pub mod layers;
pub mod money;
pub mod order;
pub mod pack;
pub mod people;
pub mod pick;
pub mod purchase;
pub mod replenish;
pub mod secret_ref;
pub mod station_code;
pub mod stock;
pub mod taking;
pub mod three_way;
pub mod time;
pub mod withdrawal;
