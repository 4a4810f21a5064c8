//! Assignment of students.
