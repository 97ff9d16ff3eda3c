//! Lockstep's permission evaluator: policies, grants, decisions and their reasons.
