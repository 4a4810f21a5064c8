//! Resolution: every state has one rule, UpGrade's decision tables hold but for listed differences, and assign, mark and
//! explain agree.

#[path = "resolution/conformance.rs"]
mod conformance;
#[path = "resolution/page.rs"]
mod page;
#[path = "resolution/properties.rs"]
mod properties;
#[path = "resolution/rules.rs"]
mod rules;
#[path = "resolution/totality.rs"]
mod totality;
#[path = "resolution/world.rs"]
mod world;
