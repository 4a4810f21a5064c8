//! Documents in, documents out: what SQL asks of definitions.

use super::compile::compile;
use super::error::{ExperimentError, invalid};
use super::members::{Lists, parse_members};
use super::patch::apply_patch;
use super::spec::{Spec, to_canonical};
use super::upgrade::import_upgrade;
use crate::limits::Limit;
use serde::Serialize;

/// `{"lists": .., "spec": ..}` of a specification, filled in.
pub fn normalized(spec: &str) -> Result<String, ExperimentError> {
    #[derive(Serialize)]
    struct Parts {
        lists: Lists,
        spec: Spec,
    }
    let (spec, lists) = Spec::parse(spec)?;
    stored(&spec)?;
    to_canonical(&Parts { lists, spec })
}

/// A specification after a patch.
pub fn patched(spec: &str, patch: &str) -> Result<String, ExperimentError> {
    let (spec, _) = Spec::parse(spec)?;
    stored(&apply_patch(&spec, patch)?)
}

/// A specification under another key.
pub fn renamed(spec: &str, key: &str) -> Result<String, ExperimentError> {
    let (spec, _) = Spec::parse(spec)?;
    stored(&spec.renamed(key)?)
}

/// The text that is stored, if it is not too long.
fn stored(spec: &Spec) -> Result<String, ExperimentError> {
    let text = spec.to_json()?;
    Limit::Definition.check("bytes of the definition", text.len())?;
    Ok(text)
}

/// `{"lists": .., "spec": .., "warnings": ..}` of an experiment that UpGrade exported.
pub fn imported(document: &str) -> Result<String, ExperimentError> {
    to_canonical(&import_upgrade(document)?)
}

/// Members, each once and in order.
pub fn normalized_members(members: &str) -> Result<String, ExperimentError> {
    to_canonical(&parse_members(members)?)
}

/// The bytes of the plan of a context.
pub fn compiled(input: &str) -> Result<Vec<u8>, ExperimentError> {
    serde_json::to_vec(&compile(input)?).map_err(|e| invalid("", e.to_string(), ""))
}

/// Parents and children, from a flat list of both.
pub fn edges(flat: &[i64]) -> Result<Vec<(i64, i64)>, ExperimentError> {
    let pairs = flat.chunks(2).map(|pair| match pair {
        [parent, child] => Ok((*parent, *child)),
        _ => Err(ExperimentError::Edges(flat.len())),
    });
    pairs.collect()
}
