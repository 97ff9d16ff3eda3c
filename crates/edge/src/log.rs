//! The log: one line for each fault, for the operator. Never a secret, a body or an address.

/// Writes one line.
pub fn error(text: &str) {
    #[cfg(target_arch = "wasm32")]
    worker::console_error!("{text}");
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{text}");
}
