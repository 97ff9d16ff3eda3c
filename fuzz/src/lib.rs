//! What the fuzz targets share: the shipped policies, the decision corpus, and where seeds go.
#![forbid(unsafe_code)]

pub mod place;
pub mod seeds;
pub mod shipped;
