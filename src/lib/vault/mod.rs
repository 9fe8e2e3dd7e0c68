//! Resolves references to secrets; keeps the age-encrypted file of a tenant.
