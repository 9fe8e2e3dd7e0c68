//! Orders leave with a carrier: labels are bought once, whatever happens to the answer, and
//! what lies in the boxes leaves with them.

mod buying;
mod by_hand;
pub mod dock;
mod lost;
mod on_the_way;
mod printed;
mod second_thoughts;
mod told;
mod under_fire;
