//! Several tests and several looks: multiplicity, group sequential boundaries, always-valid intervals, harm.
