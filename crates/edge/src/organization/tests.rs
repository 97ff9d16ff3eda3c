//! The organization object on a real database, natively.
