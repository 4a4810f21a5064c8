//! pg_rct: school experiments inside PostgreSQL.
//!
//! The map:
//!
//! | where | what |
//! |---|---|
//! | `src/core` (crate `rct-core`) | all logic: no Postgres, no `unsafe` |
//! | [`pg`] | all `unsafe`: arguments, aggregate state, results, errors, settings, memory |
//! | [`api`] | one thin file per concept: unbox, call the core, box |
//! | `sql/install` | types, functions, aggregates, comments, privileges, in the order of the list below |
//!
//! One concept has one name in `src/core`, `src/api`, `sql/install`, `docs/reference` and `tests/regress`.

use pgrx::prelude::*;

mod api;
mod pg;

pg_module_magic!(name, version);

extension_sql_file!("../sql/install/00_key.sql", name = "key", bootstrap);
extension_sql_file!(
    "../sql/install/10_reduction.sql",
    name = "reduction",
    requires = ["key"]
);
extension_sql_file!(
    "../sql/install/20_sketch.sql",
    name = "sketch",
    requires = ["reduction"]
);
extension_sql_file!(
    "../sql/install/30_effect.sql",
    name = "effect",
    requires = ["sketch"]
);
extension_sql_file!(
    "../sql/install/31_adjustment.sql",
    name = "adjustment",
    requires = ["effect"]
);
extension_sql_file!(
    "../sql/install/32_compliance.sql",
    name = "compliance",
    requires = ["adjustment"]
);
extension_sql_file!(
    "../sql/install/33_ratio.sql",
    name = "ratio",
    requires = ["compliance"]
);
extension_sql_file!(
    "../sql/install/34_binary.sql",
    name = "binary",
    requires = ["ratio"]
);
extension_sql_file!(
    "../sql/install/35_size.sql",
    name = "size",
    requires = ["binary"]
);
extension_sql_file!(
    "../sql/install/36_resampling.sql",
    name = "resampling",
    requires = ["size"]
);
extension_sql_file!(
    "../sql/install/37_subgroup.sql",
    name = "subgroup",
    requires = ["resampling"]
);
extension_sql_file!(
    "../sql/install/38_quantile.sql",
    name = "quantile",
    requires = ["subgroup"]
);
extension_sql_file!(
    "../sql/install/39_attrition.sql",
    name = "attrition",
    requires = ["quantile"]
);
extension_sql_file!(
    "../sql/install/40_planning.sql",
    name = "planning",
    requires = ["attrition"]
);
extension_sql_file!(
    "../sql/install/41_integrity.sql",
    name = "integrity",
    requires = ["planning"]
);
extension_sql_file!(
    "../sql/install/42_students.sql",
    name = "students",
    requires = ["integrity"]
);
extension_sql_file!(
    "../sql/install/43_monitoring.sql",
    name = "monitoring",
    requires = ["students"]
);
extension_sql_file!(
    "../sql/install/50_assignment.sql",
    name = "assignment",
    requires = ["monitoring"]
);
extension_sql_file!(
    "../sql/install/55_simulation.sql",
    name = "simulation",
    requires = ["assignment"]
);
extension_sql_file!(
    "../sql/install/60_experiment.sql",
    name = "experiment",
    requires = ["simulation"]
);
extension_sql_file!(
    "../sql/install/61_segment.sql",
    name = "segment",
    requires = ["experiment"]
);
extension_sql_file!(
    "../sql/install/62_lifecycle.sql",
    name = "lifecycle",
    requires = ["segment"]
);
extension_sql_file!(
    "../sql/install/64_roster.sql",
    name = "roster",
    requires = ["lifecycle"]
);
extension_sql_file!(
    "../sql/install/66_enrollment.sql",
    name = "enrollment",
    requires = ["roster"]
);
extension_sql_file!(
    "../sql/install/74_randomization.sql",
    name = "randomization",
    requires = ["enrollment"]
);
extension_sql_file!(
    "../sql/install/75_resolution.sql",
    name = "resolution",
    requires = ["randomization"]
);
extension_sql_file!(
    "../sql/install/76_unit.sql",
    name = "unit",
    requires = ["resolution"]
);
extension_sql_file!(
    "../sql/install/77_assign.sql",
    name = "assign",
    requires = ["unit"]
);
extension_sql_file!(
    "../sql/install/78_mark.sql",
    name = "mark",
    requires = ["assign"]
);
extension_sql_file!(
    "../sql/install/79_explain.sql",
    name = "explain",
    requires = ["mark"]
);
extension_sql_file!(
    "../sql/install/80_metric.sql",
    name = "metric",
    requires = ["explain"]
);
extension_sql_file!(
    "../sql/install/82_audit.sql",
    name = "audit",
    requires = ["metric"]
);
extension_sql_file!(
    "../sql/install/85_roles.sql",
    name = "roles",
    requires = ["audit"]
);
extension_sql_file!(
    "../sql/install/90_privileges.sql",
    name = "privileges",
    finalize
);

/// Called by Postgres when the library is loaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    pg::memory::register();
    pg::settings::register();
    pg::interrupt::register();
}
