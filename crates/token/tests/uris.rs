//! What [`PublicUri`] accepts means the same to a reader of the WHATWG URL Standard.

use lockstep_token::uri::{PublicUri, Reach};
use url::{Host, Url};

const STARTS: [&str; 8] = [
    "https://login.example/.well-known/jwks.json",
    "https://login.example:8443/a/b?c=d",
    "https://a.b.c-d.example/",
    "https://127.0.0.1/keys",
    "https://0x7f.1/keys",
    "https://[::ffff:127.0.0.1]/keys",
    "http://127.0.0.1:4000/keys",
    "http://localhost:4000/keys",
];
const PIECES: [&str; 32] = [
    "", ".", "..", "/", "//", "/../", "%2e", "%2E%2e", "\\", "@", ":", ":443", ":80", "?", "#",
    "[", "]", "0x", "1", "127", "xn--", "xn--a", "-", "_", "%", "%00", " ", "\t", "\u{e9}",
    "\u{3002}", "A", "'",
];

/// A generator of its own, so that every run tries the same texts.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap_or(0) % end
    }
}

#[test]
fn j4_an_accepted_address_is_its_own_serialization_and_names_a_host() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for _ in 0..100_000 {
        let mut text = STARTS[numbers.below(STARTS.len())].to_owned();
        for _ in 0..numbers.below(4) {
            let at = numbers.below(text.len());
            if text.is_char_boundary(at) {
                text.insert_str(at, PIECES[numbers.below(PIECES.len())]);
            }
        }
        for reach in [Reach::Public, Reach::Loopback] {
            if PublicUri::parse(&text, reach).is_err() {
                continue;
            }
            accepted += 1;
            check(&text, reach);
        }
    }
    assert!(accepted > 10_000, "{accepted}");
}

#[track_caller]
fn check(text: &str, reach: Reach) {
    let Ok(url) = Url::parse(text) else {
        // A label that begins with `xn--` and is no punycode: nobody can fetch from there.
        assert!(text.contains("xn--"), "{text}");
        return;
    };
    assert_eq!(url.as_str(), text);
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_name = matches!(url.host(), Some(Host::Domain(_)));
    match reach {
        Reach::Public => assert!(url.scheme() == "https" && is_name && !is_loopback, "{text}"),
        Reach::Loopback => assert!(
            is_loopback || (url.scheme() == "https" && is_name),
            "{text}"
        ),
    }
}
