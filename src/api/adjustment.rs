//! Adjusted effects, matched pairs, influence of clusters.
