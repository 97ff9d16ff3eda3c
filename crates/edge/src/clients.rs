//! The limit per client that stands before every object: requests in a window, counted in this isolate.
//!
//! It is deliberately simple: a client that reaches several isolates gets the limit in each. Where the `SIGN_IN_LIMIT` rate limit is bound, Cloudflare counts for the whole location as well; and the object of an address has its own limit, which holds everywhere.

use std::{cell::RefCell, collections::BTreeMap, net::Ipv6Addr};

/// Length of a window, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// Clients that are remembered; when there are more, those whose window is over are forgotten, or else all.
const CLIENTS_MAX: usize = 10_000;

/// What a client is counted by: its network address, and of IPv6 the 64 bits that it begins with. Whoever has one such address has all that begin alike (RFC 4291, section 2.5.4; RFC 7421), and would otherwise be as many clients as they like.
#[must_use]
pub fn counted(address: &str) -> String {
    let Ok(parsed) = address.parse::<Ipv6Addr>() else {
        return address.to_owned();
    };
    if let Some(mapped) = parsed.to_ipv4_mapped() {
        return mapped.to_string();
    }
    let [first, second, third, fourth, ..] = parsed.segments();
    format!("{first:x}:{second:x}:{third:x}:{fourth:x}::/64")
}

/// Requests of each client in its present window.
#[derive(Debug, Default)]
pub struct Windows {
    counts: RefCell<BTreeMap<String, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    from_ms: i64,
    requests: u32,
}

impl Windows {
    /// Windows without any request.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            counts: RefCell::new(BTreeMap::new()),
        }
    }

    /// Counts one request; whether it is within `requests_max` a minute.
    pub fn allow(&self, now_ms: i64, action: &str, client: &str, requests_max: u32) -> bool {
        let mut counts = self.counts.borrow_mut();
        // A clock that went backwards starts everything anew.
        let is_over = |window: &Window| {
            let age_ms = now_ms.saturating_sub(window.from_ms);
            !(0..WINDOW_MS).contains(&age_ms)
        };
        if counts.len() >= CLIENTS_MAX {
            counts.retain(|_, window| !is_over(window));
            if counts.len() >= CLIENTS_MAX {
                counts.clear();
            }
        }
        let fresh = Window {
            from_ms: now_ms,
            requests: 0,
        };
        let window = counts.entry(format!("{action} {client}")).or_insert(fresh);
        if is_over(window) {
            *window = fresh;
        }
        window.requests = window.requests.saturating_add(1);
        window.requests <= requests_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_own_window() {
        let windows = Windows::new();
        assert!(windows.allow(0, "codes", "192.0.2.1", 2));
        assert!(windows.allow(59_999, "codes", "192.0.2.1", 2));
        assert!(!windows.allow(59_999, "codes", "192.0.2.1", 2));
        assert!(windows.allow(59_999, "codes", "192.0.2.2", 2));
        assert!(windows.allow(59_999, "sessions", "192.0.2.1", 2));
        assert!(windows.allow(60_000, "codes", "192.0.2.1", 2));
    }

    #[test]
    fn a_clock_that_went_back_begins_a_new_window() {
        let windows = Windows::new();
        assert!(windows.allow(WINDOW_MS, "codes", "192.0.2.1", 1));
        assert!(!windows.allow(WINDOW_MS, "codes", "192.0.2.1", 1));
        assert!(windows.allow(WINDOW_MS - 1, "codes", "192.0.2.1", 1));
    }

    #[test]
    fn a_client_is_its_network() {
        for (address, client) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:0DB8:0001:0002:ffff::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("::1", "0:0:0:0::/64"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(counted(address), client);
        }
    }

    #[test]
    fn memory_is_bounded() {
        let windows = Windows::new();
        for client in 0..CLIENTS_MAX * 2 {
            windows.allow(0, "codes", &client.to_string(), 1);
        }
        assert!(windows.counts.borrow().len() <= CLIENTS_MAX);
    }
}
