//! Effects on those who complied.
