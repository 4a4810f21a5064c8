//! Inference by resampling: wild cluster bootstrap, randomization test, simultaneous intervals.
