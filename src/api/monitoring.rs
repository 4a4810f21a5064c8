//! Several looks at a running experiment, and margins.

mod looks;
mod margins;
