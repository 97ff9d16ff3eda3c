//! Lockstep's Cloudflare Worker.
