//! Domains at which anybody gets an address.
//!
//! Their people have nothing in common, so no organization lets all of them in. The proof would stop nearly everybody: only who runs such a domain can set its records. This list is for them, and says so before anybody looks for a record.
//! It is what the providers themselves list for their sign-up pages, as of 2026; what is missing is held up by the proof.

/// In their normal form, in order.
const DOMAINS: [&str; 57] = [
    "126.com",
    "163.com",
    "aim.com",
    "aol.com",
    "bk.ru",
    "duck.com",
    "fastmail.com",
    "fastmail.fm",
    "free.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.fr",
    "hushmail.com",
    "icloud.com",
    "inbox.ru",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "seznam.cz",
    "t-online.de",
    "tuta.com",
    "tutanota.com",
    "web.de",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.fr",
    "yandex.com",
    "yandex.ru",
    "zohomail.com",
];

/// Whether anybody gets an address of `domain`, which is in its normal form.
pub(crate) fn is_public(domain: &str) -> bool {
    DOMAINS.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(DOMAINS.is_sorted());
        assert!(DOMAINS.iter().all(|domain| is_public(domain)));
        assert!(!is_public("acme.example"));
    }
}
