//! Tests from outside, as a user of the extension sees it. They need a server that has the
//! extension's files: `make test` builds, installs, starts a private cluster and runs them.
//!
//! By hand, against the same private cluster for many runs:
//! ```sh
//! .ci/install.sh && .ci/cluster.sh start && eval "$(.ci/cluster.sh psql-env)"
//! cargo test -p rct-tests                              # all
//! cargo test -p rct-tests regress::                    # one module, or one file: regress::effects
//! RCT_ACCEPT=1 cargo test -p rct-tests docs::          # accept the output as it is now
//! RCT_SCENARIO=pool cargo test -p rct-tests conformance:: -- --nocapture    # some scenarios, with all differences
//! RCT_SEED=1 cargo test -p rct-tests properties::      # the random data of a run that printed this seed
//! .ci/cluster.sh stop
//! ```

// what the tests are made of
mod calls;
mod cluster;
mod db;
mod diff;
mod district;
mod markdown;
mod psql;
mod random;
mod server;
mod wait;

// the tests
mod attacks;
mod cancel;
mod concurrency;
mod conformance;
mod definitions;
mod demo;
mod docs;
mod dump;
mod hostile;
mod manifest;
mod memory;
mod parallel;
mod privileges;
mod properties;
mod regress;
mod restore;
