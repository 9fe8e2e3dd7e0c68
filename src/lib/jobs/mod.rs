//! Job locks, job history and the schedule.

pub mod schedule;
