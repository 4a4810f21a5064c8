//! Missing outcomes.
