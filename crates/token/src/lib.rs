//! Lockstep's credentials: strict JWTs, JWK sets and personal access tokens.
