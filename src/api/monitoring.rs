//! Several tests, and several looks.
