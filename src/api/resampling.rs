//! Inference by resampling.
