//! Effects in segments.
