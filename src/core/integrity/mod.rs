//! Whether an experiment ran as designed: sample ratios, balance, impossible patterns.
