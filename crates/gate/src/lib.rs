//! Lockstep's evaluator in the browser.
