//! One HTTP client for all integrations.
