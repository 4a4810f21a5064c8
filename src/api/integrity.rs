//! Whether the experiment ran as designed.
