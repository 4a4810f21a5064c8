//! Missing outcomes: how many, whether it matters, and what can be said all the same.
