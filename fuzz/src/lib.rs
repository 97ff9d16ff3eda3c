//! What the fuzz targets share: the shipped policies, the decision corpus, an issuer that signs, and where seeds go.
#![forbid(unsafe_code)]

pub mod place;
pub mod seeds;
pub mod shipped;
pub mod tokens;
