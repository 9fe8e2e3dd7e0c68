//! Job locks, job history and the schedule.
