//! stub
/// Page.
pub fn page() -> String {
    String::new()
}
