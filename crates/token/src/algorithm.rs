//! The signature algorithms that a credential may use, and what WebCrypto calls them.
//!
//! ```
//! use lockstep_token::Algorithm;
//!
//! let es256 = Algorithm::from_name("ES256").unwrap();
//! assert_eq!(es256.webcrypto().unwrap().named_curve, Some("P-256"));
//! assert_eq!(Algorithm::from_name("none"), None);
//! assert_eq!(Algorithm::from_name("es256"), None);
//! ```

/// A JWS signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
///
/// ES512 and everything else is missing on purpose: what is not here is refused by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Ed25519 only.
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 12] = [
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// The algorithm of that `alg` value, compared byte by byte.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The `alg` value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    /// Whether the key that verifies can also sign.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// What to tell `crypto.subtle`; `None` for HMAC, which this crate computes itself.
    pub const fn webcrypto(self) -> Option<WebCrypto> {
        Some(match self {
            Self::EdDsa => WebCrypto {
                name: "Ed25519",
                hash: None,
                named_curve: None,
                salt_len: None,
            },
            Self::Es256 => WebCrypto::ecdsa("SHA-256", "P-256"),
            Self::Es384 => WebCrypto::ecdsa("SHA-384", "P-384"),
            Self::Ps256 => WebCrypto::rsa_pss("SHA-256", 32),
            Self::Ps384 => WebCrypto::rsa_pss("SHA-384", 48),
            Self::Ps512 => WebCrypto::rsa_pss("SHA-512", 64),
            Self::Rs256 => WebCrypto::rsa("SHA-256"),
            Self::Rs384 => WebCrypto::rsa("SHA-384"),
            Self::Rs512 => WebCrypto::rsa("SHA-512"),
            Self::Hs256 | Self::Hs384 | Self::Hs512 => return None,
        })
    }
}

/// The members of WebCrypto's algorithm objects. One object with all that are `Some` serves both
/// `importKey` and `verify`, because WebCrypto ignores the members that a call does not know.
///
/// ECDSA signatures are `r || s` of fixed length in JWS as in WebCrypto: pass them on unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebCrypto {
    /// `name`
    pub name: &'static str,
    /// `hash`
    pub hash: Option<&'static str>,
    /// `namedCurve`
    pub named_curve: Option<&'static str>,
    /// `saltLength`, in bytes: always that of the hash (RFC 7518 section 3.5).
    pub salt_len: Option<u32>,
}

impl WebCrypto {
    const fn ecdsa(hash: &'static str, named_curve: &'static str) -> Self {
        Self {
            name: "ECDSA",
            hash: Some(hash),
            named_curve: Some(named_curve),
            salt_len: None,
        }
    }

    const fn rsa(hash: &'static str) -> Self {
        Self {
            name: "RSASSA-PKCS1-v1_5",
            hash: Some(hash),
            named_curve: None,
            salt_len: None,
        }
    }

    const fn rsa_pss(hash: &'static str, salt_len: u32) -> Self {
        Self {
            name: "RSA-PSS",
            hash: Some(hash),
            named_curve: None,
            salt_len: Some(salt_len),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j1_only_the_exact_names_are_algorithms() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::from_name(&algorithm.name().to_lowercase()), None);
            assert_eq!(
                Algorithm::from_name(&format!("{} ", algorithm.name())),
                None
            );
        }
        for name in [
            "", "none", "None", "NONE", "nOnE", "ES512", "ES256K", "ES521", "Ed25519", "RSA-OAEP",
            "HS1", "dir",
        ] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_asymmetric_algorithm_has_webcrypto_parameters() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.webcrypto().is_none(), algorithm.is_symmetric());
        }
    }
}
