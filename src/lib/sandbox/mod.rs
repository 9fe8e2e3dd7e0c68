//! Stand-ins of the outside services.
