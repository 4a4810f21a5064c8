//! The page is that of the tables. `RCT_ACCEPT=1` writes it.

#[test]
fn page_is_written_from_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec/resolution.md");
    let page = rct_core::resolution::page();
    if std::env::var_os("RCT_ACCEPT").is_some() {
        std::fs::write(path, &page).expect("the page is written");
    }
    let file = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        file == page,
        "docs/spec/resolution.md is not that of the tables: run with RCT_ACCEPT=1"
    );
}
