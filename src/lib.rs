//! pg_rct: school experiments inside PostgreSQL.
//!
//! The map:
//!
//! | where | what |
//! |---|---|
//! | `src/core` (crate `rct-core`) | all logic: no Postgres, no `unsafe` |
//! | [`pg`] | all `unsafe`: arguments, aggregate state, results, errors, settings, memory |
//! | [`api`] | one thin file per concept: unbox, call the core, box |
//! | `sql/install` | types, functions, aggregates, comments, privileges; the install script is these files in the order of their names |
//!
//! One concept has one name in `src/core`, `src/api`, `sql/install`, `docs/reference` and `tests/regress`.

use pgrx::prelude::*;

mod api;
mod pg;

pg_module_magic!(name, version);

/// Called by Postgres when the library is loaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    pg::memory::register();
    pg::settings::register();
    pg::interrupt::register();
    pg::sequence::register();
}
