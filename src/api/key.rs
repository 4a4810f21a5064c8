//! `rct.cluster_key`: the digest that a sketch keeps of a cluster or stratum.

use crate::pg::function::pg_functions;
use crate::pg::result;
use rct_core::sketch::Key;

fn digest(key: Option<Key>, args: &crate::pg::args::Args<'_>) -> pgrx::pg_sys::Datum {
    key.map_or_else(|| result::null(args), |k| result::uuid(k.0.to_be_bytes()))
}

pg_functions! {
    /// `cluster_key(text)`
    fn rct_key_text, pg_finfo_rct_key_text(args) {
        digest(args.bytes(0).map(Key::of_text), &args)
    }

    /// `cluster_key(bigint)`
    fn rct_key_bigint, pg_finfo_rct_key_bigint(args) {
        digest(args.i64(0).map(Key::of_bigint), &args)
    }

    /// `cluster_key(uuid)`
    fn rct_key_uuid, pg_finfo_rct_key_uuid(args) {
        digest(args.uuid(0).as_ref().map(Key::of_uuid), &args)
    }
}
